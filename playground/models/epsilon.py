"""Presents a network that predicts velocity as one that predicts noise, to code that knows no other.

eps = a v + b x with a = sqrt(abar_t), b = sqrt(1 - abar_t) (Salimans and Ho, Progressive distillation,
arXiv 2202.00512). The `streamdiffusion` package, for one, takes whatever a U-Net says for noise:

    pipeline.unet = EpsFromV(pipeline.unet, pipeline.scheduler)

Nothing here knows streams; our own need no wrapper.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn


class EpsFromV(nn.Module):
    """Has the call, `config`, `dtype` and `device` of the U-Net inside, and answers with noise."""

    def __init__(self, unet: nn.Module, scheduler: Any) -> None:
        super().__init__()
        prediction = scheduler.config.get("prediction_type", "epsilon")
        if prediction != "v_prediction":
            raise ValueError(
                f"scheduler must say prediction_type 'v_prediction', got {prediction!r}; "
                "a network that predicts noise needs no wrapper"
            )
        self.unet = unet
        abar = scheduler.alphas_cumprod.float().to(unet.device)
        self.register_buffer("_alpha", abar.sqrt(), persistent=False)
        self.register_buffer("_beta", (1 - abar).sqrt(), persistent=False)

    @property
    def config(self) -> Any:
        """Settings of the U-Net inside."""
        return self.unet.config

    @property
    def dtype(self) -> torch.dtype:
        """Number format of the U-Net inside."""
        return self.unet.dtype

    @property
    def device(self) -> torch.device:
        """Where the U-Net inside runs."""
        return self.unet.device

    @property
    def add_embedding(self) -> Any:
        """Part of the U-Net inside that pipelines look at; missing where it has none."""
        return self.unet.add_embedding

    def forward(
        self, sample: Float[Tensor, "b c h w"], timestep: Any, *args: Any, **options: Any
    ) -> Any:
        """Noise estimate [b, c, h, w], as a tuple or an output object, like the U-Net inside."""
        wants_object = options.pop("return_dict", True)
        (velocity, *rest) = self.unet(sample, timestep, *args, return_dict=False, **options)
        steps = torch.as_tensor(timestep, device=sample.device).long().reshape(-1)
        alpha = self._alpha[steps].view(-1, 1, 1, 1).to(velocity.dtype)
        beta = self._beta[steps].view(-1, 1, 1, 1).to(velocity.dtype)
        eps = alpha * velocity + beta * sample
        if not wants_object:
            return (eps, *rest)
        from diffusers.models.unets.unet_2d_condition import UNet2DConditionOutput

        return UNet2DConditionOutput(sample=eps)
