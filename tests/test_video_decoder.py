"""The training that sharpens the video decoder, a few steps from the shipped model."""

import argparse

import pytest
import torch

from playground.models.video_codec import VideoCodec
from playground.models.video_files import TINY
from playground.training import video_decoder
from playground.training.video import Tiny, start_from


def arguments(out, **changes):
    parser = argparse.ArgumentParser()
    video_decoder.add_arguments(parser)
    toy = {"out": out, "pool": 16, "batch": 4, "streams": 1}
    return argparse.Namespace(**(vars(parser.parse_args([])) | toy | changes))


@pytest.fixture(scope="module", autouse=True)
def short():
    """Streams of two chunks, so that a test takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(video_decoder, "FRAMES", 6)
        patch.setattr(video_decoder, "STREAMS", 2)
        yield


@pytest.fixture(scope="module")
def shipped():
    codec, model = VideoCodec(), Tiny()
    start_from(TINY, codec, model)
    return codec, model


def test_streamed_latents_are_single_frames_and_the_oldest_are_replaced(shipped):
    pool = video_decoder.StreamPool(shipped[1], 4, seed=0)
    before = [part.clone() for part in pool.parts]
    assert [part.shape for part in before] == [(12, 16, 1, 8, 8)] * 2
    pool.renew()
    assert not torch.equal(pool.parts[0], before[0])
    assert torch.equal(pool.parts[1], before[1])
    drawn = pool.draw(5)
    assert drawn.shape == (5, 16, 1, 8, 8)
    assert 0.7 < drawn.std() < 1.3  # latents of the codec have unit variance


def test_training_moves_the_decoder_alone_and_resumes(tmp_path, shipped):
    video_decoder.run(arguments(tmp_path, steps=2))
    video_decoder.run(arguments(tmp_path, steps=3))
    resumed = video_decoder.VideoDecoderRecipe(arguments(tmp_path))
    assert resumed.step == 3
    before = shipped[0].state_dict()
    moved = {
        name.split(".")[0]
        for name, weight in resumed.codec.state_dict().items()
        if not torch.equal(weight, before[name])
    }
    assert moved == {"decoder"}


def test_without_a_critic_real_frames_are_painted_better(tmp_path, shipped):
    torch.manual_seed(0)
    recipe = video_decoder.VideoDecoderRecipe(arguments(tmp_path, realism=0.0, lr=1e-3))
    with torch.no_grad():  # a decoder that has something to learn
        recipe.codec.decoder[-2].weight.mul_(0.8)
    frames = video_decoder.FramePool(16, seed=1).draw(4)[:2]
    streamed = video_decoder.StreamPool(shipped[1], 2, seed=1).draw(2)
    errors = [recipe._update(*frames, streamed)["error"] for _ in range(12)]
    assert errors[-1] < 0.8 * errors[0]
