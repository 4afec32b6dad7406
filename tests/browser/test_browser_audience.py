"""The picture's page without Jupyter: what it tells Python, for frames and scrolling that a test makes up."""

import base64

import numpy as np
import pytest

from widgets.frame_view import encode_jpeg
from widgets.panel import script

PAGE = """<body style="margin:0"><div style="height:3000px"></div>
<div class="pg-app" style="height:300px"><div id="view" style="height:200px"></div></div>
<div style="height:3000px"></div></body>"""

START = """async ([code, traits]) => {
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const widget = (await import(url)).default();
  const listeners = [];
  const model = window.model = {
    sent: [], traits,
    get: (name) => traits[name],
    set: (name, value) => { traits[name] = value; },
    save_changes() {}, off() {},
    on: (name, listener) => listeners.push([name, listener]),
    send: (message) => model.sent.push(message),
  };
  widget.initialize({ model });
  window.leave = widget.render({ model, el: document.querySelector('#view') });
  window.frame = (index, jpeg) => {
    const bytes = Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0));
    listeners.filter(([name]) => name === 'msg:custom')
      .forEach(([, listener]) => listener({ kind: 'frame', index, version: 1 }, [bytes]));
  };
}"""

JPEG = base64.b64encode(encode_jpeg(np.full((64, 64, 3), 90, np.uint8))).decode()
SHOW = "() => document.querySelector('#view').scrollIntoView({ block: 'center' })"
HIDE = "() => window.scrollTo(0, 0)"


class View:
    """A frame view in a bare page."""

    def __init__(self, page, **traits):
        self.page = page
        page.set_content(PAGE)
        code = script("common", "audience", "reveal", "frame_view")
        given = {"label": "", "badge": "", "pixelated": False, "trouble": "", "fresh": False}
        page.evaluate(START, [code, {**given, **traits}])

    def said(self):
        """What the page sent, as kinds."""
        return self.page.evaluate("() => model.sent.map((message) => message.kind)")

    def wait_for(self, *kinds):
        """Wait until exactly these were sent."""
        self.page.wait_for_function(
            "(kinds) => model.sent.map((m) => m.kind).join() === kinds", arg=",".join(kinds)
        )

    def frames(self, first, last):
        """Frames arrive, each one painted before the next."""
        for index in range(first, last + 1):
            self.page.evaluate("([index, jpeg]) => frame(index, jpeg)", [index, JPEG])
            self.page.wait_for_function(
                f"() => document.querySelector('.pg-frame').dataset.index == {index}"
            )


@pytest.fixture
def view(page):
    return lambda **traits: View(page, **traits)


def test_it_says_when_it_comes_into_sight_and_goes_out_of_it(view):
    seen = view()
    seen.wait_for("hidden")
    seen.page.evaluate(SHOW)
    seen.wait_for("hidden", "ready")
    seen.page.evaluate(HIDE)
    seen.wait_for("hidden", "ready", "hidden")
    seen.page.evaluate("() => leave()")
    seen.wait_for("hidden", "ready", "hidden", "gone")
    assert len(set(seen.page.evaluate("() => model.sent.map((m) => m.page)"))) == 1


def test_every_eighth_frame_is_acknowledged_but_only_in_sight(view):
    seen = view()
    seen.page.evaluate("() => { performance.now = () => window.later ? 1e6 : 0; }")
    seen.wait_for(
        "hidden"
    )  # the browser has looked once; else it may see the picture only in sight
    seen.page.evaluate(SHOW)
    seen.wait_for("hidden", "ready")
    seen.frames(1, 10)
    acks = "() => model.sent.filter((m) => m.kind === 'ack').map((m) => [m.index, m.painted])"
    assert seen.page.evaluate(acks) == [[1, 1], [9, 8]]
    seen.page.evaluate("() => { window.later = true; }")  # of a slow stream each one is
    seen.frames(11, 11)
    assert seen.page.evaluate(acks)[2:] == [[11, 2]]
    seen.page.evaluate(HIDE)
    seen.wait_for("hidden", "ready", "ack", "ack", "ack", "hidden")
    seen.frames(12, 20)  # they were on their way
    assert len(seen.page.evaluate(acks)) == 3
    seen.page.evaluate(SHOW)
    seen.page.wait_for_function("() => model.sent.at(-1).kind === 'ready'")
    assert seen.page.evaluate("() => model.sent.at(-1).index") == 20


def test_of_several_changes_at_once_the_last_counts(view, page):
    page.add_init_script("""window.IntersectionObserver = class {
      constructor(tell) { window.sight = (...now) => tell(now.map((isIntersecting) => ({ isIntersecting }))); }
      observe() {} disconnect() {} }""")
    page.goto("about:blank")
    seen = view()
    page.evaluate("() => sight(false, true)")
    assert seen.said() == ["ready"]
    page.evaluate("() => sight(false, true, false)")
    assert seen.said() == ["ready", "hidden"]


def test_when_nothing_comes_it_asks_again_less_and_less_often(view, page):
    page.clock.install()
    seen = view()
    seen.page.evaluate(SHOW)
    page.clock.run_for(100)
    page.wait_for_function("() => model.sent.some((m) => m.kind === 'ready')")
    asked = "() => model.sent.filter((m) => m.kind === 'ready').length"
    counts = []
    for _ in range(4):
        page.clock.run_for(16_000)
        counts.append(page.evaluate(asked))
    assert 3 <= counts[0] <= 6 and counts[-1] - counts[0] <= 4 and counts[-1] > counts[0]
    page.evaluate("([index, jpeg]) => frame(index, jpeg)", [1, JPEG])
    before = page.evaluate(asked)
    page.clock.run_for(2_500)
    assert page.evaluate(asked) == before + 1


def test_a_fresh_app_comes_into_sight_unless_somebody_moves(view):
    seen = view(fresh=True)
    seen.page.wait_for_function("() => model.sent.at(-1)?.kind === 'ready'")
    assert seen.page.evaluate("() => model.traits.fresh") is False
    top = "() => document.querySelector('.pg-app').getBoundingClientRect().top"
    assert seen.page.evaluate(top) >= 0
    seen.page.mouse.wheel(0, -3000)
    seen.page.wait_for_function("() => model.sent.at(-1).kind === 'hidden'")
    seen.page.wait_for_timeout(200)
    assert seen.said()[-1] == "hidden"
