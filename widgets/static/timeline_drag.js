// Dragging an item of the timeline: its middle moves it, its ends make it longer or shorter.

const END_PX = { mouse: 8, pen: 10, touch: 18 };
const SHORTEST_S = 0.2;

/** What of an item a pointer takes: "start", "end" or "move". */
function gripOf(event, element) {
  const box = element.getBoundingClientRect();
  const reach = Math.min(END_PX[event.pointerType] || 8, box.width / 3);
  if (event.clientX - box.left < reach) return "start";
  if (box.right - event.clientX < reach) return "end";
  return "move";
}

/** Where start and end may go: not into neighbours of the same lane, not into what was played. */
function roomOf(item, items, fixed) {
  const lane = items.filter((other) => other.kind === item.kind && other !== item);
  const solid = item.kind === "entry";
  return {
    low: Math.max(fixed, 0, ...(solid ? lane.filter((o) => o.end <= item.start + 1e-6).map((o) => o.end) : [])),
    high: Math.min(1e6, ...(solid ? lane.filter((o) => o.start >= item.end - 1e-6).map((o) => o.start) : [])),
  };
}

/** The new [start, end] when `grip` of `item` is pulled by `seconds`. */
function pulled(item, grip, seconds, room) {
  const within = (value, low, high) => Math.min(Math.max(value, low), high);
  const snap = (value) => Math.round(value * 10) / 10;
  const length = item.end - item.start;
  if (grip === "end") return [item.start, within(snap(item.end + seconds), Math.max(room.low, item.start + SHORTEST_S), room.high)];
  if (item.start < room.low) return [item.start, item.end]; // it has begun: only its end is free
  if (grip === "start") return [within(snap(item.start + seconds), room.low, item.end - SHORTEST_S), item.end];
  const start = within(snap(item.start + seconds), room.low, Math.max(room.low, room.high - length));
  return [start, start + length];
}
