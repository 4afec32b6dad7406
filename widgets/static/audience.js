// Tells Python whether this page looks at a widget: `ready` when it came into sight, `hidden` when it
// went out of it, `gone` when no view is left. While it looks and nothing comes, it asks again, less
// and less often: messages may have been lost on the way.

const FIRST_ASK_MS = 2000;
const LAST_ASK_MS = 60000;

/** `seen()` is the number of the newest frame this page has; `alive()` notes that one came. */
function audience(model, seen = () => 0) {
  const page = Math.random().toString(36).slice(2, 10);
  const views = new Map(); // element -> whether it is in sight
  let told = "";
  let patience = FIRST_ASK_MS;
  let timer = null;

  function send(kind, more = {}) {
    try {
      model.send({ kind, page, ...more });
    } catch { /* the kernel has gone; a new one makes new widgets */ }
  }
  function ask() {
    send("ready", { index: seen() });
    timer = setTimeout(ask, patience);
    patience = Math.min(2 * patience, LAST_ASK_MS);
  }
  function alive() {
    patience = FIRST_ASK_MS;
    clearTimeout(timer);
    if (told === "ready") timer = setTimeout(ask, patience);
  }
  function tell() {
    const inSight = !document.hidden && [...views.values()].includes(true);
    const now = inSight ? "ready" : views.size ? "hidden" : "gone";
    if (now === told) return;
    told = now;
    clearTimeout(timer);
    patience = FIRST_ASK_MS;
    if (now === "ready") ask();
    else send(now, { index: seen() });
  }
  const leave = () => { if (told === "ready") { told = ""; clearTimeout(timer); send("hidden"); } };

  /** Follow one view of the widget; returns the way back. */
  function include(element) {
    const sight = new IntersectionObserver((changes) => { // the last of them is how it is now
      views.set(element, changes[changes.length - 1].isIntersecting);
      tell();
    });
    sight.observe(element);
    if (!views.size) {
      document.addEventListener("visibilitychange", tell);
      window.addEventListener("pagehide", leave);
    }
    views.set(element, false);
    return () => {
      sight.disconnect();
      views.delete(element);
      if (!views.size) {
        document.removeEventListener("visibilitychange", tell);
        window.removeEventListener("pagehide", leave);
      }
      tell();
    };
  }

  return { page, alive, include, looks: () => told === "ready" };
}
