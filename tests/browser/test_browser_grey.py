"""What a model cannot serve is grey on the page, says why, and takes no click."""

from widgets.dials import Dial, Dials
from widgets.panel import script

START = """async ([code, traits]) => {
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const widget = (await import(url)).default();
  const listeners = {};
  window.model = {
    sent: [], traits,
    get: (name) => traits[name],
    set: (name, value) => { traits[name] = value; listeners[`change:${name}`]?.forEach((f) => f()); },
    save_changes() {}, off() {}, once() {},
    on: (name, listener) => (listeners[name] ??= []).push(listener),
    send: (message) => window.model.sent.push(message),
  };
  widget.initialize?.({ model: window.model });
  widget.render({ model: window.model, el: document.querySelector('#view') });
}"""


def test_a_dial_that_the_model_cannot_serve_is_grey_and_says_why(page):
    dials = Dials(
        (
            Dial(
                name="steps", label="steps", kind="choice", value=2, options=(1, 2), tip="how many"
            ),
            Dial(name="guidance", label="words", value=1.0, low=1.0, high=3.0, tip="how strongly"),
        ),
        cannot={"guidance": "this model was distilled without it"},
    )
    page.set_content("<div id='view'></div>")
    traits = {name: dials.get_state()[name] for name in ("dials", "values", "cannot")}
    page.evaluate(START, [script("common", "dial_kinds", "dials"), traits])
    grey = page.locator("[data-name=guidance]")
    assert grey.get_attribute("aria-disabled") == "true"
    assert grey.get_attribute("title") == "this model was distilled without it"
    assert page.evaluate(
        "() => [...document.querySelector('[data-name=guidance]').children].every((c) => c.inert)"
    )
    live = page.locator("[data-name=steps]")
    assert live.get_attribute("aria-disabled") != "true"
    assert live.get_attribute("title") == "how many"
    live.get_by_text("1", exact=True).click()
    assert [message["name"] for message in page.evaluate("() => model.sent")] == ["steps"]
    page.evaluate("() => model.set('cannot', {})")
    assert grey.get_attribute("aria-disabled") == "false"
    assert grey.get_attribute("title") == "how strongly"
