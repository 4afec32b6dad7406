"""Bad frames and settings are refused in words, and the stream goes on."""

import numpy as np
import pytest
import torch

from pictures import alone, assert_same_picture, drawings, make
from playground import Controls, ImageStream

BAD_FRAMES = [
    (np.zeros((0, 0, 3), np.uint8), ValueError, "frame must not be empty"),
    (np.zeros((64, 64), np.int32), ValueError, "frame must be uint8"),
    (np.full((64, 64, 3), np.nan, np.float32), ValueError, "frame must hold finite numbers"),
    (np.full((64, 64, 3), 7.0, np.float32), ValueError, "frame of floats must be in 0..1"),
    (np.zeros((2, 2, 64, 64, 3), np.uint8), ValueError, "frame must have shape"),
    (np.zeros((8192, 8192, 3), np.uint8), ValueError, "frame must have sides of at most 4096"),
    ("no/such/picture.png", FileNotFoundError, "frame must be a picture file that exists"),
    (__file__, ValueError, "frame must be a picture that can be read"),
    (3.5, ValueError, "frame must be an array"),
]


@pytest.mark.parametrize(("frame", "kind", "message"), BAD_FRAMES, ids=[m for *_, m in BAD_FRAMES])
def test_a_bad_frame_is_refused_and_the_stream_goes_on(v_model, frame, kind, message):
    stream, frames = make(v_model), drawings(5)
    stream(frames[0])
    before = stream.state
    with pytest.raises(kind, match=message):
        stream(frame)
    assert stream.state.flight is before.flight
    for good in frames[1:]:
        picture = stream(good)
    assert_same_picture(picture, alone(v_model, frames[1]))


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64, 64, 3), np.float32),
        np.zeros((100, 37, 3), np.uint8),
        torch.zeros(3, 64, 64),
    ],
    ids=["one pixel", "grey", "RGBA", "float", "odd size", "tensor"],
)
def test_any_kind_of_picture_streams(v_model, frame):
    assert make(v_model, t_index=(32,))(frame).shape == (64, 64, 3)


@pytest.mark.parametrize(
    "frames", [np.zeros((64, 64, 3), np.uint8), [], [np.zeros((9, 9), np.uint8)]]
)
def test_a_buffer_of_the_wrong_length_is_refused(v_model, frames):
    stream = make(v_model, frame_buffer=2)
    with pytest.raises(ValueError, match="frame must be a list of 2 frames"):
        stream(frames)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"frame_buffer": 5}, "frame_buffer must be in 1..4, got 5"),
        ({"frame_buffer": 0}, "frame_buffer must be in 1..4, got 0"),
        ({"size": (66, 64)}, r"multiples of 4, got \(66, 64\); use \(64, 64\)"),
        ({"size": (0, 64)}, "size must have sides of 1..4096 pixels"),
        ({"mode": "parallel"}, "mode must be one of batch, sequential; got 'parallel'"),
        (
            {"num_inference_steps": 51},
            "num_inference_steps must be in 1..50 for this model, got 51",
        ),
        ({"num_inference_steps": 25, "t_index": (4, 30)}, "below the 25 inference steps"),
        ({"backend": "other"}, "backend must be 'own' or 'streamdiffusion', got 'other'"),
    ],
)
def test_settings_out_of_range_are_refused(v_model, settings, message):
    with pytest.raises(ValueError, match=message):
        make(v_model, **settings)


def test_a_clip_needs_single_frames(v_model):
    with pytest.raises(ValueError, match="frame_buffer must be 1 to make a clip, got 2"):
        next(make(v_model, frame_buffer=2).clip([]))


def test_a_very_long_prompt_streams_and_is_remarked_on(v_model):
    stream = make(v_model, prompt="a cat " * 1700)
    assert stream(drawings(1)[0]).shape == (64, 64, 3)
    (remark,) = stream.remarks
    assert "is cut to 16" in remark
    stream.prompt = "a cat"
    assert stream.remarks == ()


def test_default_controls_are_those_of_the_facade(v_model):
    assert ImageStream(v_model).controls == Controls()
