"""Guidance none, full, self and initialize, as one weighted sum.

With c the estimate for the prompt and u the one to move away from, the guided noise estimate is
e = u + scale (c - u) (StreamDiffusion, arXiv 2312.12491, sec. 3.3). The kinds differ in u:

    none        e = c
    full        u = network(x, negative prompt), in every slot: twice the rows
    self        u = delta s, with s the noise that would lead from x back to the input picture
    initialize  the same, but back to what the negative prompt makes of the input in the first slot:
                one more row

Everything is linear, so with x0 = (x - b e) / a the next clean prediction c_out x0 + c_skip x is

    clean = latent * x + output * network(x, prompt) + reference * r

with r the network's answer to the negative prompt (full) or the frame's anchor (self, initialize).
The anchor is the point z with s = (x - a z) / b: the input latent, or the negative prediction. In
this form nothing is carried from frame to frame, so residual guidance cannot feed back on itself
with a single step, and with scale 1 it is the conditional estimate exactly.

This module knows nothing of noise, frames and how networks are called.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from playground.diffusion.schedule import Schedule, column

KINDS = ("none", "full", "self", "initialize")


@dataclass(frozen=True, kw_only=True, slots=True)
class Guidance:
    """Which kind, how strong (1 or less = off), and how much of the residual noise counts."""

    kind: str = "none"
    scale: float = 1.0
    delta: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"guidance must be one of {', '.join(KINDS)}; got {self.kind!r}")
        if not 0 <= self.scale < float("inf"):
            raise ValueError(f"guidance_scale must be finite and >= 0, got {self.scale}")

    @property
    def active(self) -> str:
        """The kind that is really computed: "none" while the scale is 1 or less."""
        return self.kind if self.scale > 1 else "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """Factors of latent, network output and reference in the next clean prediction."""

    latent: Float[Tensor, "s 1 1 1 1"]
    output: Float[Tensor, "s 1 1 1 1"]
    reference: Float[Tensor, "s 1 1 1 1"] | None  # None: no second term


def x0_weights(schedule: Schedule) -> tuple[Tensor, Tensor]:
    """Factors of x and of the raw network output in x0, for models of either kind; [s] each."""
    a, b = schedule.alpha, schedule.beta
    if schedule.prediction == "epsilon":
        return 1 / a, -b / a
    if schedule.prediction == "v_prediction":
        return a, -b
    raise ValueError(f"prediction must be 'epsilon' or 'v_prediction', got {schedule.prediction!r}")


def weights(schedule: Schedule, guidance: Guidance) -> Weights:
    """The weighted sum of the module docstring, for every slot."""
    x_gain, raw_gain = x0_weights(schedule)
    c_skip, c_out = schedule.c_skip, schedule.c_out
    kind, scale, delta = guidance.active, guidance.scale, guidance.delta
    if kind == "none":
        return _columns(c_out * x_gain + c_skip, c_out * raw_gain, None)
    if kind == "full":
        reference = c_out * (1 - scale) * raw_gain
        return _columns(c_out * x_gain + c_skip, c_out * scale * raw_gain, reference)
    away = (1 - scale) * (1 - delta) / schedule.alpha  # x0 of u is (1 - delta) x / a + delta z
    latent = c_out * (scale * x_gain + away) + c_skip
    return _columns(latent, c_out * scale * raw_gain, c_out * (1 - scale) * delta)


def _columns(latent: Tensor, output: Tensor, reference: Tensor | None) -> Weights:
    return Weights(
        latent=column(latent),
        output=column(output),
        reference=None if reference is None else column(reference),
    )
