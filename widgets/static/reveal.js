// After "Run All" JupyterLab scrolls to the last cell, past the app that has just appeared. A fresh app
// comes into sight once, and stays there while the page settles; whoever touches anything is left alone.

const SETTLES_MS = 4000;
const TOUCHES = ["wheel", "pointerdown", "keydown", "touchstart"];

/** Bring the app around `element` into sight until the page has settled; returns the way to end that. */
function reveal(element) {
  const sight = new IntersectionObserver((changes) => {
    if (changes[changes.length - 1].intersectionRatio < 0.9) {
      (element.closest(".pg-app") || element).scrollIntoView({ block: "nearest" });
    }
  }, { threshold: [0, 0.5, 0.9] });
  const end = () => {
    sight.disconnect();
    clearTimeout(timer);
    TOUCHES.forEach((name) => window.removeEventListener(name, end, true));
  };
  const timer = setTimeout(end, SETTLES_MS);
  TOUCHES.forEach((name) => window.addEventListener(name, end, true));
  sight.observe(element);
  return end;
}
