"""Puts the trained parts of the video model together as the folder that the package ships."""

import argparse
from pathlib import Path

import torch

from playground.models.video_codec import VideoCodec
from playground.models.video_model import VideoModel
from playground.models.video_settings import VideoSettings
from playground.training.video import Tiny


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground train video-assemble`."""
    parser.add_argument("--model", type=Path, default=Path("runs/video_forcing/checkpoint.pt"))
    parser.add_argument("--codec", type=Path, default=Path("runs/video_codec/checkpoint.pt"))
    parser.add_argument("--times", type=float, nargs="+", default=[1000.0, 900.0, 750.0, 500.0])
    parser.add_argument(
        "--emphasis", type=float, nargs="*", default=[0.0, 2.0, 2.0],
        help="guidance of the chunks after new words, against the old ones",
    )  # fmt: skip
    parser.add_argument("--folder", type=Path, required=True, help="where the model is written")


def run(args: argparse.Namespace) -> None:
    """Reads the averaged weights of both checkpoints and writes the folder."""
    tiny, codec = Tiny(), VideoCodec()
    for module, path in ((tiny, args.model), (codec, args.codec)):
        if not path.exists():
            raise FileNotFoundError(f"no checkpoint {path}; train one with `playground train`")
        module.load_state_dict(torch.load(path, weights_only=True)["average"])
    VideoModel(
        transformer=tiny.transformer,
        codec=codec,
        words=tiny.words,
        settings=VideoSettings(timesteps=tuple(args.times), emphasis=tuple(args.emphasis)),
    ).save(args.folder)
