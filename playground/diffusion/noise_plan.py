"""The order of work of one chunk, as a table that can be looked at before it runs.

A plan is a list of passes through the network. Every denoising pass predicts the clean chunk at its
time; all but the last are followed by fresh noise down to the next time. The clean pass shows the
finished chunk to the network once more, and only to keep its keys and values: without it the cache
would hold what the noisy chunk looked like (Self Forcing, arXiv 2506.08009; LongLive, 2509.22622).

This module computes nothing.
"""

from dataclasses import dataclass
from itertools import pairwise

DENOISE, CLEAN = "denoise", "clean"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """One run of the network over a chunk."""

    kind: str  # "denoise" or "clean"
    t: float  # time that the network is told, 0..1000
    next_t: float | None = None  # time to which its prediction is noised again; None: not at all

    @property
    def emits(self) -> bool:
        """Whether its prediction is the chunk."""
        return self.kind == DENOISE and self.next_t is None

    @property
    def writes(self) -> bool:
        """Whether its keys and values go into the cache."""
        return self.kind == CLEAN


@dataclass(frozen=True, kw_only=True, slots=True)
class NoisePlan:
    """The passes of a chunk, in order."""

    passes: tuple[Pass, ...]

    @classmethod
    def few_step(
        cls, timesteps: tuple[float, ...] | list[float], context_time: float = 0.0
    ) -> "NoisePlan":
        """One denoising pass a time, noisiest first, then the clean pass at `context_time`."""
        times = [float(t) for t in timesteps]
        if not times:
            raise ValueError("timesteps must have at least 1 entry, got none; add 1000")
        falling = all(a > b for a, b in pairwise(times))
        if not falling or not 0 < times[-1] <= times[0] <= 1000:
            raise ValueError(f"timesteps must fall from at most 1000 and stay > 0, got {times}")
        following = [*times[1:], None]
        passes = [
            Pass(kind=DENOISE, t=t, next_t=next_t)
            for t, next_t in zip(times, following, strict=True)
        ]
        return cls(passes=(*passes, Pass(kind=CLEAN, t=float(context_time))))

    @property
    def denoising(self) -> tuple[Pass, ...]:
        """The passes that predict; each wants its own noise."""
        return tuple(turn for turn in self.passes if turn.kind == DENOISE)

    @property
    def context_time(self) -> float:
        """The time that the network is told in the clean pass."""
        return next(turn.t for turn in self.passes if turn.writes)
