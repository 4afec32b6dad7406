"""`playground bench int8`: what weights of 8 bits cost in likeness and save in memory, on the tiny model.

The same stream, seed and words run on both, a few chunks long. `velocity_error` is the relative error of
one network call on the same noise and past; frames then drift apart as streams of two slightly different
models do, so their difference is told and not limited. Where torchao is installed, its weight-only
layers are measured beside ours. Knows nothing of quality: `playground eval video --int8` asks a judge.
"""

import copy
import importlib.util
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from playground.benchmarks.video_stand_in import model_or_random
from playground.models.int8_linear import quantised
from playground.models.video_model import VideoModel, eager
from playground.streams.video_stream import VideoStream

LIMIT = 0.03  # of velocity_error
PROMPT = "a duck on the sea"


def run(model: str = "tiny", chunks: int = 8, seed: int = 0) -> dict[str, Any]:
    """All figures; `chunks` of the streams that are compared."""
    if chunks < 1:
        raise ValueError(f"chunks must be >= 1, got {chunks}")
    plain, is_random = model_or_random(model, "eager")
    rounded = with_transformer(plain, quantised(copy.deepcopy(plain.transformer)))
    one, other = (filmed(one, chunks, seed) for one in (plain, rounded))
    error = velocity_error(plain, rounded, seed)
    results = {
        "model": "random weights" if is_random else model,
        "chunks": chunks,
        "velocity_error": error,
        "frame_psnr_db": psnr_db(one, other),
        "first_chunk_psnr_db": psnr_db(one[:3], other[:3]),
        "transformer_mb_float32": megabytes(plain.transformer),
        "transformer_mb_int8": megabytes(rounded.transformer),
        "limits": {"velocity_error": LIMIT},
        "passed": error <= LIMIT,
    }
    if importlib.util.find_spec("torchao") is not None:
        results["velocity_error_torchao"] = velocity_error(plain, on_torchao(plain), seed)
    return results


def with_transformer(model: VideoModel, transformer: nn.Module) -> VideoModel:
    """The same model with another transformer; codec and words are shared."""
    other = copy.copy(model)
    other.transformer, other._contexts = transformer, type(model._contexts)()
    other.networks = eager(transformer, model.codec)
    return other


def on_torchao(model: VideoModel) -> VideoModel:
    """The same model with torchao's layers of 8 bits in the blocks."""
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    transformer = copy.deepcopy(model.transformer)
    quantize_(transformer.blocks, Int8WeightOnlyConfig())
    return with_transformer(model, transformer)


@torch.inference_mode()
def velocity_error(model: VideoModel, other: VideoModel, seed: int) -> float:
    """Relative error of one call that sees three frames of past, at half noise."""
    shape = (1, model.latent_shape[0], 3, *model.latent_shape[1:])
    generator = torch.Generator().manual_seed(seed)
    before, x = (torch.randn(shape, generator=generator) for _ in range(2))
    one, two = (answer(each, before, x) for each in (model, other))
    return float((one - two).norm() / one.norm())


def answer(model: VideoModel, before: Tensor, x: Tensor) -> Tensor:
    """The network's velocity for `x` after it has seen `before`."""
    context, first = model.context(PROMPT), torch.arange(3)
    _, past = model.forward(before, torch.zeros(1, 3), context, positions=first)
    times = torch.full((1, 3), 500.0)
    where = {"positions": first + 3, "past": past, "past_positions": first}
    return model.forward(x, times, context, **where)[0]


def filmed(model: VideoModel, chunks: int, seed: int) -> np.ndarray:
    """Frames of a stream from its beginning."""
    video = VideoStream.load(model, prompt=PROMPT, seed=seed)
    return np.concatenate([next(video).frames for _ in range(chunks)])


def psnr_db(one: np.ndarray, other: np.ndarray) -> float:
    """Likeness of two films; 99 for equal ones."""
    error = float(((one.astype(np.float64) - other) ** 2).mean())
    return 10 * math.log10(255**2 / error) if error else 99.0


def megabytes(network: nn.Module) -> float:
    """Of all weights."""
    return sum(weight.nbytes for weight in network.state_dict().values()) / 1e6
