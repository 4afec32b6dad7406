"""Every knob may move while a stream runs: no restart, no rubbish, and refusals change nothing."""

import dataclasses

import numpy as np
import pytest
import torch

from pictures import KINDS, alone, assert_same_picture, drawings, make
from playground import ImageStream

CHANGES = [
    {"prompt": "a dog"},
    {"negative_prompt": "good"},
    {"blend": (("a cat", 1), ("a dog", 2))},
    {"blend": (("a cat", 1), ("a dog", 2), ("a fox", 0.5)), "blend_mode": "slerp"},
    {"guidance": "none"},
    {"guidance": "full"},
    {"guidance": "self"},
    {"guidance": "initialize"},
    {"guidance_scale": 2.0},
    {"guidance_scale": 1.0},
    {"delta": 0.3},
    {"t_index": (0, 10, 20, 30)},
    {"t_index": (40,)},
    {"t_index": (5, 45)},
    {"t_index": (0, 6, 12, 18, 24, 30, 36, 42)},
    {"seed": 77},
    {"seed_blend": (5, 0.5)},
    {"seed_blend": (5, 1.0)},
    {"feedback": 0.5},
    {"similarity_threshold": 0.9},
    {"max_skip": 0},
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_after_a_change_the_stream_is_that_of_the_changed_knobs(v_model, kind, change):
    """No restart, no rubbish: every picture on the way is sound, and n calls later it is exact."""
    stream, frames = make(v_model, guidance=kind, guidance_scale=1.3), drawings(16)
    for frame in frames[:5]:
        stream(frame)
    stream.update(dataclasses.replace(stream.controls, **change))
    steps = len(stream.t_index)
    for frame in frames[5 : 5 + steps]:
        step = stream.step(frame)
        clean = stream.state.flight.batch.clean
        assert torch.isfinite(clean).all()
        assert clean.shape == (steps, 1, 4, 16, 16)
        assert step.picture.shape == (64, 64, 3)
    if "feedback" in change:
        return
    fresh = ImageStream(v_model, stream.controls)
    assert_same_picture(step.picture, fresh(frames[5]))


def test_a_prompt_shows_in_the_very_next_picture(v_model):
    streams = [make(v_model, guidance="none") for _ in range(2)]
    frames = drawings(6)
    for frame in frames[:5]:
        assert np.array_equal(*[stream(frame) for stream in streams])
    streams[1].prompt = "a dog in the snow"
    assert not np.array_equal(*[stream(frames[5]) for stream in streams])


@pytest.mark.parametrize("kind", ["full", "initialize"])
def test_the_negative_prompt_is_live(v_model, kind):
    stream, frames = make(v_model, guidance=kind, guidance_scale=2.0), drawings(6)
    for frame in frames[:3]:
        stream(frame)
    stream.negative_prompt = "snow"
    for frame in (frames[3], *frames[:3]):
        picture = stream(frame)
    assert_same_picture(picture, alone(v_model, frames[3], kind=kind, scale=2.0, negative="snow"))
    assert not np.array_equal(picture, alone(v_model, frames[3], kind=kind, scale=2.0))


def test_random_turns_of_all_knobs_never_break_the_stream(v_model):
    draw, stream, frames = np.random.default_rng(0), make(v_model), drawings(8)
    for number in range(60):
        change = CHANGES[draw.integers(len(CHANGES))]
        stream.update(dataclasses.replace(stream.controls, **change))
        step = stream.step(frames[number % 8] if draw.random() < 0.8 else None, slots=True)
        assert torch.isfinite(stream.state.flight.batch.clean).all()
        assert step.slots.shape == (len(stream.t_index), 64, 64, 3)
        assert step.picture.shape == (64, 64, 3)


def test_knobs_are_attributes_and_unknown_ones_are_refused(v_model):
    stream = make(v_model)
    stream.blend = [("a cat", 1), ("a dog", 1)]
    stream.prompt = "a fox"
    assert stream.blend == ()
    stream.strength = 0.5
    assert stream.t_index == (25, 31, 37, 43)
    stream.steps = 2
    assert (stream.t_index, stream.strength, stream.lag) == ((25, 37), 0.5, 1)
    with pytest.raises(AttributeError, match="promt"):
        stream.promt = "a fox"


@pytest.mark.parametrize(
    ("knob", "value", "message"),
    [
        ("t_index", (10, 50), r"t_index entries must be below the 50 inference steps"),
        ("t_index", (), "t_index must have 1..8 entries, got 0"),
        ("guidance", "more", "guidance must be one of"),
        ("guidance_scale", -1, "guidance_scale must be in 0..30, got -1"),
        ("prompt", "", "prompt must not be empty"),
        ("strength", 3, "strength must be in 0..1, got 3"),
        ("steps", 9, "steps must be in 1..8, got 9"),
        ("mode", "fast", "mode must be one of batch, sequential; got 'fast'"),
        ("seed", 1.5, "seed must be a whole number"),
    ],
)
def test_a_refused_change_leaves_the_stream_as_it_was(v_model, knob, value, message):
    stream, frames = make(v_model), drawings(2)
    stream(frames[0])
    before = stream.state
    with pytest.raises(ValueError, match=message):
        setattr(stream, knob, value)
    assert stream.controls is before.controls
    picture = stream(frames[1])
    stream.restore(before)
    assert np.array_equal(picture, stream(frames[1]))


def test_a_text_encoder_that_fails_leaves_the_stream_as_it_was(v_model, monkeypatch):
    stream, frames = make(v_model), drawings(2)
    stream(frames[0])
    before = stream.controls

    def fail(text):
        raise RuntimeError("no memory left")

    monkeypatch.setattr(v_model, "encode_prompt", fail)
    with pytest.raises(RuntimeError, match="no memory left"):
        stream.prompt = "a dog"
    assert stream.controls is before
    assert stream(frames[1]).shape == (64, 64, 3)


def test_only_controls_are_taken_for_controls(v_model):
    with pytest.raises(ValueError, match="controls must be Controls, got dict"):
        make(v_model).update({"prompt": "a fox"})
