"""A timeline is edited by verbs that give another one; what has been played never changes."""

from dataclasses import FrozenInstanceError

import pytest

from playground import Timeline, Tracks
from playground.conditioning.timeline_values import (
    CameraEvent,
    Entry,
    TrackEvent,
    Transition,
    first_frame,
)
from playground.conditioning.track_camera import Camera
from timelines import LATER, STORY

# ---------------------------------------------------------------- values


def test_entries_know_their_frames():
    entry = Entry.of_frames("a duck", 40, 80, fps=16)
    assert (entry.start, entry.end) == (2.5, 5.0)
    assert entry.frames(16) == (40, 80)


@pytest.mark.parametrize("fps", [4, 16, 20, 23.976, 30, 60])
def test_a_frame_made_seconds_is_the_same_frame_again(fps):
    assert [first_frame(frame / fps, fps) for frame in range(500)] == list(range(500))


def test_a_second_between_two_frames_asks_for_the_later_one():
    assert first_frame(0.51, 10) == 6


def test_titles_are_short_and_leave_out_what_all_entries_share():
    texts = [
        f"A 3D scene. The {animal} walks on and on through the park." for animal in ("fox", "cat")
    ]
    long = Timeline(
        (Entry(prompts=texts[0], start=0, end=1), Entry(prompts=texts[1], start=1, end=2))
    )
    assert long.titles == {1: "The fox walks on and on …", 2: "The cat walks on and on …"}
    assert long.entries[0].title == "A 3D scene. The fox walks …"
    mixed = Entry(prompts=[("a fox", 60), ("a cat", 40), ("a car", 0)], start=0, end=1)
    assert (mixed.title, mixed.text) == ("a fox + a cat", "a fox")


def test_a_timeline_shows_itself_in_short_lines():
    long = LATER.add("word " * 400)
    assert max(map(len, repr(long).splitlines())) < 80
    assert "camera: pan 8, 0 px/s" in repr(long)
    assert "paths: 1 points" in repr(long)


BAD_ENTRIES = [
    ({"prompts": ""}, "entry 3: text must not be empty, got ''"),
    ({"prompts": "  "}, "entry 3: text must not be empty"),
    ({"prompts": 7}, r"entry 3: prompts must be a text or a list of \(text, weight\) pairs, got 7"),
    (
        {"prompts": ["a", "b"]},
        r"entry 3: prompts must be a text or a list of \(text, weight\) pairs",
    ),
    ({"prompts": []}, r"entry 3: prompts must be 1\.\.100 texts, got 0"),
    (
        {"prompts": [("a", 0), ("b", 0)]},
        "entry 3: prompts must have a weight above 0, got 0 for all",
    ),
    ({"prompts": [("a", -1)]}, r"entry 3: weight must be a number in 0\.\.100, got -1"),
    ({"prompts": [("a", 101)]}, r"entry 3: weight must be a number in 0\.\.100, got 101"),
    ({"prompts": [("a", float("nan"))]}, r"entry 3: weight must be a number in 0\.\.100, got nan"),
    ({"prompts": [("a", "9")]}, r"entry 3: weight must be a number in 0\.\.100, got '9'"),
    ({"prompts": [("a", True)]}, r"entry 3: weight must be a number in 0\.\.100, got True"),
    ({"prompts": [(3, 1)]}, "entry 3: text must be a text, got 3"),
    ({"prompts": "x" * 20_001}, "entry 3: text must have at most 20000 characters, got 20001"),
    ({"start": -1}, "entry 3: start must be >= 0 seconds, got -1"),
    ({"start": float("nan")}, "entry 3: start must be a finite number at most 1e\\+06, got nan"),
    ({"end": float("inf")}, "entry 3: end must be a finite number at most 1e\\+06, got inf"),
    ({"start": "1"}, "entry 3: start must be a number of seconds, got '1'"),
    ({"end": None}, "entry 3: end must be a number of seconds, got None"),
    ({"end": True}, "entry 3: end must be a number of seconds, got True"),
    ({"start": 4, "end": 2}, "entry 3: end must be after its start 4 s, got 2 s"),
    ({"start": 4, "end": 4}, "entry 3: end must be after its start 4 s, got 4 s"),
    (
        {"transition": 2},
        r"entry 3: transition must be a Transition, got 2; use Transition\(seconds",
    ),
    ({"number": -1}, "number must be a whole number >= 0, got -1"),
    ({"number": 1.0}, r"number must be a whole number >= 0, got 1\.0"),
]


@pytest.mark.parametrize(
    ("fields", "message"), BAD_ENTRIES, ids=[str(f)[:50] for f, _ in BAD_ENTRIES]
)
def test_bad_entries_are_refused_with_their_number(fields, message):
    with pytest.raises(ValueError, match=message):
        Entry(**{"prompts": "a", "start": 0, "end": 5, "number": 3, **fields})


BAD_VALUES = [
    (lambda: Transition(-1), "transition seconds must be >= 0 seconds, got -1"),
    (lambda: Transition(1, "cubic"), "transition kind must be one of linear, slerp; got 'cubic'"),
    (lambda: Entry.of_frames("a", 0, 5, fps=0), "fps must be a finite number above 0, got 0"),
    (
        lambda: CameraEvent(camera=(1, 2), start=0, end=1, number=2),
        r"camera event 2: camera must be a Camera, got \(1, 2\)",
    ),
    (
        lambda: CameraEvent(camera=Camera(), start=2, end=1),
        "camera event: end must be after its start 2 s, got 1 s",
    ),
    (
        lambda: TrackEvent(tracks=[[1, 2]], start=0, number=4),
        "track event 4: tracks must be Tracks, got .*; make some with Tracks.from_strokes",
    ),
    (lambda: Timeline(["a duck"]), "entries must be a list of entries, got"),
    (lambda: Timeline((), ["pan"]), "events must be a list of camera and track events, got"),
    (lambda: Timeline(STORY.entries * 4000), "entries must be at most 10000, got 12000"),
    (
        lambda: Timeline(
            [Entry(prompts=x, start=k, end=k + 1, number=7) for k, x in enumerate("ab")]
        ),
        "number must be different for each item, got 7 twice",
    ),
    (
        lambda: Timeline([Entry(prompts=x, start=k, end=k + 2) for k, x in enumerate("ab")]),
        "entry 2: start must be at or after 2 s, where entry 1 ends, got 1 s; move it or shorten one",
    ),
    (
        lambda: LATER.add_camera(2, 5, zoom_per_s=0.1),
        "camera event 6: start must be at or after 3 s, where camera event 4 ends, got 2 s",
    ),
    (lambda: STORY.at(-1), "time must be >= 0 seconds, got -1"),
    (lambda: STORY.at("soon"), "time must be a number of seconds, got 'soon'"),
    (lambda: STORY.fixed_until(float("nan")), "fixed_s must be a finite number"),
]


@pytest.mark.parametrize(("make", "message"), BAD_VALUES, ids=[m[:40] for _, m in BAD_VALUES])
def test_what_cannot_be_is_refused_in_words(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_timelines_never_change_and_compare_by_value():
    with pytest.raises(FrozenInstanceError):
        STORY.entries = ()
    again = (
        Timeline()
        .add("a duck on the sea")
        .add("a cat on the beach")
        .add("a fox on snow", seconds=10)
    )
    assert again == STORY
    assert hash(again) == hash(STORY)
    assert again.fixed_until(3) == STORY
    assert STORY.resize(3, end=11) != STORY


def test_track_events_are_equal_when_they_tell_the_same():
    way = Tracks([[[1, 2]], [[3, 4]]], visible=[[True], [False]])
    same = Tracks([[[1, 2]], [[9, 9]]], visible=[[True], [False]])
    other = Tracks([[[1, 3]], [[3, 4]]], visible=[[True], [False]])
    events = [TrackEvent(tracks=tracks, start=1) for tracks in (way, same, other)]
    assert events[0] == events[1] != events[2]
    assert events[0].end == 1.1
    assert len({*events}) == 2


# ---------------------------------------------------------------- looking


@pytest.mark.parametrize(
    ("time", "number", "over"),
    [
        (0, 1, False),
        (4.999, 1, False),
        (5, 2, False),
        (19.9, 3, False),
        (20, 3, True),
        (99, 3, True),
    ],
)
def test_the_last_entry_that_began_speaks(time, number, over):
    moment = STORY.at(time)
    assert (moment.entry.number, moment.over, moment.share) == (number, over, 1.0)


def test_before_the_first_entry_nothing_is_said_and_a_gap_keeps_the_prompt():
    story = STORY.move(3, 14).remove(1)
    assert story.at(3).entry is None
    assert story.at(3).prompts == ()
    assert story.at(12).entry.number == 2


def test_a_transition_shifts_the_weights_and_a_short_entry_ends_it():
    story = STORY.change(
        2, transition=Transition(4, "slerp"), prompts=[("a cat", 30), ("a fox", 10)]
    )
    moment = story.at(6)
    assert (moment.share, moment.kind, moment.before.number) == (0.25, "slerp", 1)
    assert moment.prompts == (("a duck on the sea", 75.0), ("a cat", 18.75), ("a fox", 6.25))
    assert story.at(5).prompts == (("a duck on the sea", 100.0),)
    assert story.at(9).prompts == (("a cat", 75.0), ("a fox", 25.0))
    assert story.resize(2, end=7).at(6).share == 0.5


def test_the_same_text_on_both_sides_of_a_transition_is_one():
    story = STORY.change(2, transition=Transition(2), prompts="a duck on the sea")
    assert story.at(5.5).prompts == (("a duck on the sea", 100.0),)


def test_events_hold_while_they_run():
    assert LATER.at(0.9).events == ()
    assert LATER.at(2).camera.camera == Camera(pan_px_s=(8, 0))
    assert [event.number for event in LATER.at(13).tracks] == [5]
    assert LATER.at(14).events == ()


def test_changes_are_the_times_when_something_else_holds():
    story = LATER.change(2, transition=Transition(1.5))
    assert story.changes_after(0) == (1, 3, 5, 6.5, 10, 12, 14, 20)
    assert story.changes_after(6.5) == (10, 12, 14, 20)
    assert story.changes_after(20) == ()


def test_switch_frames_are_those_of_every_entry_but_the_first():
    assert STORY.switch_frames(16) == (80, 160)


def test_a_camera_is_scaled_to_the_picture_that_it_moves():
    event = CameraEvent(camera=Camera((8, 4), 0.1, 5), start=0, end=1, size=(64, 64))
    assert event.camera_for((480, 832)) == Camera((104, 30), 0.1, 5)
