"""The stream's promises: same seed, same frames; live knobs; constant cost; nothing breaks it."""

import gc
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch

from playground import Engine, Tracks, VideoStream
from small_video import SIZE, frames, path, small_model, stream


@pytest.fixture(scope="module")
def model():
    return small_model()


def differ(first, second):
    return bool((first != second).any())


def test_chunks_follow_one_another(model):
    chunks = [next(stream_) for stream_ in [stream(model)] for _ in range(4)]
    assert [chunk.index for chunk in chunks] == [0, 1, 2, 3]
    assert [chunk.frame for chunk in chunks] == [0, 3, 6, 9]
    assert chunks[0].frames.shape == (3, *SIZE, 3)
    assert chunks[0].frames.dtype == np.uint8
    assert {"prepare", "network", "decode", "total"} <= chunks[0].timings.keys()


def test_the_same_seed_gives_the_same_frames_bit_for_bit(model):
    torch.manual_seed(1)
    first = frames(stream(model, seed=5))
    torch.manual_seed(2)
    np.testing.assert_array_equal(first, frames(stream(model, seed=5)))
    assert differ(first, frames(stream(model, seed=6)))


def test_a_snapshot_goes_on_as_the_original_did(model):
    video = stream(model, tracks=path((2, 2), (14, 12)))
    frames(video, 4)
    video.prompt = "a cat on the beach"
    state = video.state
    expected = frames(video, 4)
    np.testing.assert_array_equal(frames(VideoStream.restore(state), 4), expected)
    np.testing.assert_array_equal(frames(video.restore(state), 4), expected)


def test_branches_do_not_disturb_each_other(model):
    video = stream(model)
    frames(video, 2)
    state = video.state
    other = VideoStream.restore(state)
    other.prompt = "a robot in the night"
    expected = frames(VideoStream.restore(state))
    changed = frames(other)
    np.testing.assert_array_equal(frames(video), expected)
    assert differ(changed, expected)


def test_reset_starts_again(model):
    video = stream(model, seed=3)
    first = frames(video, 2)
    frames(video, 3)
    video.reset()
    assert video.frame == 0
    np.testing.assert_array_equal(frames(video, 2), first)


def test_single_frames_are_those_of_the_chunks(model):
    video, other = stream(model), stream(model)
    steps = [video.step() for _ in range(6)]
    np.testing.assert_array_equal(np.stack([s.picture for s in steps]), frames(other, 2))
    assert [s.frame for s in steps] == list(range(6))
    assert [s.is_fresh for s in steps] == [True, False, False] * 2
    assert steps[0].timings["network"] > 0
    assert steps[1].timings == {}
    assert steps[4].details.index == 1


def test_next_leaves_out_frames_that_nobody_took(model):
    video = stream(model)
    video.step()
    assert next(video).frame == 3
    assert video.step().frame == 6


@pytest.mark.parametrize("recache", ["longlive", "stale"])
def test_a_prompt_acts_from_the_next_chunk_on(model, recache):
    video, other = stream(model, recache=recache), stream(model, recache=recache)
    frames(video, 4), frames(other, 4)
    video.prompt = "a cat on the beach"
    chunk, before = next(video), next(other)
    assert (chunk.prompt, before.prompt) == ("a cat on the beach", "a duck on the sea")
    assert differ(chunk.frames, before.frames)
    told = chunk.cache.prompts
    window = "a cat on the beach" if recache == "longlive" else "a duck on the sea"
    assert told == ("a duck on the sea",) * 3 + (window,) * 3 + ("a cat on the beach",) * 3
    assert "recache" in chunk.timings


def test_a_prompt_before_the_first_chunk_needs_no_recache(model):
    video = stream(model)
    video.prompt = "a cat on the beach"
    np.testing.assert_array_equal(frames(video), frames(stream(model, prompt="a cat on the beach")))
    assert "recache" not in next(video).timings


def test_the_cache_view_says_what_stands_where(model):
    video = stream(model)
    frames(video, 5)
    view = next(video).cache
    assert view.roles == ("sink",) * 3 + ("window",) * 3 + ("current",) * 3
    assert view.frames == (0, 1, 2, 12, 13, 14, 15, 16, 17)
    assert view.attention is None


def test_attention_shares_are_measured_on_request_and_change_nothing(model):
    video, other = stream(model), stream(model)
    steps = [video.step(slots=True) for _ in range(9)]
    np.testing.assert_array_equal(np.stack([s.picture for s in steps]), frames(other, 3))
    first, last = steps[0].chunk.cache.attention, steps[-1].chunk.cache.attention
    assert len(last) == len(model.transformer.blocks)
    np.testing.assert_allclose(np.sum(last, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(first, [(0, 0, 1)] * len(first), atol=1e-5)
    assert (np.array(last) > 0.01).all()


def test_tracks_begin_when_they_are_set(model):
    way = path((2, 2), (14, 12))
    early = stream(model, tracks=way)
    np.testing.assert_array_equal(next(early).tracks.points, way.points[:3])
    late = stream(model)
    frames(late, 2)
    late.tracks = way
    np.testing.assert_array_equal(next(late).tracks.points, way.points[:3])
    np.testing.assert_array_equal(next(late).tracks.points, way.points[3:6])


def test_tracks_reach_the_picture_and_unspecified_ones_do_not(model):
    plain = frames(stream(model))
    assert differ(plain, frames(stream(model, tracks=path((2, 2), (14, 12)))))
    way = path((2, 2), (14, 12))
    hidden = replace(way, visible=np.zeros_like(way.visible))
    np.testing.assert_array_equal(plain, frames(stream(model, tracks=hidden)))


class Pointer:
    """Asked at every chunk, as a live hand is."""

    def __init__(self):
        self.asked = []

    def window(self, start, count):
        self.asked.append((start, count))
        return Tracks.pins([(4 + start, 8)], size=SIZE).window(0, count)


def test_a_live_pointer_is_asked_for_the_frames_of_each_chunk_and_the_one_before(model):
    pointer = Pointer()
    video = stream(model)
    next(video)
    video.tracks = pointer
    moved = [next(video) for _ in range(2)]
    assert pointer.asked == [(2, 4), (5, 4)]
    assert moved[1].tracks.points[0, 0].tolist() == [9, 8]
    assert len(moved[1].tracks.points) == 3


def test_guidance_changes_frames_and_motion_guidance_needs_tracks(model):
    plain, way = frames(stream(model), 1), path((2, 2), (14, 12))
    assert differ(plain, frames(stream(model, text_guidance=3), 1))
    np.testing.assert_array_equal(plain, frames(stream(model, motion_guidance=3), 1))
    told = frames(stream(model, tracks=way), 1)
    assert differ(told, frames(stream(model, tracks=way, motion_guidance=3), 1))


@pytest.mark.parametrize(("text", "motion", "calls"), [(0, 0, 3), (3, 0, 5), (0, 2, 5), (3, 2, 7)])
def test_guidance_evaluates_only_what_it_needs(model, monkeypatch, text, motion, calls):
    counted = []

    def forward(*inputs, **named):
        counted.append(inputs)
        return model.transformer.forward(*inputs, **named)

    monkeypatch.setattr(model, "networks", replace(model.networks, forward=forward))
    video = stream(model, text_guidance=text, motion_guidance=motion, tracks=path((2, 2), (9, 9)))
    next(video)
    assert len(counted) == calls  # two steps and a clean pass, which needs no guidance


@pytest.mark.parametrize(
    "knobs",
    [
        {"steps": 1}, {"steps": 4}, {"policy": "sliding", "sizes": {"window": 6}},
        {"policy": "longlive"}, {"policy": "everything"}, {"sizes": {"sink_chunks": 0}}, {"chunk": 2},
    ],
    ids=str,
)  # fmt: skip
def test_every_knob_may_move_between_two_chunks(model, knobs):
    video = stream(model)
    frames(video, 4)
    video.update(replace(video.controls, **knobs))
    assert frames(video, 3).shape == (3 * knobs.get("chunk", 3), *SIZE, 3)


def living_tensors():
    gc.collect()
    return sum(type(thing) is torch.Tensor for thing in gc.get_objects())


def test_time_and_memory_of_a_chunk_stay_the_same(model):
    video = stream(model, tracks=path((2, 2), (14, 12)))
    frames(video, 20)
    entries, times = set(), []
    tracemalloc.start()
    for number in range(300):
        if number % 70 == 10:
            video.prompt = f"a cat on the {('beach', 'sea')[number % 4 // 2]}"
        if number == 80:
            before, tensors = tracemalloc.get_traced_memory()[0], living_tensors()
        began = time.process_time()
        chunk = next(video)
        times.append(time.process_time() - began)
        entries.add((len(chunk.cache.frames), video.state.flight.rollout.clean.shape[2]))
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert entries == {(9, 9)}
    assert len(video.state.flight.told) <= 3
    assert after - before < 400_000  # frames alone would be 500 kB, if they were kept
    assert living_tensors() <= tensors + 10
    assert np.median(times[-100:]) < 1.5 * np.median(times[:100])


def test_an_engine_drives_it_frame_by_frame(model):
    video = stream(model)
    shots = []
    engine = Engine(video, max_fps=None)
    engine.mailbox.on_put = lambda: shots.append(engine.mailbox._item)
    with engine:
        deadline = time.perf_counter() + 30
        while len(shots) < 12 and time.perf_counter() < deadline:
            time.sleep(0.01)
        engine.replace(prompt="a cat on the beach")
        while time.perf_counter() < deadline and shots[-1].details.prompt != "a cat on the beach":
            time.sleep(0.01)
    assert engine.error is None
    assert [shot.frame for shot in shots[:12]] == list(range(12))
    np.testing.assert_array_equal(
        np.stack([shot.picture for shot in shots[:3]]), next(stream(model)).frames
    )
    answer = next(shot for shot in shots if shot.controls_version == 1)
    assert answer.first
    assert answer.details.prompt == "a cat on the beach"
    assert answer.frame == answer.details.frame


def test_an_engine_paces_the_frames(model):
    video = stream(model)
    next(video)
    with Engine(video, max_fps=video.fps) as engine:
        engine.mailbox.wait(30)
        before, began = engine.meter.pictures, time.perf_counter()
        time.sleep(1)
        rate = (engine.meter.pictures - before) / (time.perf_counter() - began)
    assert rate <= 22


def test_controls_may_act_at_once_and_leave_out_the_rest_of_the_chunk(model):
    video = stream(model, prompt="a duck on the sea")
    assert [video.step().frame for _ in range(4)] == [0, 1, 2, 3]
    video.cut_short()
    assert video.step().frame == 4  # it is the next controls that it waits for
    video.prompt = "a cat on sand"
    step = video.step()
    assert (step.frame, step.chunk.prompt) == (6, "a cat on sand")
    assert [video.step().frame for _ in range(3)] == [7, 8, 9]
