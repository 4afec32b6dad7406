// Sends where the hands are: the newest places only, the next when Python has taken the last ones.

const MOVE_GAP_MS = 40;
const MOVE_PATIENCE_MS = 250;

function movesOf(model) {
  const places = new Map();
  let batch = 0;
  let taken = 0;
  let sentAt = -Infinity;
  let timer = null;

  function send() {
    timer = null;
    if (!places.size) return;
    batch += 1;
    sentAt = performance.now();
    model.send({ kind: "moves", batch, places: [...places] });
    places.clear();
  }
  function schedule() {
    clearTimeout(timer);
    const gap = taken === batch ? MOVE_GAP_MS : MOVE_PATIENCE_MS;
    timer = setTimeout(send, Math.max(0, sentAt + gap - performance.now()));
  }
  return {
    to(pointer, point) {
      places.set(pointer, point);
      if (timer === null) schedule();
    },
    flush() { clearTimeout(timer); send(); },
    forget(pointer) { places.delete(pointer); },
    taken(number) {
      taken = Math.max(taken, number);
      if (places.size) schedule();
    },
    stop() { clearTimeout(timer); },
  };
}

/** Small steady numbers for pointers, so that a finger keeps its number while it touches. */
function pointerNumbers() {
  const numbers = new Map();
  return {
    of(id) {
      if (!numbers.has(id)) {
        let free = 0;
        while ([...numbers.values()].includes(free)) free += 1;
        numbers.set(id, free);
      }
      return numbers.get(id);
    },
    drop(id) { numbers.delete(id); },
  };
}
