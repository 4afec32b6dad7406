// Collects points and sends them in batches: the next leaves when Python has painted the last one,
// at the earliest after 40 ms and at the latest after 250 ms.

const MIN_GAP_MS = 40;
const MAX_GAP_MS = 250;

function strokeBatch(model) {
  let points = [];
  let first = true;
  let last = false;
  let batch = 0;
  let painted = 0;
  let sentAt = -Infinity;
  let timer = null;

  function send() {
    timer = null;
    if (!points.length) return;
    batch += 1;
    sentAt = performance.now();
    model.send({ kind: "stroke", batch, points, first, last });
    first = last;
    points = [];
    last = false;
  }

  function schedule() {
    clearTimeout(timer);
    const gap = painted === batch ? MIN_GAP_MS : MAX_GAP_MS;
    timer = setTimeout(send, Math.max(0, sentAt + gap - performance.now()));
  }

  return {
    add(...more) {
      points.push(...more);
      if (timer === null) schedule();
    },
    end(point) {
      points.push(point);
      last = true;
      clearTimeout(timer);
      send();
      first = true;
    },
    painted(index) {
      painted = Math.max(painted, index);
      if (points.length) schedule();
    },
    get settled() { return painted === batch && !points.length; },
    reset() { painted = batch; },
  };
}
