"""Feedback, the similarity filter in the stream, snapshots and replay."""

import numpy as np
import pytest
import torch

from oracles import Recipe, frame_by_frame
from pictures import alone, assert_same_picture, drawings, make
from playground import ImageStream
from playground.frames.tensors import from_tensor, to_tensor


def test_feedback_mixes_the_last_picture_into_the_next_input(v_model):
    stream, frames = make(v_model, t_index=(32,), guidance="none", feedback=0.25), drawings(2)
    stream(frames[0])
    before = stream.state.flight.batch.clean[-1]
    picture = stream(frames[1])
    mixed = 0.75 * v_model.encode(to_tensor(frames[1])) + 0.25 * before
    expected = frame_by_frame(v_model, mixed, Recipe(t_index=(32,))).clean[-1]
    assert_same_picture(picture, from_tensor(v_model.decode(expected))[0])


def test_a_loop_of_full_feedback_cannot_run_away(v_model):
    stream = make(v_model, t_index=(10,), guidance="self", guidance_scale=30, delta=0, feedback=1)
    frame = drawings(1)[0]
    for _ in range(60):
        stream(frame)
    assert torch.isfinite(stream.state.flight.batch.clean).all()


def test_frames_in_flight_finish_before_the_picture_freezes(v_model):
    stream = make(v_model, similarity_threshold=0.9, max_skip=50)
    frames = drawings(6)
    for frame in frames[:5]:
        stream(frame)
    still = [stream.step(frames[4]) for _ in range(8)]
    assert [step.frame for step in still] == [2, 3, 4, 4, 4, 4, 4, 4]
    assert [step.skipped for step in still] == [False] * 3 + [True] * 5
    assert_same_picture(still[-1].picture, alone(v_model, frames[4]))
    moving = [stream.step(frames[5]) for _ in range(4)]
    assert [step.frame for step in moving] == [4, 4, 4, 13]
    assert_same_picture(moving[-1].picture, alone(v_model, frames[5]))


def test_a_knob_moves_a_frozen_picture(v_model):
    stream, frame = make(v_model, similarity_threshold=0.9, max_skip=50), drawings(1)[0]
    frozen = [stream.step(frame) for _ in range(6)][-1]
    assert frozen.skipped
    stream.prompt = "a dog in the snow"
    steps = [stream.step(frame) for _ in range(5)]
    assert [step.skipped for step in steps] == [False] * 4 + [True]
    assert_same_picture(steps[-1].picture, alone(v_model, frame, prompt="a dog in the snow"))


@pytest.mark.parametrize("max_skip", [0, 1, 3])
def test_no_more_inputs_are_skipped_in_a_row_than_allowed(v_model, max_skip):
    stream = make(v_model, t_index=(32,), similarity_threshold=0.5, max_skip=max_skip)
    frame = drawings(1)[0]
    skipped = [stream.step(frame).skipped for _ in range(1 + 3 * (max_skip + 1))]
    assert skipped == [False] + 3 * ([True] * max_skip + [False])


def test_a_snapshot_goes_back_and_branches(v_model):
    stream = make(v_model, guidance="initialize", guidance_scale=1.3, similarity_threshold=0.8)
    frames = drawings(9)
    for frame in frames[:4]:
        stream(frame)
    snapshot = stream.state
    went_on = [stream(frame) for frame in frames[4:]]
    stream.prompt, stream.t_index = "a dog", (10, 40)
    stream(frames[0])
    stream.restore(snapshot)
    assert stream.prompt == "a cat"
    assert np.array_equal([stream(frame) for frame in frames[4:]], went_on)
    branch = ImageStream(v_model)
    branch.restore(snapshot)
    assert np.array_equal([branch(frame) for frame in frames[4:]], went_on)


def test_a_snapshot_of_another_kind_is_refused(v_model):
    stream = make(v_model)
    with pytest.raises(ValueError, match="snapshot must come from `state`, got dict"):
        stream.restore({})
    with pytest.raises(ValueError, match="snapshot must be of latents and frame buffer"):
        stream.restore(make(v_model, frame_buffer=2).state)


def test_replaying_the_same_events_gives_the_same_pictures(v_model):
    def play() -> list[np.ndarray]:
        stream, frames = make(v_model, similarity_threshold=0.7), drawings(8)
        pictures = []
        for number, frame in enumerate(frames + frames[-1:] * 4):
            if number == 3:
                stream.prompt = "a dog"
            if number == 6:
                stream.steps = 2
            pictures.append(stream(frame))
        return pictures

    assert np.array_equal(play(), play())
