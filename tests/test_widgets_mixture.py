"""Weighted prompts in the prompt line: shown in words, kept exactly, changed by hand, played from a timeline."""

import time

import pytest

from fake_stream import FakeStream
from playground.streams.transition import Transition
from playground.streams.weighted_prompts import from_words, in_words
from small_video import small_model, stream
from widgets.image_app import ImageApp
from widgets.prompt_box import PromptBox
from widgets.switch_app import SwitchApp
from widgets.video_app import VideoApp

DUCK, FOX, CAT = "a duck on the sea", "a fox on snow", "a cat on snow"
BOTH = ((FOX, 2.0), (CAT, 1.0))
WORDS = f"67% {FOX} + 33% {CAT}"
APPS = pytest.mark.parametrize("kind", [VideoApp, SwitchApp])


@pytest.fixture(scope="module")
def model():
    return small_model()


def wait_until(true, timeout_s=20.0):
    until = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.01)


def typed(app, text):
    app.knobs.prompt._handle_custom_msg({"kind": "prompt", "text": text}, [])


@APPS
def test_an_app_on_a_mixture_shows_it_in_words_and_leaves_it_as_it_is(kind, model, tmp_path):
    with kind(stream=stream(model, prompt=BOTH), folder=tmp_path) as app:
        assert app.knobs.prompt.value == app.knobs.prompt.typed == WORDS
        assert app.knobs.prompt.hint == "" and app.engine.controls.prompt == BOTH
        wait_until(lambda: app.view.sender.sent > 2)
        for apply in (lambda: typed(app, WORDS), lambda: app.set_prompt(app.knobs.prompt.typed)):
            apply()
            assert app.engine.controls.prompt == BOTH
        assert WORDS in app.meter.line and app.status.message == "" and app.engine.error is None


@APPS
def test_typed_weights_change_it_and_going_back_in_the_history_brings_shares(kind, model, tmp_path):
    with kind(stream=stream(model, prompt=BOTH), folder=tmp_path) as app:
        typed(app, f"20% {FOX} + 80% {CAT}")
        assert app.engine.controls.prompt == ((FOX, 20.0), (CAT, 80.0))
        typed(app, DUCK)
        assert app.engine.controls.prompt == DUCK
        typed(app, WORDS)
        assert app.engine.controls.prompt == ((FOX, 67.0), (CAT, 33.0))
        typed(app, f"0% {FOX} + 0% {CAT}")
        assert "prompt must have a weight above 0" in app.status.message
        assert app.engine.controls.prompt == ((FOX, 67.0), (CAT, 33.0)) and app.engine.alive


@APPS
def test_an_app_can_be_given_a_mixture(kind, model, tmp_path):
    with kind(stream=stream(model, prompt=DUCK), prompt=BOTH, folder=tmp_path) as app:
        assert app.engine.controls.prompt == BOTH and app.knobs.prompt.value == WORDS
        app.set_prompt(((FOX, 2.01), (CAT, 1.0)))  # the same words, not quite the same weights
        assert app.engine.controls.prompt == ((FOX, 2.01), (CAT, 1.0))
        with pytest.raises(ValueError, match=r"prompt must be a text or .text, weight. pairs"):
            app.set_prompt(((FOX, 2.01), CAT))


def test_a_mixture_comes_in_as_the_dials_say_and_new_entries_get_one_text(model, tmp_path):
    with SwitchApp(stream=stream(model, prompt=DUCK), folder=tmp_path) as app:
        app.knobs.near.turn("when", "blend")
        app.knobs.near.turn("over", 6)
        app.set_prompt(BOTH)
        assert app.engine.controls.transition == Transition(chunks=6)
        assert app.timeline.new_text == FOX


def test_enter_while_a_timeline_shows_its_mixture_does_not_bring_old_words(model, tmp_path):
    with SwitchApp(stream=stream(model, prompt=DUCK), folder=tmp_path) as app:
        app.engine.replace(prompt=BOTH)
        app.knobs.prompt.value = in_words(BOTH)  # as the play head does
        app.transport.keys.press("Enter")
        assert app.engine.controls.prompt == BOTH


def test_the_image_app_mixes_in_its_own_way_and_says_so(tmp_path):
    with ImageApp(stream=FakeStream(), folder=tmp_path) as app:
        before = app.knobs.prompt.value
        with pytest.raises(ValueError, match="prompt must be a text, got"):
            app.set_prompt(BOTH)
        assert app.knobs.prompt.value == app.engine.controls.prompt == before


def test_a_box_names_unknown_words_of_a_mixture_and_no_numbers():
    box = PromptBox(vocabulary={"objects": ["fox", "cat"], "backgrounds": ["snow"], "words": ["a"]})
    box.show("70% a fox + 30% a zeppelin")
    assert "zeppelin" in box.hint and "70" not in box.hint
    box.add("cat", "objects")
    assert box.value == "70% a cat + 30% a zeppelin"


@pytest.mark.parametrize(
    ("line", "prompt"),
    [
        (WORDS, ((FOX, 67.0), (CAT, 33.0))),
        ("70%  a fox +  30 %  a cat ", (("a fox", 70.0), ("a cat", 30.0))),
        ("1.5% a + b + .5% c + 98% d", (("a + b", 1.5), ("c", 0.5), ("d", 98.0))),
        ("a fox + a cat", "a fox + a cat"),
        ("100% cotton", "100% cotton"),
        ("70% a fox + a cat", "70% a fox + a cat"),
        ("a fox + 30% a cat", "a fox + 30% a cat"),
        ("70% + 30% a cat", "70% + 30% a cat"),
        ("", ""),
    ],
)
def test_a_line_in_words_is_read_back(line, prompt):
    assert from_words(line) == prompt
    assert from_words(in_words(BOTH)) == ((FOX, 67.0), (CAT, 33.0))
