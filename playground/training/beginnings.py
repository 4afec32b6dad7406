"""The first chunk of a stream, whose hats the noise decides.

Where a stream begins, nothing tells the hats, and the nearest answer is the mean of all of them. So there the
noise decides: of the same chunk under several hats, the one is right that lies nearest to the noise. The
network then learns to read the hat in the noise instead of mixing hats (an idea related to pairing noise with
data, Immiscible Diffusion, arXiv 2406.12303).
"""

import dataclasses

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from playground.world.clips import HATS, Figure, Take


def hatted(take: Take, frames: int, rng: np.random.Generator) -> list[Take]:
    """The first `frames` of a take, its figures under every hat and none, in an order of their own."""
    hats = [[*HATS, None] for _ in take.figures]
    for order in hats:
        rng.shuffle(order)
    seen = slice(frames)

    def wearing(figure: Figure, hat: str | None) -> Figure:
        cut = {"centre": figure.centre[seen], "tracked": figure.tracked[seen]}
        return dataclasses.replace(figure, hat=hat, **cut)

    camera = {"camera": take.camera[seen], "camera_tracked": take.camera_tracked[seen]}
    return [
        dataclasses.replace(take, figures=tuple(map(wearing, take.figures, worn)), **camera)
        for worn in zip(*hats, strict=True)
    ]


def nearest_to_noise(
    variants: Float[Tensor, "v t c h w"],
) -> tuple[Float[Tensor, "t c h w"], Float[Tensor, "t c h w"]]:
    """Fresh noise, and of the variants the one whose difference from their mean it points to."""
    noise = torch.randn_like(variants[0])
    apart = (variants - variants.mean(0)).flatten(1)
    chosen = (torch.nn.functional.normalize(apart, dim=1) @ noise.flatten()).argmax()
    return variants[chosen], noise
