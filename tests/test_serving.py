"""What a model cannot do is told before anybody tries, knob by knob, and is really refused or without effect."""

from types import SimpleNamespace

import pytest

from playground import ImageStream, Tracks, VideoStream
from playground.models.image_model import ImageModel
from playground.streams import serving
from playground.streams.serving import NO_PATHS, OPEN, PACKAGE
from small_models import velocity_pipeline
from small_video import small_model


@pytest.fixture(scope="module")
def pictures():
    return ImageStream(ImageModel.load(velocity_pipeline(), runtime="eager"), size=(32, 32))


def test_the_shipped_models_serve_every_control_of_their_apps():
    shipped = ImageStream.load("tiny", device="cpu", runtime="eager").cannot
    assert set(shipped) == {"controlnets", "loras", "runtime.cudagraph", "runtime.compile"}
    assert VideoStream.load("tiny", device="cpu", runtime="eager").cannot == {}


def test_a_model_without_a_word_list_has_none_to_offer(pictures):
    assert pictures.cannot["words"] == OPEN
    video = small_model()
    video.words.words = ()
    assert serving.of_video(video)["words"] == OPEN


def test_a_model_without_a_track_input_says_so_and_refuses_tracks():
    video = VideoStream(small_model(track_channels=0))
    assert video.cannot["tracks"] == video.cannot["motion_guidance"] == NO_PATHS
    with pytest.raises(ValueError, match="tracks must be None for a model without a track input"):
        video.tracks = Tracks.from_strokes([[(1, 1), (9, 9)]], fps=video.fps, size=video.size)
    assert "tracks" not in VideoStream(small_model()).cannot


def test_a_runtime_that_cannot_be_chosen_says_why(pictures):
    model = pictures.model
    assert "CUDA" in pictures.cannot["runtime.compile"]
    assert "CUDA" in pictures.cannot["runtime.cudagraph"]
    assert "runtime.openvino" not in pictures.cannot
    half = SimpleNamespace(
        device=model.device, dtype="float16", vocabulary=None, controlnets=None, loras=None
    )
    reason = serving.of_pictures(half)["runtime.openvino"]
    assert "must have float32 weights, got float16" in reason


def test_a_loaded_lora_or_controlnet_can_be_served():
    plain = {
        "device": SimpleNamespace(type="cuda"),
        "dtype": "float16",
        "vocabulary": {"words": []},
    }
    loaded = SimpleNamespace(**plain, controlnets=object(), loras=object())
    assert set(serving.of_pictures(loaded)) == {"runtime.openvino"}


@pytest.mark.parametrize(
    "name",
    ["blend", "feedback", "similarity", "seed_amount", "runtime.cudagraph", "runtime.compile"],
)
def test_the_package_tells_what_it_does_not_have(name):
    reason = serving.of_package()[name]
    assert reason == PACKAGE or "engines" in reason
