"""Flow matching: the straight way between clean latents and noise, and the times along it.

    x_t = (1 - s) x0 + s eps        s = t / 1000, so t = 1000 is noise and t = 0 is clean
    v   = eps - x0                  what the network predicts
    x0  = x_t - s v

Few-step students step by re-noising: from x0 back to a smaller t with fresh noise, not along the
ordinary differential equation. `warped` moves evenly meant steps towards noise, as video models are
trained (Wan2.1, arXiv 2503.20314; shift 5). A time is one number, or one a frame, [b, t].

This module knows no network and no order of work.
"""

from jaxtyping import Float
from torch import Tensor

Latents = Float[Tensor, "b c t h w"]
Time = float | Float[Tensor, "b t"]
TRAIN_STEPS = 1000


def warped(steps: tuple[float, ...] | list[float], shift: float = 5.0) -> tuple[float, ...]:
    """Times in 0..1000 moved by the shift: 1 leaves them as they are, more means noisier."""
    if shift <= 0:
        raise ValueError(f"shift must be > 0, got {shift}; 1 switches it off")
    sigmas = [step / TRAIN_STEPS for step in steps]
    return tuple(TRAIN_STEPS * shift * s / (1 + (shift - 1) * s) for s in sigmas)


def noised(x0: Latents, eps: Latents, t: Time) -> Latents:
    """Clean latents brought to time `t`."""
    s = _sigma(t)
    return (1 - s) * x0 + s * eps


def velocity(x0: Latents, eps: Latents) -> Latents:
    """What the network should answer, at every time."""
    return eps - x0


def clean(x: Latents, v: Latents, t: Time) -> Latents:
    """The clean latents that a velocity at time `t` points to."""
    return x - _sigma(t) * v


def _sigma(t: Time) -> float | Tensor:
    """Share of noise, one number or [b, 1, t, 1, 1]."""
    if isinstance(t, Tensor):
        return (t / TRAIN_STEPS)[:, None, :, None, None]
    return t / TRAIN_STEPS
