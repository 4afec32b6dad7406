"""Timelines of other programs load, come back as they were, and say what is wrong with them by number."""

import json

import pytest

from playground import Timeline
from playground.conditioning.timeline_files import format_of, stories_in, text_in
from playground.conditioning.timeline_values import Transition
from timelines import FULL, SCOPE, STORIES, scope

# ---------------------------------------------------------------- round trips


def test_our_own_file_holds_everything_exactly(tmp_path):
    assert FULL.save(tmp_path / "story.json") == ()
    again = Timeline.read(tmp_path / "story.json")
    assert again == FULL
    assert text_in(again) == text_in(FULL)
    assert [item.number for item in (*again.entries, *again.events)] == [2, 3, 4, 5]
    assert Timeline.read(text_in(Timeline())) == Timeline()


def test_a_scope_file_comes_back_as_it_was(tmp_path):
    story = Timeline.read(json.dumps(SCOPE))
    assert json.loads(text_in(story, "scope")) == SCOPE
    story.save(tmp_path / "story.json")
    assert json.loads(text_in(Timeline.read(tmp_path / "story.json"), "scope")) == SCOPE


def test_a_scope_file_is_understood():
    story = Timeline.read(json.dumps(SCOPE))
    assert [(entry.number, entry.start, entry.end) for entry in story.entries] == [
        (1, 0, 4.697899999976158), (2, 4.697899999976158, 11.167), (3, 11.167, 20),
    ]  # fmt: skip
    assert story.item(1).transition == Transition(0, "slerp")
    assert story.item(2).transition == Transition(3, "linear")
    assert story.item(2).prompts == (("a cat", 62.5), ("a dog", 1.0))
    assert len(story.titles[1]) < 60
    assert story.remarks == ()


def test_an_edited_scope_file_says_the_edit_and_keeps_the_rest():
    story = Timeline.read(json.dumps(SCOPE)).change(2, prompts="a bear", transition=Transition(1.5))
    written = json.loads(text_in(story.resize(3, end=30).add("a car"), "scope"))
    assert written["prompts"][1] == {
        "startTime": 4.697899999976158, "endTime": 11.167, "id": "b7", "color": "#ff0000",
        "text": "a bear", "isLive": False, "transitionSteps": 2,
        "temporalInterpolationMethod": "linear", "prompts": [{"text": "a bear", "weight": 100}],
    }  # fmt: skip
    assert written["prompts"][2]["endTime"] == 30
    assert len(written["prompts"]) == 4
    assert written["settings"] == SCOPE["settings"]


def test_older_scope_entries_have_a_text_and_no_weights():
    data = {"prompts": [{"startTime": 0, "endTime": 1, "text": "a duck"},
                        {"startTime": 1, "endTime": 2, "prompts": [{"text": "a cat"}]}]}  # fmt: skip
    story = Timeline.read(json.dumps(data))
    assert [entry.prompts for entry in story.entries] == [(("a duck", 100.0),), (("a cat", 100.0),)]
    assert json.loads(text_in(story, "scope"))["prompts"][1] == data["prompts"][1]


def test_stories_are_spread_evenly_or_by_switch_frames():
    even = Timeline.read(STORIES, story=1)
    assert [(entry.start, entry.end) for entry in even.entries] == [(0, 10), (10, 20), (20, 30)]
    told = Timeline.read(STORIES, story=1, switch_frames="30, 90", fps=20, frames=120)
    assert [entry.frames(20) for entry in told.entries] == [(0, 30), (30, 90), (90, 120)]
    assert Timeline.read(STORIES, story=1, switch_frames=[40, 80]) == even
    assert Timeline.read(STORIES, story=2).entries[0].text == "a car"
    assert stories_in(STORIES) == ("a duck", "a car")
    assert stories_in(json.dumps(SCOPE)) == ()


def test_a_story_comes_back(tmp_path):
    story = Timeline.read(STORIES, story=1, switch_frames=[10, 80], frames=150)
    assert story.save(tmp_path / "story.jsonl") == ()
    assert Timeline.read(tmp_path / "story.jsonl", frames=150) == story
    other = Timeline.read(STORIES, story=2)
    assert json.loads(text_in(other, "longlive")) == {
        "prompts_list": ["a car"], "switch_frames": [], "id": 7,
    }  # fmt: skip
    pretty = json.dumps({"prompts_list": ["a duck", "a cat"]}, indent=2)
    assert len(Timeline.read(pretty).entries) == 2


def test_a_line_comes_back_and_what_is_lost_is_said(tmp_path):
    line = "a duck on the sea[5s] | a [big] cat[2.5s] | a fox[0.125s]"
    assert text_in(Timeline.read(line), "line").strip() == line
    assert Timeline.read(" a duck [ 5 ]|a cat[1e1s] |\n").duration == 15
    assert FULL.save(tmp_path / "story.txt") == (
        "camera moves and paths are left out",
        "of several prompts only the one that weighs most is kept",
        "transitions become cuts",
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (text_in(FULL), "playground"), (json.dumps(SCOPE), "scope"), (STORIES, "longlive"),
        ("a duck[5s]", "line"), ("\ufeffa duck[5s]", "line"), ("\ufeff" + json.dumps(SCOPE), "scope"),
    ],
)  # fmt: skip
def test_the_format_is_seen_from_the_content(tmp_path, text, kind):
    (tmp_path / "anything").write_text(text, encoding="utf-8")
    sources = text, text.encode(), memoryview(text.encode()), tmp_path / "anything"
    assert {format_of(source) for source in (*sources, str(tmp_path / "anything"))} == {kind}


# ---------------------------------------------------------------- repairs


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        (scope(1, endTime=10), r"nothing is said from 10 to 11\.167 s: entry 2 goes on"),
        (scope(0, startTime=1), "nothing is said before 1 s: the stream keeps the prompt it has"),
        (
            scope(1, endTime=11.2),
            r"entry 2: ends 0\.033 s after entry 3 begins; its end was moved to",
        ),
        (
            scope(0, startTime=30, endTime=31),
            "the entries were not in the order of time and have been",
        ),
        (
            scope(1, prompts=[{"text": "a", "weight": 5}, {"text": "b", "weight": 0}]),
            "entry 2: 'b' weighs 0",
        ),
        (
            scope(0, temporalInterpolationMethod="cubic"),
            "entry 1: temporalInterp.* 'cubic' is not known",
        ),
    ],
)
def test_what_can_be_repaired_is_and_is_said(text, remark):
    import re

    story = Timeline.read(text)
    assert any(re.match(remark, said) for said in story.remarks), story.remarks
