"""A contact sheet of streams: one row a stream, every third frame, the commanded points marked."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image

from playground.models.key_values import Context
from playground.models.video_codec import VideoCodec
from playground.training.take_tracks import cut, gridded, tracks_of
from playground.training.video_rollout import rollout
from playground.world.clips import sample_take

ROWS, FRAMES = 16, 48
TIMES = (1000.0, 900.0, 750.0, 500.0)


def streams(
    model, codec: VideoCodec, takes: list, *, times=TIMES, seed: int = 0, sink: bool = True
):
    """What the model makes of the captions and tracks of takes, uint8 [b, t, H, W, 3]."""
    with torch.no_grad():
        context, tracks = guided_by(model, takes, np.random.default_rng(seed))
        chunks = rollout(model.transformer, context, tracks, times,
                         torch.Generator().manual_seed(seed), sink=sink)  # fmt: skip
        pixels = codec.decode(torch.cat(list(chunks), 2))
    return to_pictures(pixels)


def guided_by(model, takes: list, rng: np.random.Generator) -> tuple[Context, torch.Tensor]:
    """What streams of these takes are told: the captions' context, and their track grids [b, e, t, h, w]."""
    frames = takes[0].frames
    tracks = [cut(tracks_of(take, rng, 0), 0, frames, fresh=True) for take in takes]
    context = model.transformer.context(model.words([take.caption() for take in takes]))
    return context, gridded(tracks, frames + 1)


def to_pictures(pixels: torch.Tensor) -> UInt8[np.ndarray, "b t H W 3"]:
    """Floats in [-1, 1], [b, 3, t, H, W], as pictures."""
    scaled = ((pixels.clamp(-1, 1) + 1) * 127.5).round().byte()
    return scaled.permute(0, 2, 3, 4, 1).numpy()


def save_video_sheet(model, codec: VideoCodec, path: Path) -> None:
    """Writes ROWS streams of FRAMES frames."""
    rng = np.random.default_rng(11)
    takes = [sample_take(rng, FRAMES) for _ in range(ROWS)]
    pictures = streams(model, codec, takes)[:, ::3].copy()
    for row, take in enumerate(takes):
        for column, frame in enumerate(range(0, FRAMES, 3)):
            for figure in take.figures:
                x, y = figure.centre[frame].round().astype(int)
                if figure.tracked[frame] and 0 < x < 63 and 0 < y < 63:
                    pictures[row, column, y, x] = (255, 0, 0)
    rows = [np.concatenate(list(row), 1) for row in pictures]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(path)
