"""A person at the video app: drag, draw and play, pin, camera, keys, finger, every button; on a stream
without networks."""

import json
import math
import sys
import time

import numpy as np
import pytest
from driver import running
from hands import drag_along, frame, on_screen

APP = """from fake_video import FakeVideo
from widgets import VideoApp
app = VideoApp(stream=FakeVideo(), prompt="a duck on the sea")
app.show()"""


@pytest.fixture(scope="module")
def live(chromium, lab):
    """One notebook with a running app, for the tests that leave it as they found it."""
    with running(chromium, lab, "video.ipynb", APP, has_touch=True) as notebook:
        notebook.show_app()
        yield notebook


def ball(notebook):
    """Where the ball of the stream without networks is painted."""
    picture = frame(notebook).astype(int)
    y, x = np.nonzero((picture[..., 0] > 180) & (picture[..., 2] < 100))
    assert len(x), "no ball to be seen"
    return np.array([x.mean() + 0.5, y.mean() + 0.5])


def choose(notebook, mode):
    notebook.page.locator(f".pg-mode[data-mode={mode}]").click()
    notebook.wait_until(lambda: notebook.python("print(app.pad.layer.mode)") == mode)


def test_a_dragged_thing_follows_the_mouse_and_stays_when_let_go(live, screenshot, capsys):
    choose(live, "drag")
    live.wait_for_picture(20)
    start = ball(live)

    def where(seconds):
        turn = 0.75 * seconds
        return start + 8 * np.array([math.sin(turn), 1 - math.cos(turn)])

    away, _ = drag_along(live, where, start, ball)
    screenshot(live.page, "video_drag")
    with capsys.disabled():
        sys.stdout.write(
            json.dumps({"mean_away_px": round(np.mean(away), 2), "looks": len(away)}) + "\n"
        )
    assert len(away) > 8 and np.mean(away) <= 4
    time.sleep(0.6)
    rest = ball(live)
    time.sleep(1.0)
    assert np.hypot(*(ball(live) - rest)) < 1
    assert live.python("print(len(app.live.snapshot().grabs))") == "0"


def test_paths_drawn_ahead_start_together_and_are_followed(live, screenshot):
    choose(live, "draw")
    mouse, start = live.page.mouse, ball(live)
    end = np.array([14.0, 50.0])
    other = np.array([50.0, 10.0]), np.array([56.0, 20.0])
    for first, last, moves in ((start, end, 12), (*other, 4)):  # the ball's is over last
        mouse.move(*on_screen(live, first))
        mouse.down()
        for part in np.linspace(0, 1, moves):
            mouse.move(*on_screen(live, first + part * (last - first)))
            time.sleep(0.05)
        mouse.up()
    button = live.page.locator(".pg-start")
    live.wait_until(lambda: "2 paths" in button.inner_text())
    assert np.hypot(*(ball(live) - start)) < 1.5  # nothing moves before the start
    time.sleep(0.3)
    screenshot(live.page, "video_draw")
    live.page.locator(".pg-path-layer").focus()
    live.page.keyboard.press("Enter")
    live.wait_until(lambda: np.hypot(*(ball(live) - end)) < 2)
    live.wait_until(lambda: button.is_disabled())


def test_pins_are_set_moved_by_keys_and_taken_out(live, screenshot):
    page = live.page
    choose(live, "pin")
    pins = "print([tuple(round(v) for v in p) for p in app.pad.plan.pins])"
    page.mouse.click(*on_screen(live, (20, 20)))
    live.wait_until(lambda: live.python(pins) == "[(20, 20)]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    live.wait_until(lambda: live.python(pins) == "[(21, 25)]")
    page.mouse.move(*on_screen(live, (40, 30)))
    page.keyboard.press("p")
    live.wait_until(lambda: live.python(pins) == "[(21, 25), (40, 30)]")
    time.sleep(0.3)
    screenshot(page, "video_pins")
    page.keyboard.press("Delete")
    live.wait_until(lambda: live.python(pins) == "[(21, 25)]")
    page.keyboard.press("z")
    live.wait_until(lambda: live.python(pins) == "[(21, 25), (40, 30)]")
    page.keyboard.press("c")
    live.wait_until(lambda: live.python(pins) == "[]")
    assert live.python("print(len(app.live.snapshot().grabs))") == "0"


def test_the_camera_pans_with_the_hand_and_zooms_with_the_wheel(live):
    choose(live, "camera")
    page = live.page
    before = float(live.python("print(app.stream.shift[0])"))
    page.mouse.move(*on_screen(live, (20, 30)))
    page.mouse.down()
    for x in range(20, 41, 2):
        page.mouse.move(*on_screen(live, (x, 30)))
        time.sleep(0.06)
    time.sleep(0.3)
    page.mouse.up()
    moved = float(live.python("print(app.stream.shift[0])")) - before
    assert 16 < moved < 24
    live.python("app.seen = []; app.pad.layer.on_msg(lambda w, c, b: app.seen.append(c['kind']))")
    page.mouse.wheel(0, -200)
    live.wait_until(lambda: "zoom" in live.python("print(app.seen)"))
    live.wait_until(lambda: live.python("print(app.pad.camera.active)") == "False")
    assert live.python("print(len(app.live.snapshot().grabs))") == "0"
    choose(live, "drag")


def test_a_finger_drags(live):
    choose(live, "drag")
    start = ball(live)
    session = live.page.context.new_cdp_session(live.page)
    ways = [start + part * np.array([20.0, -12.0]) for part in np.linspace(0, 1, 14)]
    for kind, point in zip(["touchStart", *["touchMove"] * 13], ways, strict=True):
        x, y = on_screen(live, point)
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        time.sleep(0.06)
    live.wait_until(lambda: np.hypot(*(ball(live) - ways[-1])) < 3)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    live.wait_until(lambda: live.python("print(len(app.live.snapshot().grabs))") == "0")


def test_a_thing_can_be_pulled_with_keys_alone(live):
    page = live.page
    page.mouse.move(*on_screen(live, ball(live)))
    page.mouse.down()
    page.mouse.up()
    start = ball(live)
    page.keyboard.press("g")
    live.wait_until(lambda: live.python("print(len(app.live.snapshot().grabs))") == "1")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
        time.sleep(0.1)
    live.wait_until(lambda: ball(live)[0] < start[0] - 10)
    page.keyboard.press("g")
    live.wait_until(lambda: live.python("print(len(app.live.snapshot().grabs))") == "0")


def test_the_cache_rolls_and_attention_comes_when_asked(live, screenshot):
    page = live.page
    strip = page.locator(".pg-cache-strip")
    first = int(strip.get_attribute("data-newest"))
    live.wait_until(lambda: int(strip.get_attribute("data-newest")) > first + 6)
    assert page.locator(".pg-cache-cell[data-role=sink]").count() == 3
    assert not page.locator(".pg-cache-bars").is_visible()
    page.locator(".pg-cache-ask").click()
    live.wait_until(lambda: page.locator(".pg-cache-bar").count() == 2)
    screenshot(page, "video_cache")
    page.locator(".pg-cache-ask").click()
    live.wait_until(lambda: not page.locator(".pg-cache-bars").is_visible())


def test_another_prompt_colours_the_cells_that_come_after_it(live):
    field = live.page.locator("input.pg-prompt")
    field.fill("a fox on the snow")
    field.press("Enter")
    line = live.page.locator(".pg-cache-prompt", has_text="a fox on the snow")
    line.wait_for()
    live.wait_until(lambda: live.python("print(app.view.label)") == "The video: a fox on the snow")
    field.fill("a duck on the sea")
    field.press("Enter")


def test_an_exception_in_the_loop_is_shown_and_paths_survive_the_restart(live):
    live.python("app.pad.draw([(5, 5), (20, 9)]); app.pad.pin((9, 9))")
    live.python("app.stream.fail_with = RuntimeError('planted in the loop')")
    line = live.page.locator(".pg-status[data-kind=error]")
    line.wait_for()
    assert "planted in the loop" in line.inner_text()
    line.get_by_role("button", name="start again").click()
    live.wait_for_picture(10)
    assert live.python("print(len(app.pad.plan.paths), len(app.pad.plan.pins))") == "1 1"
    assert live.python("print(app.engine.controls.prompt)") == "a duck on the sea"
    live.python("app.pad.clear()")


def test_no_frames_queue_up_while_it_streams(live, capsys):
    live.wait_for_picture(20)
    ages = []
    until = time.perf_counter() + 12
    while time.perf_counter() < until:
        ages.append(live.age_ms())
        time.sleep(0.2)
    sender = live.python("print(app.view.sender.in_flight, app.engine.mailbox.waiting)").split()
    half = len(ages) // 2
    with capsys.disabled():
        sys.stdout.write(json.dumps({"age_ms": round(float(np.median(ages)), 1)}) + "\n")
    assert int(sender[0]) <= 24 and int(sender[1]) <= 3
    assert np.median(ages[half:]) < np.median(ages[:half]) + 100 and np.median(ages) < 250


def test_every_button_can_be_pressed(live):
    page = live.page
    page.locator(".jupyter-widget-Collapse-header").click()
    buttons = page.locator(".pg-app button:visible:enabled")
    for index in range(buttons.count()):
        if index < buttons.count() and buttons.nth(index).is_enabled():
            buttons.nth(index).click(timeout=10_000)
            time.sleep(0.05)
    for slider in page.locator(".pg-app input[type=range]:visible").all():
        slider.focus()
        page.keyboard.press("ArrowRight")
    time.sleep(1)
    live.python("app.transport.pause(False); app.recorder.stop()")
    live.wait_for_picture(10)
    assert live.python("print(repr(app.engine.error))") == "None"
    assert not page.locator(".pg-trouble:visible").count()
    if page.locator(".pg-more").is_visible():
        page.locator(".jupyter-widget-Collapse-header").click()


def test_closing_the_app_leaves_no_thread(live):
    threads = (
        "import threading; print([t.name for t in threading.enumerate() if 'playground' in t.name])"
    )
    assert live.python(threads) == "['playground-engine']"
    live.python("app.close()")
    assert live.python(threads) == "[]"
