"""What a failed browser test leaves behind: a screenshot, and what page, kernel and server said last."""

import contextlib
import json

# Everything that can be asked without the kernel, then the kernel itself, which may not answer.
STATE = """async (code) => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  const kernel = panel?.sessionContext?.session?.kernel;
  const state = {
    address: location.pathname, kernel: kernel?.status, connection: kernel?.connectionStatus,
    cells: (panel?.content?.widgets || []).map((cell) => cell.prompt),
    outputs: (panel?.content?.widgets || []).filter((cell) => cell.model.type === 'code')
      .flatMap((cell) => cell.model.outputs.toJSON())
      .map((output) => output.evalue || output.text || output.output_type),
    dialogs: [...document.querySelectorAll('.jp-Dialog')].map((dialog) => dialog.innerText),
    pictures: [...document.querySelectorAll('.pg-frame')].map((canvas) => {
      const box = canvas.getBoundingClientRect();
      return { ...canvas.dataset, top: Math.round(box.top), bottom: Math.round(box.bottom) };
    }),
    troubles: [...document.querySelectorAll('.pg-trouble, .pg-status')].map((line) => line.innerText),
    window: [innerWidth, innerHeight], hidden: document.hidden,
  };
  if (!kernel) return state;
  const future = kernel.requestExecute({ code, store_history: false });
  state.python = '';
  future.onIOPub = ({ content }) => { state.python += content.text || content.evalue || ''; };
  await Promise.race([future.done, new Promise((go) => setTimeout(go, 5000))]);
  return state;
}"""

ASK = """
import threading
sender, engine = app.view.sender, app.engine
print(dict(sent=sender.sent, in_flight=sender.in_flight, watched=sender.watched,
           pages=sender.audience.pages, round_trip_ms=sender.round_trip_ms, gap_s=sender.gap_s))
print(dict(alive=engine.alive, error=engine.error, controls=engine.controls))
print(engine.meter.snapshot(), [thread.name for thread in threading.enumerate()])
"""


def testimony(browser, lab, folder, name):
    """One text for the report of the failed test `name`; screenshots go to `folder`."""
    parts = []
    pages = [page for context in browser.contexts for page in context.pages]
    for number, page in enumerate(pages):
        parts.append(_of_page(page, folder / f"{name}_{number}.png"))
    if lab is not None:
        parts.append("the last lines of JupyterLab and its kernels:\n" + lab.last_words())
    return "\n\n".join(parts)


def _of_page(page, path):
    try:
        state = json.dumps(page.evaluate(STATE, ASK), indent=1, default=str)
    except Exception as error:  # a witness must not hide the crime
        state = f"the page does not answer: {error}"
    with contextlib.suppress(Exception):
        page.screenshot(path=path, timeout=10_000)
    return f"screenshot {path}\n{state}"
