"""Verbs give another timeline; what has been played can no longer be changed."""

import pytest

from playground import Timeline
from playground.conditioning.timeline_values import Entry, Transition
from timelines import LATER, STORY, spans

# ---------------------------------------------------------------- editing


def test_add_goes_behind_the_last_one_or_where_it_is_told():
    assert spans(STORY.add("a car", seconds=2)) == [*spans(STORY), (4, 20, 22)]
    assert spans(STORY.remove(2).add("a car", 6, 8))[1] == (4, 6, 8)
    entry = Entry(prompts="a car", start=30, end=31, number=1)
    assert spans(STORY.add(entry))[-1] == (4, 30, 31)


def test_move_keeps_the_length_and_resize_one_side():
    assert spans(STORY.move(3, 12.5))[2] == (3, 12.5, 22.5)
    assert spans(STORY.resize(2, end=7))[1] == (2, 5, 7)
    assert spans(STORY.resize(2, start=6))[1] == (2, 6, 10)
    moved = LATER.move(5, 15)
    assert (moved.item(5).start, moved.item(5).end) == (15, 17)


def test_moving_past_others_sorts_but_keeps_the_numbers():
    assert spans(STORY.move(1, 20)) == [(2, 5, 10), (3, 10, 20), (1, 20, 25)]


def test_split_makes_two_that_say_the_same():
    story = STORY.change(2, transition=Transition(1, "slerp")).split(7)
    assert spans(story)[1:3] == [(2, 5, 7), (4, 7, 10)]
    assert story.item(4).prompts == story.item(2).prompts
    assert story.item(4).transition == Transition(0, "slerp")
    assert story.at(8).prompts == STORY.at(8).prompts


def test_duplicate_pushes_back_only_what_is_in_its_way():
    gap = STORY.resize(2, end=6).move(3, 15)
    assert spans(gap.duplicate(1)) == [(1, 0, 5), (4, 5, 10), (2, 10, 11), (3, 15, 25)]
    assert spans(STORY.duplicate(1, 40))[-1] == (4, 40, 45)
    copied = LATER.duplicate(4)
    assert (copied.item(6).start, copied.item(6).end) == (3, 5)


def test_remove_leaves_a_gap_which_the_entry_before_fills():
    assert STORY.remove(2).at(7).entry.number == 1
    assert LATER.remove(4).remove(5) == STORY


BAD_EDITS = [
    (lambda s: s.move(2, 3), "entry 2: start must be at or after 5 s, where entry 1 ends, got 3 s"),
    (lambda s: s.move(2, -3), "start must be >= 0 seconds, got -3"),
    (lambda s: s.resize(2, end=4), "entry 2: end must be after its start 5 s, got 4 s"),
    (lambda s: s.split(5), "at must be inside an entry, got 5 s"),
    (lambda s: s.split(99), "at must be inside an entry, got 99 s"),
    (lambda s: s.remove(9), r"number must be that of an entry or event \(1, 2, 3\), got 9"),
    (lambda s: Timeline().remove(1), r"number must be that of an entry or event \(none\), got 1"),
    (
        lambda s: s.add("a car", 8, 12),
        "entry 4: start must be at or after 10 s, where entry 2 ends",
    ),
    (lambda s: s.duplicate(1, 2), "entry 4: start must be at or after 5 s, where entry 1 ends"),
]


@pytest.mark.parametrize(("edit", "message"), BAD_EDITS, ids=[m[:40] for _, m in BAD_EDITS])
def test_edits_that_cannot_be_are_refused(edit, message):
    with pytest.raises(ValueError, match=message):
        edit(STORY)


PAST = LATER.fixed_until(7)  # entry 1 and event 4 are over, entry 2 runs
PAST_EDITS = [
    (lambda s: s.move(1, 21), "entry 1: must stay as it is, since it has been played at 7 s"),
    (lambda s: s.remove(1), "entry 1: must stay as it is, since it has been played at 7 s"),
    (lambda s: s.change(1, prompts="x"), "entry 1: must stay as it is, since it has been played"),
    (lambda s: s.resize(1, end=4), "entry 1: must stay as it is, since it has been played"),
    (
        lambda s: s.remove(2),
        "entry 2: must stay as it is, since it is running at 7 s and only its end",
    ),
    (lambda s: s.change(2, prompts="x"), "entry 2: must stay as it is, since it is running at 7 s"),
    (lambda s: s.resize(2, start=6), "entry 2: must stay as it is, since it is running at 7 s"),
    (
        lambda s: s.resize(2, end=6),
        "entry 2: end must be at or after 7 s, since .* played, got 6 s",
    ),
    (lambda s: s.split(6), "entry 2: end must be at or after 7 s"),
    (lambda s: s.remove(4), "event 4: must stay as it is, since it has been played at 7 s"),
    (lambda s: s.add_camera(4, 6, zoom_per_s=0.1), "event 6: start must be at or after 7 s, since"),
    (
        lambda s: s.move(5, 6),
        "event 5: start must be at or after 7 s, since what lies before has been",
    ),
]


@pytest.mark.parametrize(("edit", "message"), PAST_EDITS, ids=[m[:40] for _, m in PAST_EDITS])
def test_what_has_been_played_cannot_be_changed(edit, message):
    with pytest.raises(ValueError, match=message):
        edit(PAST)
    assert PAST == LATER


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s.resize(2, end=7), lambda s: s.resize(2, end=8.5), lambda s: s.split(7.5),
        lambda s: s.move(3, 11), lambda s: s.remove(3), lambda s: s.change(3, prompts="x"),
        lambda s: s.resize(2, end=7).add("a car", 7, 8), lambda s: s.duplicate(2), lambda s: s.remove(5),
    ],
)  # fmt: skip
def test_the_future_is_free_and_a_running_entry_may_change_its_end(edit):
    edited = edit(PAST)
    assert edited != LATER
    assert edited.fixed_s == 7
    for time in (0, 1, 2.5, 4.9, 5, 6.9):
        assert (edited.at(time).prompts, edited.at(time).camera) == (
            LATER.at(time).prompts,
            LATER.at(time).camera,
        )


def test_without_a_mark_everything_is_free():
    LATER.check_edit(LATER.remove(1))
    with pytest.raises(ValueError, match="entry 1: must stay as it is"):
        LATER.check_edit(LATER.remove(1), 3)


def test_what_is_added_goes_behind_what_was_played():
    assert STORY.fixed_until(33).add("a car").entries[-1].start == 33
