"""What some U-Nets read besides noise level and text: a summary of the text, sizes, a guidance scale.

Stable Diffusion XL reads the summary and six numbers (size before cropping, corner of the crop, size
asked for; Podell et al., arXiv 2307.01952, sec. 2.2). The numbers here always say "an uncropped
picture of this size". Networks distilled from guided ones read the scale they shall imitate, as
Fourier features of w = scale - 1 (Meng et al., arXiv 2210.03142; Luo et al., arXiv 2310.04378,
sec. 4.3). The same goes to ControlNets of these models. Knows no prompts and no streams.
"""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from playground.models.text_encoding import unpacked

SIZE_NUMBERS = 6
KNOWN = (None, "text", "text_time")  # kinds of added conditions; "text" needs the words alone


class AddedConditions:
    """Splits packed embeddings, and adds what the network wants to know, as its keyword arguments."""

    def __init__(self, unet: nn.Module, unit: int, embedded_guidance: float | None = None) -> None:
        config = unet.config
        self._unit = unit  # pixels a latent
        self.has_summary = config.get("addition_embed_type") == "text_time"
        self.summary_width = summary_width(unet) if self.has_summary else 0
        width = config.get("time_cond_proj_dim")
        scale = 1.0 if embedded_guidance is None else embedded_guidance
        self._guidance = guidance_features(scale, width) if width else None

    @property
    def are_none(self) -> bool:
        """Whether noise level and words are all that the network reads."""
        return not self.has_summary and self._guidance is None

    def split(self, sample: Tensor, embeddings: Tensor) -> tuple[Tensor, dict[str, Any]]:
        """Words, and the further keyword arguments of a call."""
        more: dict[str, Any] = {}
        if self.has_summary:
            embeddings, summary = unpacked(embeddings, self.summary_width)
            sides = tuple(side * self._unit for side in sample.shape[-2:])
            numbers = _size_numbers(*sides, sample.device, sample.dtype).expand(len(sample), -1)
            more["added_cond_kwargs"] = {"text_embeds": summary, "time_ids": numbers}
        if self._guidance is not None:
            features = self._guidance.to(sample.device, sample.dtype)
            more["timestep_cond"] = features.expand(len(sample), -1)
        return embeddings, more


def check_conditions(unet: nn.Module, *, has_summary: bool) -> None:
    """Raise ValueError for a U-Net that reads what a stream does not have."""
    kind = unet.config.get("addition_embed_type")
    if kind not in KNOWN:
        raise ValueError(f"addition_embed_type must be one of {KNOWN}, got {kind!r}")
    channels = unet.config.in_channels, unet.config.out_channels
    if channels[0] != channels[1]:
        raise ValueError(
            f"unet must have as many input as output channels, got {channels[0]} and {channels[1]}; "
            "use the plain model instead of its inpainting version, with a `mask`"
        )
    if (kind == "text_time") != has_summary:
        raise ValueError(
            "text_encoder_2 must be there exactly where the unet reads a summary of the text, got "
            f"addition_embed_type {kind!r} {'with' if has_summary else 'without'} it; "
            "load the folder of the whole pipeline"
        )
    if kind == "text_time" and summary_width(unet) < 1:
        raise ValueError(
            f"unet must read {SIZE_NUMBERS} numbers and a summary, got room for "
            f"{unet.config.projection_class_embeddings_input_dim} features"
        )


def summary_width(unet: nn.Module) -> int:
    """Width of the summary that the network reads."""
    config = unet.config
    numbers = SIZE_NUMBERS * config.addition_time_embed_dim
    return config.projection_class_embeddings_input_dim - numbers


def guidance_features(scale: float, width: int) -> Tensor:
    """Fourier features [1, width] of 1000 (scale - 1), sines first."""
    half = width // 2
    rates = torch.exp(torch.arange(half) * -(torch.log(torch.tensor(10_000.0)) / (half - 1)))
    angles = 1000.0 * (scale - 1) * rates
    features = torch.cat([angles.sin(), angles.cos()])
    return nn.functional.pad(features, (0, width % 2))[None]


@lru_cache(maxsize=16)
def _size_numbers(height: int, width: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    return torch.tensor([[height, width, 0, 0, height, width]], device=device, dtype=dtype)
