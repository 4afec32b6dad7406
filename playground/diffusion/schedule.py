"""Timesteps of the slots and the constants that belong to them.

The grid is that of diffusers' `LCMScheduler` (50 positions of 1000 training steps: position i is
t = 999 - 20 i); `t_index` picks positions, ascending, so the first slot is the noisiest. Per slot:
a = sqrt(abar), b = sqrt(1 - abar), and the boundary scalings of consistency models. The code of
`LCMScheduler` has no factor sigma in c_out, unlike eq. 12 of StreamDiffusion (arXiv 2312.12491);
the code is what models are distilled with, so it is followed here.

This module knows nothing of guidance, noise and frames.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

SIGMA_DATA = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """Constants of every slot, noisiest slot first."""

    timesteps: Int64[Tensor, " s"]
    alpha: Float[Tensor, " s"]  # a
    beta: Float[Tensor, " s"]  # b
    c_skip: Float[Tensor, " s"]
    c_out: Float[Tensor, " s"]
    prediction: str  # "epsilon" or "v_prediction"

    @classmethod
    def from_scheduler(
        cls,
        scheduler: Any,
        t_index: tuple[int, ...] | list[int],
        num_inference_steps: int = 50,
        *,
        device: torch.device | str = "cpu",
        prediction: str | None = None,
    ) -> "Schedule":
        """Constants at grid positions `t_index` for any diffusers scheduler's betas."""
        grid = timestep_grid(scheduler, num_inference_steps)
        if not t_index or min(t_index) < 0 or max(t_index) >= len(grid):
            raise ValueError(
                f"t_index entries must be in 0..{len(grid) - 1} for {len(grid)} inference steps, "
                f"got {tuple(t_index)}"
            )
        timesteps = grid[list(t_index)]
        abar = scheduler.alphas_cumprod.detach().cpu().float()[timesteps]
        scaled = timesteps.float() * scheduler.config.get("timestep_scaling", 10.0)
        c_skip = SIGMA_DATA**2 / (scaled**2 + SIGMA_DATA**2)
        c_out = scaled / (scaled**2 + SIGMA_DATA**2) ** 0.5
        return cls(
            timesteps=timesteps.to(device),
            alpha=abar.sqrt().to(device),
            beta=(1 - abar).sqrt().to(device),
            c_skip=c_skip.to(device),
            c_out=c_out.to(device),
            prediction=prediction or scheduler.config.get("prediction_type", "epsilon"),
        )


def timestep_grid(scheduler: Any, num_inference_steps: int = 50) -> Int64[Tensor, " t"]:
    """The descending timesteps that `t_index` points into."""
    from diffusers import LCMScheduler

    lcm = LCMScheduler.from_config(scheduler.config)
    limit = lcm.config.original_inference_steps
    if not isinstance(num_inference_steps, int) or not 1 <= num_inference_steps <= limit:
        raise ValueError(
            f"num_inference_steps must be in 1..{limit} for this model, got {num_inference_steps!r}"
        )
    lcm.set_timesteps(num_inference_steps)
    return lcm.timesteps.cpu().long()


def column(values: Float[Tensor, " s"]) -> Float[Tensor, "s 1 1 1 1"]:
    """One value a slot, shaped to multiply latents [s, b, c, h, w]."""
    return values.view(-1, 1, 1, 1, 1)
