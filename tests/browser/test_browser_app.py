"""A person at the image app, on a stream without networks: mouse, keys, finger, every button."""

import time

import pytest
from driver import difference, running
from PIL import Image

APP = """from fake_stream import FakeStream
from widgets import ImageApp
app = ImageApp(stream=FakeStream())
app.show()"""


@pytest.fixture(scope="module")
def live(chromium, lab):
    """One notebook with a running app, for the tests that leave it as they found it."""
    with running(chromium, lab, "app.ipynb", APP, has_touch=True) as notebook:
        yield notebook


def test_a_stroke_changes_the_picture_within_a_second(live, screenshot):
    took_ms = live.draw_and_watch((0.15, 0.15), (0.5, 0.12), (0.85, 0.2))
    screenshot(live.page, "stroke")
    assert took_ms < 1000
    live.page.keyboard.press("z")


def test_the_pad_shows_what_python_keeps(live):
    live.draw((0.3, 0.8), (0.7, 0.8))
    live.wait_until(lambda: live.pad_difference() < 3, timeout_s=5)


def test_a_stroke_that_leaves_the_pad_ends_with_the_button(live):
    live.draw((0.5, 0.5), (1.4, 0.5))  # over the picture, released there
    steps = live.python("print(len(app.pad._raster._done))")
    live.page.mouse.move(600, 300)
    live.draw((0.2, 0.9), (0.3, 0.9))
    assert int(live.python("print(len(app.pad._raster._done))")) == int(steps) + 1
    assert live.python("print(app.pad._last_point)") == "None"


def test_hovering_sends_nothing(live):
    live.python("app.pad.layer.seen = 0")
    live.python("app.pad.layer.on_msg(lambda w, c, b: setattr(w, 'seen', w.seen + 1))")
    box = live.page.locator(".pg-pen-layer").bounding_box()
    for step in range(30):
        live.page.mouse.move(box["x"] + 20 + 5 * step, box["y"] + 50)
    time.sleep(0.3)
    assert live.python("print(app.pad.layer.seen)") == "0"


def test_a_finger_draws(live):
    before = int(live.python("print(len(app.pad._raster._done))"))
    live.touch((0.2, 0.3), (0.4, 0.5), (0.6, 0.3))
    live.wait_until(lambda: int(live.python("print(len(app.pad._raster._done))")) == before + 1)


def test_typing_another_prompt_changes_the_picture_and_its_label(live):
    before = live.picture()
    field = live.page.locator("input.pg-prompt")
    field.fill("a red car on grass")  # no Enter: applies after a pause
    live.wait_until(lambda: difference(live.picture(), before) > 2)
    picture = live.page.locator(".pg-frame")
    label = "The picture: a red car on grass"
    live.wait_until(lambda: picture.get_attribute("aria-label") == label)
    line = live.page.locator(".pg-meter-line")  # renewed twice a second
    live.wait_until(lambda: "a red car on grass" in line.inner_text(timeout=5000))


def test_an_unknown_word_is_named_and_a_known_one_offered(live):
    field = live.page.locator("input.pg-prompt")
    field.fill("a foxx on snow")
    field.press("Enter")
    hint = live.page.locator(".pg-hint")
    hint.wait_for()
    assert "foxx" in hint.inner_text() and "fox" in hint.inner_text()
    live.page.get_by_role("button", name="all my words").click()
    live.page.locator(".pg-words").get_by_role("button", name="cat", exact=True).click()
    live.wait_until(lambda: live.python("print(app.engine.controls.prompt)") == "a cat on snow")
    live.page.get_by_role("button", name="all my words").click()


def test_keys_work_inside_the_app_and_leave_the_notebook_alone(live, screenshot):
    page = live.page
    cells = "() => jupyterapp.shell.currentWidget.content.widgets.length"
    kind = "() => jupyterapp.shell.currentWidget.content.activeCell.model.type"
    before = page.evaluate(cells)
    live.draw((0.1, 0.5), (0.2, 0.5))
    page.locator(".pg-pen-layer").focus()
    page.keyboard.press("?")
    page.locator(".pg-key-card").wait_for()
    screenshot(page, "keys")
    page.keyboard.press("?")
    page.locator(".pg-key-card").wait_for(state="hidden")
    page.keyboard.press("Space")
    live.wait_until(lambda: live.python("print(app.transport.paused)") == "True")
    page.keyboard.press("Space")
    live.wait_until(lambda: live.python("print(app.transport.paused)") == "False")
    done = "print(len(app.pad._raster._done), len(app.pad._raster._undone))"
    count = int(live.python(done).split()[0])
    page.keyboard.press("z")
    live.wait_until(lambda: live.python(done) == f"{count - 1} 1")
    page.keyboard.press("Shift+Z")
    live.wait_until(lambda: live.python(done) == f"{count} 0")
    for key in ("d", "d", "x", "y", "a", "b"):  # JupyterLab: delete, cut, code, insert
        page.keyboard.press(key)
    assert page.evaluate(cells) == before and page.evaluate(kind) == "code"


def test_space_in_a_text_field_is_a_space(live):
    field = live.page.locator("input.pg-prompt")
    field.fill("a fox")
    field.press("End")
    live.page.keyboard.press("Space")
    live.page.keyboard.type("on snow")
    assert field.input_value() == "a fox on snow"
    assert live.python("print(app.transport.paused)") == "False"
    field.press("Enter")


def test_the_pad_can_be_drawn_on_with_keys_and_left_with_tab(live):
    page = live.page
    before = int(live.python("print(len(app.pad._raster._done))"))
    page.locator(".pg-pen-layer").focus()
    for key in ("Enter", "ArrowRight", "ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    live.wait_until(lambda: int(live.python("print(len(app.pad._raster._done))")) == before + 1)
    page.keyboard.press("Tab")
    assert page.evaluate("() => !document.activeElement.matches('.pg-pen-layer')")


def test_an_exception_in_the_loop_is_shown_and_the_loop_can_go_on(live, screenshot):
    live.python("app.stream.fail_with = RuntimeError('planted in the loop')")
    line = live.page.locator(".pg-status[data-kind=error]")
    line.wait_for()
    assert "planted in the loop" in line.inner_text()
    screenshot(live.page, "error")
    live.page.get_by_role("button", name="start again").click()
    live.wait_for_picture(10)
    line.wait_for(state="hidden")


def test_an_exception_in_a_callback_is_shown(live):
    live.python("keep = app.knobs.prompt.on_change")
    live.python("def broken(text): raise KeyError('planted in a callback')")
    live.python("app.knobs.prompt.on_change = broken")
    field = live.page.locator("input.pg-prompt")
    field.fill("a cat on sea")
    field.press("Enter")
    line = live.page.locator(".pg-status[data-kind=error]")
    line.wait_for()
    assert "planted in a callback" in line.inner_text()
    live.python("app.knobs.prompt.on_change = keep")
    live.page.locator(".pg-status-close").click()
    live.wait_for_picture(5)


def test_what_the_stream_refuses_is_said_and_the_dial_goes_back(live):
    seed = live.page.locator(".pg-dial[data-name=seed] input").first
    seed.fill("666")
    seed.press("Enter")
    line = live.page.locator(".pg-status[data-kind=error]")
    line.wait_for()
    assert "seed must not be 666" in line.inner_text()
    live.wait_until(lambda: seed.input_value() == "2")
    live.wait_for_picture(5)
    live.page.locator(".pg-status-close").click()


PASTE = """() => {
  const canvas = document.createElement('canvas');
  canvas.width = 90; canvas.height = 60;
  const context = canvas.getContext('2d');
  context.fillStyle = '#0000ff';
  context.fillRect(0, 0, 90, 60);
  return new Promise((done) => canvas.toBlob((blob) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([blob], 'blue.png', {type: 'image/png'}));
    document.querySelector('.pg-pen-layer').focus();
    document.activeElement.dispatchEvent(new ClipboardEvent('paste',
      {clipboardData: transfer, bubbles: true, cancelable: true}));
    done();
  }));
}"""


def test_a_picture_can_be_pasted_and_loaded(live, tmp_path):
    middle = "print(app.pad.picture[192, 192].tolist())"
    live.page.evaluate(PASTE)
    live.wait_until(lambda: live.python(middle) == "[0, 0, 255]")
    file = tmp_path / "red.png"
    Image.new("RGB", (200, 90), (255, 0, 0)).save(file)
    live.page.locator(".pg-pad-tools input[type=file]").set_input_files(file)
    live.wait_until(lambda: live.python(middle) == "[255, 0, 0]")
    live.wait_until(lambda: live.pad_difference() < 3)
    for _ in range(2):
        live.page.locator(".pg-pad-tools [data-name=undo]").click()
    live.wait_until(lambda: live.python(middle) not in ("[255, 0, 0]", "[0, 0, 255]"))


def test_a_file_can_be_the_source(live, tmp_path):
    file = tmp_path / "green.png"
    Image.new("RGB", (64, 64), (0, 255, 0)).save(file)
    live.page.locator(".pg-source-box input[type=file]").set_input_files(file)
    live.wait_until(
        lambda: live.python("print(app.source.look().frame[9, 9].tolist())") == "[0, 255, 0]"
    )
    live.wait_for_picture(3)
    live.draw((0.4, 0.4), (0.5, 0.5))  # whoever draws wants to see the drawing
    live.wait_until(lambda: live.python("print(app.source_box.kind)") == "drawing")


def test_the_camera_feeds_the_stream(live):
    page = live.page
    page.locator(".jupyter-widget-Collapse-header").click()
    page.locator("[data-kind=camera]").click()
    live.wait_until(lambda: int(live.python("print(app.source.camera.look().index)")) > 5)
    live.wait_for_picture(5)
    page.locator("[data-kind=drawing]").click()
    live.wait_until(lambda: live.python("print(app.source_box.kind)") == "drawing")
    page.locator(".jupyter-widget-Collapse-header").click()


def test_every_button_can_be_pressed(live):
    page = live.page
    page.on("filechooser", lambda chooser: None)
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
    live.python("app.transport.pause(False); app.source_box.choose('drawing'); app.recorder.stop()")
    live.wait_for_picture(10)
    assert live.python("print(repr(app.engine.error))") == "None"
    assert not page.locator(".pg-trouble:visible").count()
    if page.locator(".pg-more").is_visible():
        page.locator(".jupyter-widget-Collapse-header").click()
