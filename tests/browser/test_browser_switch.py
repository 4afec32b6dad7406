"""A person at the prompt-switch app: real keys, real mouse, a real file, and eyes on the painted canvas."""

import json
import os
import sys
import time

import numpy as np
import pytest
from driver import running
from hands import frame

APP = """from fake_switch import FakeSwitch
from widgets import SwitchApp
app = SwitchApp(stream=FakeSwitch(), prompt="a duck on the sea")
app.show()"""
TRAINED = """from widgets import SwitchApp
app = SwitchApp({model!r}, prompt="a duck on the sea")
app.show()"""
MODEL = os.environ.get("PLAYGROUND_TEST_VIDEO", "tiny")
WATCH_PAINTS = """() => {
  window.pgPaints = [];
  document.querySelector('.pg-frame').addEventListener('pg-painted', () => window.pgPaints.push(performance.now()));
}"""

WATCH_FLASHES = """() => {
  window.pgFlashes = 0;
  new MutationObserver((changes) => {
    window.pgFlashes += changes.filter(({ target }) => target.classList.contains('pg-rewritten')).length;
  }).observe(document.querySelector('.pg-cache-strip'), { subtree: true, attributeFilter: ['class'] });
}"""


TOUCH = {"has_touch": True, "accept_downloads": True}


@pytest.fixture(scope="module")
def live(chromium, lab):
    with running(chromium, lab, "switch.ipynb", APP, wide=True, **TOUCH) as notebook:
        notebook.show_app()
        yield notebook


@pytest.fixture(scope="module")
def trained(chromium, lab):
    app = TRAINED.format(model=MODEL)
    with running(chromium, lab, "switch_trained.ipynb", app, wide=True, **TOUCH) as notebook:
        notebook.show_app()
        yield notebook


def seen(notebook, word):
    """Object and scene on the painted canvas, as the evaluation names them."""
    from playground.benchmarks.video_measures import locate, named_object, named_scene

    picture = frame(notebook)
    place, _ = locate(picture, word)
    return named_object(picture, place), named_scene(picture, place)


def type_prompt(notebook, text):
    page = notebook.page
    page.locator("input.pg-prompt").click()
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def entries(notebook):
    code = "print([(round(e.start, 1), round(e.end, 1)) for e in app.timeline.timeline.entries])"
    return notebook.python(code)


def entry(notebook, number):
    return notebook.page.locator(f".pg-timeline-item[data-number='{number}']")


def frames_until_seen(notebook, word, most):
    """How many frames pass until the canvas shows the thing; more than `most` is a failure."""
    number = "() => Number(document.querySelector('.pg-frame').dataset.index)"
    start, until = notebook.page.evaluate(number), time.monotonic() + 30
    while seen(notebook, word)[0] != word:
        assert notebook.page.evaluate(number) <= start + most, seen(notebook, word)
        assert time.monotonic() < until, "the stream stands still"
        notebook.page.wait_for_timeout(20)
    return notebook.page.evaluate(number) - start


def longest_gap_ms(notebook):
    times = np.array(notebook.page.evaluate("() => window.pgPaints"))
    return float(np.diff(times).max())


def test_typed_words_show_on_the_canvas_and_the_scene_stays(live, screenshot, capsys):
    live.page.evaluate(WATCH_PAINTS)
    assert seen(live, "duck") == ("duck", "sea")
    type_prompt(live, "a turtle on the sea")
    live.wait_until(lambda: seen(live, "turtle")[0] == "turtle", timeout_s=10)
    live.wait_for_picture(6)
    assert seen(live, "turtle") == ("turtle", "sea")
    live.wait_until(lambda: "re-cached" in live.page.locator(".pg-meter-line").inner_text())
    screenshot(live.page, "prompt_switch")
    assert longest_gap_ms(live) < 1000  # a chunk is 150 ms; the rest is what other programs take
    with capsys.disabled():
        sys.stdout.write(json.dumps({"longest_gap_ms": round(longest_gap_ms(live))}) + "\n")


def test_rewritten_cells_flash_and_earlier_words_come_back_with_the_arrow(live):
    page = live.page
    strip = page.locator(".pg-cache-strip")
    count = int(strip.get_attribute("data-switches") or 0)
    page.evaluate(WATCH_FLASHES)
    type_prompt(live, "a fox in the snow")
    live.wait_until(lambda: int(strip.get_attribute("data-switches") or 0) > count)
    live.wait_until(lambda: page.evaluate("() => window.pgFlashes") > 0)
    assert page.locator(".pg-cache-prompt", has_text="a fox in the snow").count() == 1
    kept = "print(app.knobs.prompt.history[-1])"
    live.wait_until(lambda: live.python(kept) == "a fox in the snow")
    page.wait_for_timeout(300)
    page.keyboard.press("ArrowUp")
    assert page.locator("input.pg-prompt").input_value() == "a turtle on the sea"
    page.keyboard.press("Enter")
    live.wait_until(lambda: seen(live, "turtle")[0] == "turtle", timeout_s=10)


def test_an_entry_is_dragged_with_the_mouse_and_undone_with_a_key(live):
    before = entries(live)
    third = entry(live, 3)
    box = third.bounding_box()
    mouse = live.page.mouse
    mouse.move(box["x"] + box["width"] - 3, box["y"] + 15)
    mouse.down()
    mouse.move(box["x"] + box["width"] - 60, box["y"] + 15, steps=8)
    mouse.up()
    live.wait_until(lambda: entries(live) != before)
    assert entries(live).startswith("[(0.0, 5.0), (5.0, 10.0), (10.0, 1")
    live.page.keyboard.press("z")
    live.wait_until(lambda: entries(live) == before)
    live.page.keyboard.press("s")
    live.wait_until(
        lambda: entries(live) == "[(0.0, 5.0), (5.0, 10.0), (10.0, 12.5), (12.5, 15.0)]"
    )
    live.page.keyboard.press("Delete")
    live.wait_until(lambda: live.page.locator(".pg-timeline-item").count() == 3)


def test_a_finger_moves_an_entry(live):
    live.page.locator(".pg-timeline [data-name=add]").click()
    live.wait_until(lambda: live.page.locator(".pg-timeline-item").count() == 4)
    last = live.page.locator(".pg-timeline-item").last
    number, box = int(last.get_attribute("data-number")), last.bounding_box()
    start = f"print(app.timeline.timeline.item({number}).start)"
    before = float(live.python(start))
    session = live.page.context.new_cdp_session(live.page)
    y = box["y"] + 20
    for kind, dx in [("touchStart", 0), *[("touchMove", 8 * step) for step in range(1, 8)]]:
        place = {"x": box["x"] + box["width"] / 2 + dx, "y": y}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
        time.sleep(0.03)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    live.wait_until(lambda: float(live.python(start)) > before)


def test_a_file_comes_through_the_upload_button_and_plays(live, tmp_path):
    file = tmp_path / "story.json"
    listed = [
        {"startTime": at, "endTime": at + 1.5, "prompts": [{"text": text, "weight": 100}]}
        for at, text in ((0, "a robot in the snow"), (1.5, "a ball in the snow"))
    ]
    file.write_text(json.dumps({"prompts": listed, "settings": {"seed": 3}}))
    live.page.locator(".pg-timeline input[type=file]").set_input_files(file)
    live.wait_until(lambda: entries(live) == "[(0.0, 1.5), (1.5, 3.0)]")
    live.page.locator(".pg-timeline [data-name=play]").click()
    live.wait_until(lambda: seen(live, "robot") == ("robot", "snow"))
    live.wait_until(lambda: seen(live, "ball") == ("ball", "snow"))
    live.wait_until(lambda: live.python("print(app.timeline.playing)") == "False")
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"prompts": [{**listed[0], "endTime": -1}]}))
    live.page.locator(".pg-timeline input[type=file]").set_input_files(bad)
    trouble = live.page.locator(".pg-timeline .pg-trouble")
    live.wait_until(lambda: "entry 1" in trouble.inner_text())
    assert entries(live) == "[(0.0, 1.5), (1.5, 3.0)]"
    with live.page.expect_download() as download:
        live.page.locator(".pg-timeline [data-name=save]").click()
    assert json.loads(download.value.path().read_text())["format"]


def test_strategies_run_side_by_side_and_one_of_them_goes_on(live, screenshot):
    page = live.page
    page.locator(".pg-what-if-go:visible").click()
    live.wait_until(lambda: page.locator(".pg-what-if-label:visible").count() == 3)
    canvas = page.locator(".pg-what-if-stage .pg-frame")
    live.wait_until(lambda: int(canvas.get_attribute("data-frames") or 0) > 8)
    screenshot(page, "prompt_switch_what_if")
    box = canvas.bounding_box()
    assert abs(box["width"] / box["height"] - 3) < 0.1
    page.locator(".pg-what-if-label[data-name=stale] button:visible").click()
    live.wait_until(lambda: live.python("print(app.video.controls.recache)") == "stale")
    live.wait_for_picture(5)
    assert live.python("print(app.what_if.runs, app.engine.error)") == "False None"


@pytest.mark.xfail(strict=False, reason="seen to hold with the present weights on one machine only")
def test_a_trained_model_shows_the_new_thing_within_two_chunks_before_the_same_scene(
    trained, screenshot, capsys
):
    trained.wait_for_picture(30)
    trained.page.evaluate(WATCH_PAINTS)
    type_prompt(trained, "a turtle on the sea")
    took = frames_until_seen(trained, "turtle", most=12)  # two chunks, and what was on its way
    trained.wait_for_picture(4)
    thing, scene = seen(trained, "turtle")
    report = {"frames": took, "seen": [thing, scene], "longest_gap_ms": longest_gap_ms(trained)}
    with capsys.disabled():
        sys.stdout.write(json.dumps(report) + "\n")
    screenshot(trained.page, "prompt_switch")
    assert scene == "sea"
