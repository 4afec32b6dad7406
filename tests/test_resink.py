"""A grab or a release: what counts as one, what the newest chunk is told then, and what it does to a stream."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from playground import Tracks, VideoStream
from playground.conditioning.live_tracks import LiveTracks
from playground.memory.policies import policy
from playground.streams.resink import patched, retold
from playground.streams.rollout import RolloutState, begun_anew, generate_chunk
from random_video import random_context, random_wan
from small_video import SIZE, frames, small_model, stream
from test_rollout import PLAN, TRACKED, Spy, noise_of, run, tracks_of


def told(*places, frames=4, identity=None, scene=False, by=(0, 0)):
    """Points from these places on that move `by` pixels a frame."""
    way = np.arange(frames)[:, None, None] * np.array(by, np.float32)
    points = np.array(places, np.float32)[None] + way
    return Tracks(points, identity=identity, scene=np.full(len(places), scene))


NOTHING = Tracks(np.zeros((4, 0, 2)))


@pytest.mark.parametrize(
    ("before", "coming", "same"),
    [
        (None, None, True),
        (None, NOTHING, True),
        (NOTHING, None, True),
        (told((20, 20), frames=3), told((22, 20)), False),  # near: the same thing
        (told((20, 20), frames=3), told((50, 50), by=(3, 0)), True),  # a fast hand, the same point
        (told((20, 20), frames=3), told((20, 20), (25, 22)), True),  # one more point on the thing
        (told((20, 20), (25, 22), frames=3), told((20, 20)), True),  # one point less
        (None, told((20, 20), scene=True), True),  # what is untold goes with the scene
        (told((20, 20), frames=3, scene=True), None, False),
    ],
)
def test_what_is_neither_grabbed_nor_let_go_is_no_news(before, coming, same):
    assert retold(before, coming, 3, same=same) is None


def test_what_is_grabbed_stood_where_it_was_grabbed():
    answer = retold(None, told((20, 30), by=(2, 0), identity=[7]), 3, same=True)
    assert answer.frames == 4
    assert not answer.visible[0].any()
    assert answer.visible[1:].all()
    np.testing.assert_array_equal(answer.points[:, 0], [(20, 30)] * 4)
    assert answer.identity.tolist() == [7]


def test_nothing_was_told_of_what_is_let_go():
    answer = retold(told((20, 30), frames=3, by=(2, 0)), None, 3, same=False)
    assert not answer.visible.any()


def test_what_ends_in_mid_chunk_is_let_go_before_the_next_one():
    run = told((20, 30), frames=8).window(5, 3)
    short = Tracks(run.points, visible=np.array([[True], [True], [False]]))
    assert retold(short, NOTHING, 3, same=True) is not None


def test_what_is_held_goes_on_as_it_was_told():
    held = told((10, 10), by=(2, 1), identity=[3], frames=3)
    both = told((16, 13), (50, 50), identity=[3, 4])
    answer = retold(held, both, 3, same=True)
    np.testing.assert_array_equal(answer.points[1:, 0], held.points[:, 0])
    np.testing.assert_array_equal(answer.points[1:, 1], [(50, 50)] * 3)
    back = retold(Tracks(both.points[1:], identity=[3, 4]), held.window(0, 4), 3, same=True)
    assert back.identity[back.visible.any(0)].tolist() == [3]


def test_other_tracks_elsewhere_are_a_grab_and_a_release():
    answer = retold(told((10, 10), frames=3), told((50, 50)), 3, same=False)
    np.testing.assert_array_equal(answer.points[1:, 0], [(50, 50)] * 3)
    assert answer.count == 1


def random_chunk(seed, frames=3):
    return torch.randn(1, 16, frames, 4, 4, generator=torch.Generator().manual_seed(seed))


def test_where_nothing_has_changed_the_earlier_chunk_stays():
    sink = random_chunk(1)
    newest = sink + 0.1 * random_chunk(2)
    assert torch.equal(patched(newest, sink), sink)
    newest[:, :, :, 1, 2] += 1
    mixed = patched(newest, sink)
    assert torch.equal(mixed[:, :, :, 1, 2], newest[:, :, :, 1, 2])
    mixed[:, :, :, 1, 2] = sink[:, :, :, 1, 2]
    assert torch.equal(mixed, sink)


def test_what_looks_as_in_the_beginning_is_taken_from_there():
    first = random_chunk(1)
    sink = first + 0.1 * random_chunk(2)
    sink[:, :, :, 0] += 1
    newest = sink + 0.1 * random_chunk(3)
    mixed = patched(newest, sink, first)
    assert torch.equal(mixed[:, :, :, 1:], first[:, :, :, 1:])
    assert torch.equal(mixed[:, :, :, 0], sink[:, :, :, 0])


def test_a_chunk_of_another_length_is_taken_whole():
    newest = random_chunk(1, frames=2)
    assert patched(newest, random_chunk(1), None) is newest


# ------------------------------------------------------------ what it does to a stream


@pytest.mark.parametrize("name", ["motionstream", "longlive", "sink_window"])
def test_a_stream_begun_anew_is_one_that_began_with_its_newest_chunk(name):
    """The same entries as a stream has whose first chunk is that one, and the same next chunk."""
    model, rule = random_wan(**TRACKED), policy(name)
    state, context = run(model, rule, 5)[0], random_context(model)
    anew = begun_anew(model, state, [(12, state.clean[:, :, -3:])], context, rule, tracks_of(9))
    clean = state.clean[:, :, -3:]
    _, fresh = model(
        clean, torch.zeros(1, 3), context, positions=torch.arange(3), tracks=tracks_of(9)
    )
    assert anew.cache.frames == (12, 13, 14)
    assert anew.cache.sink == 3
    assert (anew.frame, anew.chunk, anew.prompt) == (state.frame, state.chunk, state.prompt)
    assert_close(anew.cache.entries.k, fresh.k, atol=1e-6, rtol=1e-6)
    assert_close(anew.cache.entries.v, fresh.v, atol=1e-6, rtol=1e-6)
    begun = RolloutState(
        cache=rule.commit(RolloutState().cache, fresh, 0, 0),
        frame=3, chunk=1, clean=clean, tracks=tracks_of(9),
    )  # fmt: skip
    after, expected = (
        generate_chunk(model, one, context, rule, PLAN, noise_of(1), tracks_of(1))[1]
        for one in (anew, begun)
    )
    assert_close(after.latents, expected.latents, atol=1e-5, rtol=1e-5)


def test_it_costs_one_pass_over_one_chunk():
    model, rule = random_wan(**TRACKED), policy("motionstream")
    state, spy = run(model, rule, 5)[0], Spy(model)
    begun_anew(spy, state, [(12, state.clean[:, :, -3:])], random_context(model), rule)
    (call,) = spy.calls
    assert torch.equal(call["x"], state.clean[:, :, -3:])
    assert call["past"] is None


@pytest.fixture(scope="module")
def model():
    return small_model()


def dragged(model, **knobs):
    """A stream and its chunks: two untold, two with a thing held, two after it was let go."""
    tracks = LiveTracks(fps=20, size=SIZE)
    video = stream(model, tracks=tracks, **knobs)
    chunks = [next(video) for _ in range(2)]
    key = tracks.grab(4, 4)
    chunks.append(next(video))
    tracks.move(key, 9, 6)
    chunks.append(next(video))
    tracks.release(key)
    return video, [*chunks, next(video), next(video)]


def test_grab_and_release_make_the_chunk_before_them_the_sink(model):
    _, chunks = dragged(model)
    assert [chunk.resunk for chunk in chunks] == [False, False, True, False, True, False]
    sinks = [chunk.cache.frames[:3] for chunk in chunks]
    assert sinks == [(0, 1, 2)] * 2 + [(3, 4, 5)] * 2 + [(9, 10, 11)] * 2
    assert [sum(chunk.cache.rewritten) for chunk in chunks] == [0, 0, 3, 0, 3, 0]
    assert [chunk.cache.recache_ms > 0 for chunk in chunks] == [chunk.resunk for chunk in chunks]
    assert all(chunk.cache.roles[:3] == ("sink",) * 3 for chunk in chunks[1:])


def test_it_can_be_switched_off_and_needs_a_sink(model):
    for knobs in ({"resink": False}, {"sizes": {"sink_chunks": 0}}, {"policy": "everything"}):
        _, chunks = dragged(model, **knobs)
        assert not any(chunk.resunk for chunk in chunks)


def test_the_state_knows_the_chunks_that_stream_and_cache_begin_with(model):
    video = stream(model)
    states = [video.state.flight.rollout for _ in range(4) if next(video)]
    assert all(state.sink is state.first is states[0].first for state in states)
    video.recache, video.prompt = "causal", "a fox on snow"
    next(video)
    moved = video.state.flight.rollout
    assert moved.cache.frames[:3] == (3, 4, 5)
    assert moved.first is states[0].first
    assert torch.equal(moved.sink, states[-1].clean[:, :, :3])
    video.tracks = Tracks.pins([(8, 8)], size=SIZE)
    next(video)
    begun = video.state.flight.rollout
    assert begun.cache.frames[:3] == (12, 13, 14)
    assert begun.first is states[0].first
    assert torch.equal(begun.sink, patched(moved.clean[:, :, -3:], moved.sink, moved.first))
    assert torch.equal(begun.clean[:, :, :3], begun.sink)


def test_it_changes_what_comes(model):
    with_it, without = (dragged(model, resink=on)[1] for on in (True, False))
    assert (with_it[1].frames == without[1].frames).all()
    assert (with_it[2].frames != without[2].frames).any()


def test_a_restored_stream_makes_it_again(model):
    video = stream(model)
    frames(video, 2)
    state = video.state
    for _ in range(2):
        again = VideoStream.restore(state)
        again.tracks = Tracks.from_strokes([[(2, 2), (12, 12)]], size=SIZE)
        made = [next(again) for _ in range(3)]
        assert [chunk.resunk for chunk in made] == [True, False, False]
    video.tracks = Tracks.from_strokes([[(2, 2), (12, 12)]], size=SIZE)
    np.testing.assert_array_equal(frames(video), np.concatenate([c.frames for c in made]))


def test_a_new_prompt_and_a_grab_at_once(model):
    video = stream(model)
    frames(video, 4)
    video.prompt, video.tracks = "a fox on snow", Tracks.pins([(8, 8)], size=SIZE)
    chunk = next(video)
    assert chunk.resunk
    assert chunk.switch is not None
    assert set(chunk.cache.prompts) == {"a fox on snow"}
    assert len(chunk.cache.frames) == 6


def test_a_chunk_of_another_length_may_follow(model):
    video = stream(model)
    frames(video, 2)
    video.chunk, video.tracks = 2, Tracks.pins([(8, 8)], size=SIZE)
    chunk = next(video)
    assert chunk.resunk
    assert chunk.frames.shape[0] == 2
    assert frames(video, 3).shape[0] == 6
