"""A timeline plays on a stream: at the right chunks, twice the same, edited while it plays."""

from itertools import pairwise

import numpy as np
import pytest

from fake_video import FakeVideo
from playground import Timeline, Tracks
from playground.conditioning.timeline_values import Transition
from playground.streams.timeline_player import TimelinePlayer
from small_video import SIZE, frames, small_model, stream
from timelines import QUICK, played, told


@pytest.fixture(scope="module")
def model():
    return small_model()


# ---------------------------------------------------------------- when a prompt fires


def test_a_switch_fires_at_the_first_chunk_that_starts_at_its_frame_or_later(model):
    wanted = [40, 80, 120, 160, 200]  # of 240, as in LongLive's example
    words = ["duck", "cat", "fox", "robot", "car", "duck"]
    line = '{"prompts_list": [' + ", ".join(f'"a {word} on snow"' for word in words) + "]}"
    story = Timeline.read(line, switch_frames=wanted, fps=20, frames=240)
    video = stream(model, chunk=3)
    chunks = played(TimelinePlayer(video, story), 80)
    assert story.switch_frames(20) == tuple(wanted)
    fired = [b.frame for a, b in pairwise(chunks) if a.prompt != b.prompt]
    assert fired == [next(f for f in range(0, 240, 3) if f >= frame) for frame in wanted]
    assert fired[0] == 42


def test_a_gap_and_the_end_keep_the_prompt_and_before_the_first_the_stream_has_its_own(model):
    story = QUICK.move(3, 2).remove(1)  # from 0.5 to 1 s, and from 2 to 3 s
    player = TimelinePlayer(stream(model, prompt="a car on grass"), story)
    by_frame = told(played(player, 25))
    assert [by_frame[frame] for frame in (0, 9, 12, 39, 42, 72)] == [
        "a car on grass", "a car on grass", "a cat on the beach", "a cat on the beach",
        "a fox on snow", "a fox on snow",
    ]  # fmt: skip
    assert player.over


def test_played_twice_it_gives_the_same_frames_bit_for_bit(model):
    story = QUICK.change(2, transition=Transition(0.3, "slerp")).add_camera(
        0.2, 0.8, pan_px_s=(9, 0)
    )
    story = story.add_tracks(Tracks.from_strokes([[(2, 2), (14, 12)]], size=SIZE), 1.02)
    player = TimelinePlayer(stream(model, seed=3), story)
    first = frames(player, 14)
    player.restart()
    np.testing.assert_array_equal(frames(player, 14), first)
    other = TimelinePlayer(stream(model, seed=3), story)
    steps = np.stack([other.step().picture for _ in range(42)])
    np.testing.assert_array_equal(steps, first)


def test_a_timeline_gives_what_a_hand_would_have_given(model):
    player, by_hand = (
        TimelinePlayer(stream(model), QUICK),
        stream(model, prompt="a duck on the sea"),
    )
    first = frames(by_hand, 4)
    by_hand.prompt = "a cat on the beach"
    np.testing.assert_array_equal(frames(player, 7), np.concatenate([first, frames(by_hand)]))


def test_a_transition_becomes_one_of_whole_chunks_and_the_hands_own_comes_back(model):
    from playground.streams.transition import Transition as Way

    story = QUICK.change(2, transition=Transition(0.45, "slerp"))
    video = stream(model, transition=Way(chunks=7))
    player = TimelinePlayer(video, story)
    ways = []
    for _ in range(9):
        next(player)
        ways.append(video.controls.transition)
    assert ways[0] is None  # the first entry comes with a cut
    assert ways[4:7] == [Way(chunks=3, kind="slerp")] * 3
    assert ways[7:] == [None, Way(chunks=7)]  # the third with a cut, and then the hand's own


# ---------------------------------------------------------------- edited while it plays


def test_an_edit_of_the_future_takes_effect(model):
    player = TimelinePlayer(stream(model), QUICK)
    played(player, 2)
    player.timeline = player.timeline.change(2, prompts="a robot in the night")
    by_frame = told(played(player, 4))
    assert (by_frame[9], by_frame[12]) == ("a duck on the sea", "a robot in the night")


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s.remove(1),
        lambda s: s.change(2, prompts="a car"),
        lambda s: s.resize(2, end=0.55),
    ],
)
def test_an_edit_of_the_past_is_refused_and_nothing_changes(model, edit):
    player, other = TimelinePlayer(stream(model), QUICK), TimelinePlayer(stream(model), QUICK)
    played(player, 5), played(other, 5)  # up to 0.75 s; entry 2 runs
    with pytest.raises(ValueError, match=r"entry [12]: .* 0\.75 s"):
        edit(player.timeline)
    with pytest.raises(ValueError, match=r"entry [12]: .* 0\.75 s"):
        player.timeline = edit(QUICK)
    assert player.timeline == QUICK
    np.testing.assert_array_equal(frames(player, 6), frames(other, 6))


def test_the_end_of_what_runs_may_change(model):
    player = TimelinePlayer(stream(model), QUICK)
    played(player, 5)
    player.timeline = player.timeline.resize(2, end=0.8).move(3, 0.8)
    assert told(played(player, 2))[18] == "a fox on snow"


def test_frames_that_are_being_made_are_past_already(model):
    player = TimelinePlayer(video := FakeVideo(work_s=0), QUICK)
    seen = []

    def step(frame=None, **wants):
        seen.append(player.fixed_s)

    video.step = step
    player.step()
    assert seen == [0.15]
    assert player.fixed_s == 0


# ---------------------------------------------------------------- seek, pause, stop


def test_seeking_jumps_without_a_cut_in_the_video(model):
    player = TimelinePlayer(stream(model), QUICK)
    played(player, 2)
    player.seek(1.2)
    assert (player.time, player.fixed_s) == (1.2, 1.2)
    chunk = next(player)
    assert (chunk.frame, chunk.prompt) == (6, "a fox on snow")
    player.seek(0)
    player.timeline = player.timeline.change(2, prompts="a robot")  # to be played again: free
    assert next(player).prompt == "a duck on the sea"


def test_a_pause_holds_the_timeline_and_the_video_goes_on(model):
    player = TimelinePlayer(stream(model), QUICK)
    played(player, 3)
    player.pause()
    assert {chunk.prompt for chunk in played(player, 6)} == {"a duck on the sea"}
    assert (player.time, player.playing) == (0.45, False)
    player.play()
    by_frame = told(played(player, 2))
    assert by_frame == {27: "a duck on the sea", 30: "a cat on the beach"}


def test_stop_leaves_the_prompt_and_gives_the_tracks_back(model):
    story = QUICK.add_tracks(Tracks.pins([(4, 4)], size=SIZE), 0, 2)
    player = TimelinePlayer(stream(model), story)
    assert played(player, 5)[-1].tracks.count == 1
    player.stop()
    chunks = played(player, 8)
    assert {chunk.prompt for chunk in chunks} == {"a cat on the beach"}
    assert not any(chunk.tracks.visible.any() for chunk in chunks)
    player.stop()
    player.play()
    assert next(player).prompt == "a duck on the sea"


def test_another_timeline_begins_at_its_beginning(model):
    player = TimelinePlayer(stream(model), QUICK)
    played(player, 5)
    player.load(Timeline.read("a robot in the night[1s]"))
    assert next(player).prompt == "a robot in the night"


def test_nothing_is_said_before_it_is_played(model):
    player = TimelinePlayer(stream(model, prompt="a car on grass"), QUICK, playing=False)
    assert next(player).prompt == "a car on grass"
    player.play()
    assert next(player).prompt == "a duck on the sea"
    assert player.time == 0.15
