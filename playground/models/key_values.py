"""Keys and values as frozen values: of frames, for the cache, and of a prompt, for cross-attention.

Keys of frames are never rotated, so whoever reads them gives them any temporal position. This module does
not know who keeps them or for how long.
"""

import dataclasses
from collections.abc import Sequence
from functools import cached_property

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

    @property
    def runs(self) -> tuple["KeyValues", ...]:
        """What they were joined from, else themselves."""
        return (self,)

    def each(self) -> list["KeyValues"]:
        """Every frame for itself; not copied."""
        pairs = zip(self.k.split(1, 2), self.v.split(1, 2), strict=True)
        return [KeyValues(k, v) for k, v in pairs]

    @staticmethod
    def join(runs: Sequence["KeyValues"]) -> "KeyValues":
        """Several runs of frames, one after the other."""
        return Joined(tuple(runs))

    @staticmethod
    def stack(parts: list["KeyValues"]) -> "KeyValues":
        """Several batches of the same frames, one under the other."""
        return KeyValues(torch.cat([p.k for p in parts], 1), torch.cat([p.v for p in parts], 1))


class Joined(KeyValues):
    """Runs of frames, one after the other; copied when k or v is first asked for, and then once."""

    runs: tuple[KeyValues, ...] = ()

    def __init__(self, runs: tuple[KeyValues, ...]) -> None:
        vars(self)["runs"] = runs

    @property
    def frames(self) -> int:
        """Of all runs together."""
        return sum(run.frames for run in self.runs)

    @cached_property
    def k(self) -> Float[Tensor, "l b t n a d"]:
        """Keys of all runs."""
        return torch.cat([run.k for run in self.runs], 2)

    @cached_property
    def v(self) -> Float[Tensor, "l b t n a d"]:
        """Values of all runs."""
        return torch.cat([run.v for run in self.runs], 2)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Context:
    """Cross-attention keys and values of one prompt, of all layers: computed once a prompt."""

    k: Float[Tensor, "l b n a d"]
    v: Float[Tensor, "l b n a d"]

    @staticmethod
    def join(parts: list["Context"]) -> "Context":
        """Several prompts as one batch."""
        return Context(torch.cat([p.k for p in parts], 1), torch.cat([p.v for p in parts], 1))
