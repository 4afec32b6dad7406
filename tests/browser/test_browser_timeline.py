"""A person at the form of a timeline's entry: keys alone, in both themes, and the past that stays."""

import json

import pytest
from driver import running

APP = """from fake_switch import FakeSwitch
from widgets import SwitchApp
app = SwitchApp(stream=FakeSwitch(), prompt="a duck on the sea")
app.show()"""
SAID = """import json
print(json.dumps([[e.prompts, e.transition.seconds, e.transition.kind]
                  for e in app.timeline.timeline.entries]))"""
DUCK, BOAT, TURTLE = (f"a {thing} on the sea" for thing in ("duck", "sailboat", "turtle"))
READABLE = 4.5  # the least contrast of text, after WCAG 2.2

# Contrast of a field's text before what it stands on; both are opaque here.
CONTRAST = """(selector) => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((x) => x / 255)
      .map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const seen = getComputedStyle(document.querySelector(selector));
  const [low, high] = [light(seen.color), light(seen.backgroundColor)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""


@pytest.fixture(scope="module")
def live(chromium, lab):
    with running(chromium, lab, "timeline.ipynb", APP, height=1000, wide=True) as notebook:
        notebook.show_app()
        yield notebook


def said(notebook):
    return json.loads(notebook.python(SAID))


def is_chosen(notebook, number):
    """Wait until Python has chosen what was focused."""
    item = f".pg-timeline-item[data-number='{number}'][aria-selected=true]"
    notebook.page.locator(item).wait_for()


def choose(notebook, number):
    notebook.page.locator(f".pg-timeline-item[data-number='{number}']").focus()
    is_chosen(notebook, number)
    form = notebook.page.locator(f".pg-timeline-form[aria-label^='entry {number}:']")
    form.wait_for()
    return form


def press(notebook, *keys):
    for key in keys:
        notebook.page.keyboard.press(key)


def test_how_an_entry_comes_in_is_set_with_keys_alone_and_undone(live, screenshot):
    form = choose(live, 2)
    assert form.locator("[data-name=way]").is_disabled()  # a cut to one text mixes nothing
    press(live, "Tab")  # from the entries on to what follows the third one
    press(live, "Tab")
    assert live.page.evaluate("() => document.activeElement.dataset.name") == "lasts"
    is_chosen(live, 3)  # on the way; or else its form would come over what is typed below
    choose(live, 2).locator("[data-name=lasts]").focus()
    live.page.keyboard.type("0.6")
    press(live, "Enter")
    live.wait_until(lambda: said(live)[1] == [[[BOAT, 100.0]], 0.6, "linear"])
    live.wait_until(lambda: "4 chunks" in form.inner_text())
    press(
        live, "Tab", "s"
    )  # the menu goes to what begins with an a, s: neither is an app's key here
    form.locator("[data-name=way]").select_option("slerp")
    live.wait_until(lambda: said(live)[1][1:] == [0.6, "slerp"])
    screenshot(live.page, "timeline_form")
    press(live, "Escape", "z", "z")
    live.wait_until(lambda: said(live)[1][1:] == [0.0, "linear"])
    assert live.page.locator(".pg-status-text").inner_text() == ""  # no snapshot, no clip


def test_texts_are_mixed_by_weights_and_what_is_refused_goes_back(live):
    form = choose(live, 3)
    form.locator("[data-name=mix]").click()
    texts = form.locator("[type=text]")
    live.wait_until(lambda: texts.count() == 2)
    live.wait_until(lambda: texts.nth(1).evaluate("(e) => e === document.activeElement"))
    live.page.keyboard.type(DUCK)
    press(live, "Tab")
    live.wait_until(lambda: said(live)[2][0] == [[TURTLE, 100.0], [DUCK, 100.0]])
    press(live, "Control+a")
    live.page.keyboard.type("25")
    press(live, "Enter")
    live.wait_until(lambda: said(live)[2][0] == [[TURTLE, 100.0], [DUCK, 25.0]])
    live.wait_until(lambda: "80 %" in form.inner_text() and "20 %" in form.inner_text())
    weight, trouble = (
        form.locator(".pg-form-texts [type=number]").nth(1),
        ".pg-timeline > .pg-trouble",
    )
    for _ in range(2):  # the second time the message is the same, and the field goes back again
        weight.fill("400")
        press(live, "Enter")
        live.wait_until(
            lambda: "weight must be a number in 0..100" in live.page.inner_text(trouble)
        )
        live.wait_until(lambda: weight.input_value() == "25")
    form.locator(".pg-form-texts button").first.click()
    live.wait_until(lambda: said(live)[2][0] == [[DUCK, 25.0]])
    live.wait_until(lambda: texts.count() == 0)
    press(live, "z")
    live.page.locator(".pg-timeline [data-name=undo]").click()
    live.wait_until(lambda: said(live)[2][0] == [[TURTLE, 100.0], [DUCK, 100.0]])


def test_the_form_can_be_read_in_both_themes(live, screenshot):
    choose(live, 3)
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        live.command("apputils:change-theme", theme=theme)
        light = "false" if "Dark" in theme else "true"
        live.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
        # JupyterLab takes its splash away twice, with an error, if the next theme comes before it is gone
        live.page.wait_for_timeout(400)
        live.page.wait_for_selector("#jupyterlab-splash", state="detached")
        for part in ("[data-name=lasts]", "[data-name=way]", "[data-name=mix]", ".pg-form-text"):
            assert live.page.evaluate(CONTRAST, f".pg-timeline-form {part}") > READABLE, (
                theme,
                part,
            )
        screenshot(live.page, f"timeline_form_light_{light}")


def test_what_has_begun_is_fixed_and_what_comes_is_free(live):
    live.page.locator(".pg-timeline [data-name=play]").click()
    live.wait_until(lambda: live.python("print(app.timeline.fixed_s > 0)") == "True")
    form = choose(live, 1)
    live.wait_until(lambda: form.locator("[data-name=lasts]").is_disabled())
    assert "only its end may change" in form.inner_text()
    choose(live, 2).locator("[data-name=lasts]").fill("1.5")
    press(live, "Enter")
    live.wait_until(lambda: said(live)[1][1] == 1.5)
    assert live.python("print(app.stream.timeline.item(2).transition.seconds)") == "1.5"
    live.page.locator(".pg-timeline [data-name=play]").click()
    live.wait_until(lambda: live.python("print(app.timeline.playing)") == "False")
