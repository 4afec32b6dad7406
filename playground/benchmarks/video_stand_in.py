"""A video model for measurements: the shipped one, or random weights in its shape where there is none."""

import torch

from playground.models import video_files
from playground.models.video_codec import VideoCodec
from playground.models.video_model import VideoModel


def model_or_random(source: str, runtime: str = "auto") -> tuple[VideoModel, bool]:
    """The model on the CPU, and whether it is a stand-in; only "tiny" without its weights gets one."""
    if source != "tiny" or (video_files.TINY / "config.json").is_file():
        return VideoModel.load(source, device="cpu", runtime=runtime), False
    model = random_model()
    model.use_runtime(runtime)
    return model, True


def random_model(seed: int = 0) -> VideoModel:
    """Random weights in the shape of the tiny model."""
    from playground.training.video import Tiny

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        tiny = Tiny()
        torch.nn.init.normal_(tiny.transformer.head.head.weight, std=0.05)
        return VideoModel(transformer=tiny.transformer, codec=VideoCodec(), words=tiny.words)
