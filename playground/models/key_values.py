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

JOINED_BYTES = 2**26  # more is read run by run: on a GPU a second copy may not fit
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

    def layers(self) -> list[tuple[list[Tensor], list[Tensor]]]:
        """Keys and values of every layer, in runs, each [b, f, n, a, d].

        Joined once where that costs little; large ones are not copied.
        """
        runs = self.runs if sum(run.k.nbytes for run in self.runs) > JOINED_BYTES else (self,)
        keys, values = ([getattr(run, part).unbind() for run in runs] for part in ("k", "v"))
        pairs = zip(zip(*keys, strict=True), zip(*values, strict=True), strict=True)
        return [(list(k), list(v)) for k, v in pairs]

    def each(self) -> list["KeyValues"]:
        """Every frame for itself; not copied."""
        pairs = zip(self.k.split(1, 2), self.v.split(1, 2), strict=True)
        return [self] if self.frames == 1 else [KeyValues(k, v) for k, v in pairs]

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

    @cached_property
    def frames(self) -> int:
        """Of all runs together."""
        return sum(run.frames for run in self.runs)

    def each(self) -> list[KeyValues]:
        """As they were joined."""
        return [frame for run in self.runs for frame in run.each()]

    @cached_property
    def k(self) -> Float[Tensor, "l b t n a d"]:
        """Keys of all runs."""
        return torch.cat([run.k for run in self.runs], 2)

    @cached_property
    def v(self) -> Float[Tensor, "l b t n a d"]:
        """Values of all runs."""
        return torch.cat([run.v for run in self.runs], 2)


class Gathering:
    """Keys and values of layer after layer, on the way to `KeyValues`, without ever being there twice.

    Every frame has memory of its own, so that one that stays holds none of those that go. Of a window at full
    size they are gigabytes. Where gradients go through them they are stacked instead.
    """

    def __init__(self, layers: int) -> None:
        self._layers, self._added, self._pairs, self._frames = layers, 0, [], []

    def add(self, *pair: Float[Tensor, "b t n a d"]) -> None:
        """The keys and the values of the next layer."""
        layer, self._added = self._added, self._added + 1
        if self._pairs or (layer == 0 and any(new.requires_grad for new in pair)):
            self._pairs.append(pair)
            return
        frames = list(zip(*(new.split(1, 1) for new in pair), strict=True))
        if layer == 0:
            self._frames = [
                KeyValues(*(new.new_empty(self._layers, *new.shape) for new in frame))
                for frame in frames
            ]
        for room, (k, v) in zip(self._frames, frames, strict=True):
            room.k[layer], room.v[layer] = k, v

    def whole(self) -> KeyValues:
        """When all layers were added."""
        if self._frames:
            return KeyValues.join(self._frames)
        return KeyValues(*map(torch.stack, zip(*self._pairs, strict=True)))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Context:
    """Cross-attention keys and values of one prompt, of all layers: computed once a prompt."""

    k: Float[Tensor, "l b n a d"]
    v: Float[Tensor, "l b n a d"]

    @staticmethod
    def join(parts: list["Context"]) -> "Context":
        """Several prompts as one batch."""
        return Context(torch.cat([p.k for p in parts], 1), torch.cat([p.v for p in parts], 1))
