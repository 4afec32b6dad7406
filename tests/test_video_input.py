"""Controls that a video stream refuses: in words, and the stream goes on as before."""

from dataclasses import replace

import numpy as np
import pytest

from playground import Tracks, VideoControls, VideoStream
from small_video import SIZE, frames, path, small_model, stream


@pytest.fixture(scope="module")
def model():
    return small_model()


REFUSED = [
    ({"prompt": "xyzzy"}, "prompt must have a word that this model knows, got 'xyzzy'"),
    ({"prompt": ""}, "prompt must have a word that this model knows, got ''"),
    ({"policy": "magic"}, "policy must be one of everything, sliding, .* got 'magic'"),
    ({"sizes": {"sink": 2}}, "sizes of policy 'motionstream' must be among"),
    ({"policy": "sliding", "sizes": {"window": 2}}, "window must be >= 3"),
    ({"tracks": Tracks.pins([(3, 3)])}, r"tracks must have the stream's size \(16, 16\)"),
    ({"tracks": Tracks.pins([(3, 3)], size=SIZE, fps=30)}, "tracks must have the stream's fps 20"),
]


@pytest.mark.parametrize(("knobs", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_what_the_stream_refuses_changes_nothing(model, knobs, message):
    video, other = stream(model), stream(model)
    frames(video, 2), frames(other, 2)
    with pytest.raises(ValueError, match=message):
        video.update(replace(video.controls, **knobs))
    np.testing.assert_array_equal(frames(video, 2), frames(other, 2))
    with pytest.raises(ValueError, match=message):
        stream(model, **knobs)


def test_things_that_are_no_controls_or_snapshots_are_refused(model):
    video = stream(model)
    with pytest.raises(ValueError, match="controls must be VideoControls, got dict"):
        video.update({})
    with pytest.raises(ValueError, match=r"state must come from `video\.state`, got int"):
        video.restore(3)
    with pytest.raises(ValueError, match=r"state must come from `video\.state`, got NoneType"):
        VideoStream.restore(None)
    with pytest.raises(ValueError, match="state must be of a stream of the same model"):
        video.restore(stream(small_model(1)).state)


def test_a_model_without_track_input_refuses_tracks():
    video = stream(small_model(track_channels=0))
    assert frames(video, 2).shape == (6, *SIZE, 3)
    with pytest.raises(ValueError, match="tracks must be None for a model without a track input"):
        video.tracks = path((2, 2), (9, 9))


def test_a_live_object_that_fails_leaves_the_stream_as_it_was(model):
    class Broken:
        def window(self, start, count):
            return [1, 2]

    video = stream(model)
    frames(video, 2)
    video.tracks = Broken()
    with pytest.raises(ValueError, match=r"tracks\.window must give Tracks, got list"):
        next(video)
    video.tracks = None
    assert next(video).frame == 6


def test_unknown_words_are_remarked_on(model):
    video = stream(model, prompt="a purple duck")
    assert video.unknown_words("a purple cow") == ("purple", "cow")
    assert video.remarks == ("words this model does not know: purple",)
    video.prompt = "a duck"
    assert video.remarks == ()


def test_default_controls_are_those_of_the_facade(model):
    assert VideoStream(model).controls == VideoControls()
    assert VideoStream.load(model).controls == VideoControls()
