"""The timeline widget without a browser: every wish is a verb, trouble is told in words, the past is fixed."""

import re

import pytest

from playground import Timeline
from playground.conditioning.timeline_values import Transition
from widgets.prompt_colours import HUES, PromptColours
from widgets.prompt_timeline import PromptTimeline

LINE = "a duck on the sea[5s] | a cat on the beach[5s]"


@pytest.fixture
def widget():
    return PromptTimeline(Timeline.read(LINE))


def say(widget, kind, buffers=(), **content):
    widget._handle_custom_msg({"kind": kind, **content}, list(buffers))


def edit(widget, verb, *values):
    say(widget, "edit", verb=verb, values=list(values))


def times(widget):
    return [(entry.start, entry.end) for entry in widget.timeline.entries]


def test_ends_are_pulled_entries_are_moved_split_doubled_and_taken_out(widget):
    edit(widget, "end", 2, 12)
    edit(widget, "start", 2, 6)
    edit(widget, "move", 2, 7)
    assert times(widget) == [(0, 5), (7, 13)]
    edit(widget, "split", 9)
    assert times(widget) == [(0, 5), (7, 9), (9, 13)] and widget.selected == 3
    edit(widget, "duplicate", 3)
    edit(widget, "remove", 1)
    assert times(widget) == [(7, 9), (9, 13), (13, 17)] and widget.trouble == ""


def test_every_change_can_be_taken_back_and_made_again(widget):
    before = times(widget)
    edit(widget, "end", 2, 12)
    edit(widget, "remove", 1)
    after = times(widget)
    for _ in range(3):
        say(widget, "undo")
    assert times(widget) == before and not widget.can_undo and widget.can_redo
    for _ in range(3):
        say(widget, "redo")
    assert times(widget) == after and not widget.can_redo


def test_an_overlap_is_said_with_the_number_and_nothing_changes(widget):
    edit(widget, "end", 1, 7)
    assert widget.trouble.startswith("entry 2: start must be at or after 7 s")
    assert times(widget) == [(0, 5), (5, 10)] and not widget.can_undo
    edit(widget, "end", 2, 9)
    assert widget.trouble == ""


def test_what_was_played_is_fixed_and_what_comes_is_free(widget):
    told = []
    widget.on_play = told.append
    say(widget, "play", value=True)
    widget.seek(3.0)
    edit(widget, "remove", 1)
    assert widget.trouble.startswith("entry 1: must stay as it is") and widget.fixed_s == 3
    edit(widget, "end", 1, 4)
    edit(widget, "move", 2, 6)
    assert times(widget) == [(0, 4), (6, 11)] and widget.trouble == ""
    widget.seek(4.5)
    say(widget, "undo")
    say(widget, "undo")
    assert "must stay as it is" in widget.trouble and times(widget)[0] == (0, 4)
    say(widget, "play", value=False)
    edit(widget, "remove", 1)
    assert told == [True, False] and times(widget) == [(5, 10)]


def test_a_file_is_read_in_parts_whatever_its_format(widget):
    data = Timeline.read("a fox on snow[2s] | a robot at night[3s]")
    for name in ("playground", "scope", "longlive", "line"):
        from playground.conditioning.timeline_files import text_in

        text = text_in(data, name).encode()
        half = len(text) // 2
        for part, piece in enumerate((text[:half], text[half:])):
            say(widget, "file", [piece], name="x", part=part, parts=2)
        assert [item["title"] for item in widget.items] == ["a fox on snow", "a robot at night"]
        assert widget.trouble == ""
        say(widget, "undo")


def test_a_broken_file_is_said_and_what_stood_stays(widget):
    bad = b'{"prompts": [{"startTime": 0, "endTime": 2, "prompts": [{"text": "a", "weight": -1}]}]}'
    say(widget, "file", [bad], name="x", part=0, parts=1)
    assert widget.trouble.startswith("entry 1: weight must be a number in 0..100")
    assert len(widget.items) == 2


def test_a_pasted_line_is_a_timeline_and_repairs_are_said(widget):
    say(widget, "paste", text="a fox on snow[2s] | a robot at night[3s]")
    assert times(widget) == [(0, 2), (2, 5)]
    scope = '{"prompts": [{"startTime": 1, "endTime": 2, "prompts": [{"text": "a fox"}]}]}'
    say(widget, "paste", text=scope)
    assert any("nothing is said before 1 s" in remark for remark in widget.remarks)


def test_long_prompts_have_a_short_title_and_their_whole_text(widget):
    long = "a fox " + "very " * 300 + "red"
    say(widget, "words", number=1, text=long)
    first = widget.items[0]
    assert first["text"] == long and len(first["title"]) < 60


def test_how_an_entry_comes_in_is_edited_shown_and_taken_back(widget):
    assert (widget.items[1]["blend_s"], widget.items[1]["way"]) == (0.0, "linear")
    say(widget, "comes", number=2, seconds=1.5, way="slerp")
    assert widget.timeline.entries[1].transition == Transition(1.5, "slerp")
    assert (widget.items[1]["blend_s"], widget.items[1]["way"]) == (1.5, "slerp")
    say(widget, "comes", number=2, seconds=1.5, way="slerp")  # the same again is no change
    say(widget, "undo")
    assert widget.timeline.entries[1].transition == Transition() and not widget.can_undo
    say(widget, "redo")
    assert widget.items[1]["blend_s"] == 1.5


def test_texts_and_weights_of_an_entry_are_edited_and_taken_back(widget):
    widget.new_text = "a fox on snow"
    say(widget, "mix", number=1)
    both = [["a duck on the sea", 100.0], ["a fox on snow", 100.0]]
    assert widget.items[0]["prompts"] == both and not widget.items[0]["single"]
    say(widget, "prompts", number=1, prompts=[["a duck on ice", 70], ["a fox on snow", 0]])
    assert widget.timeline.at(1).prompts == (("a duck on ice", 100.0),)
    say(widget, "prompts", number=2, prompts=[["a cat", 30], ["a fox", 10]])
    assert widget.items[1]["text"] == "a cat (75%) + a fox (25%)"
    say(widget, "undo")
    assert not widget.items[0]["single"]  # the text that weighs nothing can still be turned up
    say(widget, "prompts", number=1, prompts=[["a duck on ice", 70]])
    assert widget.items[0]["single"] and widget.items[0]["text"] == "a duck on ice"
    for _ in range(2):
        say(widget, "undo")
    assert widget.items[0]["prompts"] == both and widget.trouble == ""


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("comes", {"seconds": -1, "way": "linear"}, "transition seconds must be >= 0 seconds"),
        ("comes", {"seconds": None, "way": "linear"}, "transition seconds must be a number"),
        ("comes", {"seconds": 1, "way": "cubic"}, "transition kind must be one of linear, slerp"),
        ("prompts", {"prompts": [["a", 101]]}, r"entry 2: weight must be a number in 0\.\.100"),
        ("prompts", {"prompts": [["a", None]]}, r"entry 2: weight must be a number in 0\.\.100"),
        ("prompts", {"prompts": [["a", 0], ["b", 0]]}, "entry 2: prompts must have a weight above"),
        ("prompts", {"prompts": [[" ", 5], ["b", 5]]}, "entry 2: text must not be empty"),
        ("prompts", {"prompts": []}, r"entry 2: prompts must be 1\.\.100 texts, got 0"),
    ],
)
def test_what_an_entry_cannot_say_is_told_and_the_form_shows_what_stands(
    widget, kind, content, message
):
    sent = []
    widget.send = lambda content, buffers=None: sent.append(content)
    before = widget.items
    say(widget, kind, number=2, **content)
    assert re.match(message, widget.trouble) and sent == [{"kind": "stands"}]
    assert widget.items == before and not widget.can_undo


def test_while_it_plays_only_entries_that_have_not_begun_are_said_anew(widget):
    say(widget, "play", value=True)
    widget.seek(3.0)
    say(widget, "comes", number=1, seconds=2, way="linear")
    assert widget.trouble.startswith("entry 1: must stay as it is, since it is running")
    say(widget, "mix", number=1)
    assert widget.trouble.startswith("entry 1: must stay as it is, since it is running")
    say(widget, "comes", number=2, seconds=2, way="linear")
    say(widget, "prompts", number=2, prompts=[["a cat", 60], ["a fox", 40]])
    assert widget.timeline.at(7).prompts == (("a cat", 60.0), ("a fox", 40.0))
    widget.seek(6.0)
    say(widget, "undo")
    assert widget.trouble.startswith("entry 2: must stay as it is")


def test_export_sends_the_file_and_says_what_it_cannot_hold(widget):
    sent = []
    widget.send = lambda content, buffers=None: sent.append((content, buffers))
    widget.put(widget.timeline.add_camera(1, 2, pan_px_s=(4, 0)))
    say(widget, "export", format="scope")
    assert sent[0][0]["name"] == "scope.json" and widget.remarks
    assert len(Timeline.read(bytes(sent[0][1][0])).entries) == 2


def test_an_unknown_verb_and_an_empty_timeline_are_refused():
    empty = PromptTimeline()
    with pytest.raises(ValueError, match="verb must be one of add, start"):
        empty.edit("jump")
    with pytest.raises(ValueError, match="timeline must have an entry to be played, got none"):
        empty.play(True)
    empty.edit("add")
    assert [item["title"] for item in empty.items] == ["a cat on the beach"]


def test_a_prompt_keeps_its_colour():
    colours = PromptColours()
    assert [colours.of(text) for text in ("a", "b", "a  ", "c")] == [*HUES[:2], HUES[0], HUES[2]]
