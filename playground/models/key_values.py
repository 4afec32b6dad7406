"""Keys and values as frozen values: of frames, for the cache, and of a prompt, for cross-attention.

Keys of frames are never rotated, so whoever reads them gives them any temporal position. This module does
not know who keeps them or for how long.
"""

import dataclasses
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

VELOCITY, MEMORY = "velocity", "memory"  # what a transformer may be asked for alone


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class KeyValues:
    """Keys (never rotated) and values of some frames, of all layers `l`, `n` tokens a frame."""

    k: Float[Tensor, "l b t n a d"]
    v: Float[Tensor, "l b t n a d"]

    @property
    def frames(self) -> int:
        """How many frames they are of."""
        return self.k.shape[2]

    def take(self, places: Any) -> "KeyValues":
        """The frames at `places`, a slice or indices; copied run by run, which is faster than one by one."""
        if isinstance(places, slice):
            return KeyValues(self.k[:, :, places], self.v[:, :, places])
        return KeyValues.join([self.take(run) for run in _runs(list(places))])

    @staticmethod
    def join(parts: list["KeyValues"]) -> "KeyValues":
        """Several runs of frames, one after the other; a copy, also of a single one."""
        return KeyValues(torch.cat([p.k for p in parts], 2), torch.cat([p.v for p in parts], 2))

    @staticmethod
    def stack(parts: list["KeyValues"]) -> "KeyValues":
        """Several batches of the same frames, one under the other."""
        return KeyValues(torch.cat([p.k for p in parts], 1), torch.cat([p.v for p in parts], 1))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Context:
    """Cross-attention keys and values of one prompt, of all layers: computed once a prompt."""

    k: Float[Tensor, "l b n a d"]
    v: Float[Tensor, "l b n a d"]

    @staticmethod
    def join(parts: list["Context"]) -> "Context":
        """Several prompts as one batch."""
        return Context(torch.cat([p.k for p in parts], 1), torch.cat([p.v for p in parts], 1))


def _runs(places: list[int]) -> list[slice]:
    """Indices as slices of neighbours: [0, 1, 2, 6, 7] are 0:3 and 6:8."""
    if not places:
        return [slice(0, 0)]
    starts = [at for at, place in enumerate(places) if not at or place != places[at - 1] + 1]
    ends = [*starts[1:], len(places)]
    return [
        slice(places[start], places[end - 1] + 1) for start, end in zip(starts, ends, strict=True)
    ]
