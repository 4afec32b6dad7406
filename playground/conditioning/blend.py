"""Mixing vectors: along the straight line, and along the sphere for any number of them.

The spherical mixture of N vectors is the weighted mean on the sphere (Buss and Fillmore, Spherical
averages and applications to spherical splines, 2001): the point whose geodesics to all vectors,
weighted, cancel. It does not depend on the order, and for two vectors it is slerp. Lengths mix
linearly. All functions work on the last axis.
"""

import torch
from jaxtyping import Float
from torch import Tensor

ROUNDS = 12  # each one shrinks the error to about a tenth; nearby vectors are exact after one
TINY = 1e-6


def linear(
    vectors: Float[Tensor, "k *rest d"], shares: Float[Tensor, " k"]
) -> Float[Tensor, "*rest d"]:
    """Weighted mean; `shares` are >= 0 and add up to 1."""
    return torch.tensordot(shares.to(vectors.dtype), vectors, dims=1)


def spherical(
    vectors: Float[Tensor, "k *rest d"], shares: Float[Tensor, " k"]
) -> Float[Tensor, "*rest d"]:
    """Weighted mean on the sphere of any number of vectors, in any order."""
    units = torch.stack([_unit(vector) for vector in vectors])
    mean = _unit(linear(units, shares))
    for _ in range(ROUNDS):
        angles = _angle(mean, units)
        aside = units - torch.cos(angles) * mean  # part of each vector at a right angle to the mean
        tangents = angles / torch.sin(angles).clamp_min(TINY) * aside
        move = linear(tangents, shares)
        turn = _length(move)
        mean = _unit(torch.cos(turn) * mean + torch.sinc(turn / torch.pi) * move)
    return linear(torch.stack([_length(vector) for vector in vectors]), shares) * mean


def _length(vector: Tensor) -> Tensor:
    return vector.norm(dim=-1, keepdim=True)


def _unit(vector: Tensor) -> Tensor:
    return vector / _length(vector).clamp_min(TINY)


def _angle(first: Tensor, second: Tensor) -> Tensor:
    """Angle between unit vectors, exact for small ones as well; last axis kept."""
    return 2 * torch.atan2(_length(first - second), _length(first + second))
