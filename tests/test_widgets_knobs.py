"""Prompt, dials and status: wishes are checked, applied, and shown as what stands."""

from dataclasses import replace

import pytest

from playground.streams.controls import Controls
from playground.world.vocabulary import vocabulary
from widgets.dials import Dial, Dials, starting_at
from widgets.image_dials import MORE, NEAR, shown, turned
from widgets.keys import Keys
from widgets.meter_view import MeterView
from widgets.prompt_box import PromptBox
from widgets.prompt_more import PromptMore
from widgets.prompt_words import hint_for, with_word
from widgets.status_line import StatusLine
from widgets.transport import Transport

WORDS = vocabulary()


# ------------------------------------------------------------ prompt


@pytest.mark.parametrize(
    ("text", "word", "kind", "expected"),
    [
        ("a fox on snow", "cat", "objects", "a cat on snow"),
        ("a foxx on snow", "cat", "objects", "a cat on snow"),
        ("a cat on snow", "octopus", "objects", "an octopus on snow"),
        ("", "owl", "objects", "an owl"),
        ("on snow", "owl", "objects", "an owl on snow"),
        ("a red car on sand", "sea", "backgrounds", "a red car on sea"),
        ("a red car", "sea", "backgrounds", "a red car on sea"),
        ("a car on red", "blue", "backgrounds", "a car on blue"),
        ("", "snow", "backgrounds", "snow"),
        ("a fox on snow", "orange", "colours", "an orange fox on snow"),
        ("a red fox on red", "blue", "colours", "a blue fox on red"),
    ],
)
def test_a_clicked_word_takes_the_place_of_one_of_its_kind(text, word, kind, expected):
    assert with_word(text, word, kind, WORDS) == expected


def test_unknown_words_are_named_with_a_guess():
    hint = hint_for("a foxx on snow", WORDS)
    assert "“foxx”" in hint and "“fox”" in hint
    assert hint_for("a fox on snow", WORDS) == ""
    assert "xyzzyq" in hint_for("xyzzyq", WORDS)
    assert hint_for("anything at all", None) == ""
    assert hint_for("  ", WORDS) == "Type what you would like to see."


def test_a_prompt_applies_once_and_an_empty_one_never():
    told = []
    box = PromptBox("a fox", vocabulary=WORDS, on_change=told.append)
    for text in ("a  cat", "a cat", "", "   "):
        box._handle_custom_msg({"kind": "prompt", "text": text}, [])
    assert told == ["a cat"] and box.value == "a cat"


def test_a_refused_prompt_is_shown_and_the_old_one_stands():
    def refuse(text):
        raise ValueError("prompt must be shorter")

    box = PromptBox("a fox", on_change=refuse)
    box._handle_custom_msg({"kind": "prompt", "text": "a cat"}, [])
    assert box.value == "a fox" and "prompt must be shorter" in box.trouble


def test_blending_tells_all_three_values():
    told = []
    more = PromptMore(on_change=lambda **wish: told.append(wish))
    more._handle_custom_msg({"kind": "change", "second": "a cat"}, [])
    more._handle_custom_msg({"kind": "change", "amount": 0.5}, [])
    assert told[-1] == {"negative": "", "second": "a cat", "amount": 0.5}


# ------------------------------------------------------------ dials


def test_a_dial_that_is_refused_goes_back():
    def refuse(name, value):
        raise ValueError(f"{name} must not be {value}")

    dials = Dials(
        [Dial(name="steps", label="steps", kind="choice", value=2, options=(1, 2))],
        on_change=refuse,
    )
    dials._handle_custom_msg({"kind": "dial", "name": "steps", "value": 1}, [])
    assert dials.values == {"steps": 2} and "steps must not be 1" in dials.trouble


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("amount", 7.0, r"amount must be in 0.0..1.0, got 7.0"),
        ("amount", float("nan"), r"amount must be in 0.0..1.0, got nan"),
        ("kind", "sideways", r"kind must be one of \['a', 'b'\], got 'sideways'"),
        ("nothing", 1, r"name must be one of amount, kind, got 'nothing'"),
    ],
)
def test_a_wrong_turn_names_the_rule(name, value, message):
    dials = Dials(
        [
            Dial(name="amount", label="amount"),
            Dial(name="kind", label="kind", kind="choice", value="a", options=("a", "b")),
        ]
    )
    with pytest.raises(ValueError, match=message):
        dials.turn(name, value)


def test_a_dial_of_no_kind_is_refused():
    with pytest.raises(
        ValueError, match="kind must be one of range, choice, menu, toggle, seed, text, got 'wheel'"
    ):
        Dial(name="x", label="x", kind="wheel")


def test_reset_brings_every_dial_back():
    told = []
    dials = Dials([Dial(name="a", label="a", value=0.5)], on_change=lambda *wish: told.append(wish))
    dials.turn("a", 0.9)
    dials._handle_custom_msg({"kind": "reset"}, [])
    assert dials.values == {"a": 0.5} and told == [("a", 0.9), ("a", 0.5)]


@pytest.mark.parametrize("dial", [*NEAR, *MORE], ids=lambda dial: dial.name)
def test_every_image_dial_reaches_the_controls_and_is_shown_as_it_stands(dial):
    start = Controls()
    choices = [option[0] if isinstance(option, tuple) else option for option in dial.options]
    kinds = {"range": (dial.low, dial.high), "choice": choices, "seed": (3, 77), "text": ("3, 9",)}
    for value in kinds[dial.kind]:
        value = dial.checked(value)
        after = shown(turned(start, dial.name, value))[dial.name]
        if dial.name == "closeness":
            assert abs(after - value) <= 0.05
        else:
            assert after == value
    assert dial.tip or dial.kind == "seed"


@pytest.mark.parametrize("text", ["", "sixteen", "16; 32", "-1, 5"])
def test_a_t_index_list_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="t_index must be whole numbers such as 16, 32; got"):
        turned(Controls(), "t_index", text)


def test_dials_start_where_the_controls_stand():
    controls = replace(Controls(), seed=99, guidance="full", similarity_threshold=0.95)
    values = {dial.name: dial.value for dial in starting_at([*NEAR, *MORE], shown(controls))}
    assert (values["seed"], values["guidance"], values["similarity"]) == (99, "full", 0.95)


# ------------------------------------------------------------ lines, keys, buttons


def test_the_meter_speaks_in_words_and_names_its_stages():
    meter = MeterView()
    snapshot = {
        "fps": 38.2,
        "ms": {"unet": 14.2, "prepare": 0.1},
        "latency_p50_ms": None,
        "skipped": 0,
    }
    meter.update("drawing your fox", snapshot, dropped=3)
    assert meter.line == "drawing your fox" and meter.rate == "38 pictures a second"
    assert [figure[:2] for figure in meter.figures] == [["unet", "14 ms"], ["dropped", "3"]]
    meter.update("paused", {**snapshot, "fps": 0.0})
    assert meter.rate == ""


def test_a_failure_is_shown_with_its_way_on():
    pressed = []
    line = StatusLine(on_action=lambda: pressed.append(True))
    line.fail(RuntimeError("out of paint"), action="start again")
    assert (line.kind, line.message) == ("error", "RuntimeError: out of paint")
    assert "RuntimeError" in line.details
    line._handle_custom_msg({"kind": "action"}, [])
    assert pressed == [True] and line.message == ""


def test_keys_do_what_their_card_says():
    done = []
    keys = Keys({" ": ("pause", lambda: done.append("pause")), "z": ("undo", lambda: 1 / 0)})
    assert keys.meanings == {" ": "pause", "z": "undo"}
    keys._handle_custom_msg({"kind": "key", "key": " "}, [])
    keys._handle_custom_msg({"kind": "key", "key": "z"}, [])
    assert done == ["pause"] and "ZeroDivisionError" in keys.trouble


def test_an_unknown_button_is_refused():
    transport = Transport(on_press=lambda name: None)
    transport._handle_custom_msg({"kind": "press", "name": "explode"}, [])
    assert (
        "name must be one of pause, step, record, snapshot, help, got 'explode'"
        in transport.trouble
    )
