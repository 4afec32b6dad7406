"""The three callables that a stream runs, and their plain PyTorch version.

A runtime (OpenVINO, torch.compile) offers the same three callables and takes the place of these by
one assignment to `ImageModel.networks`, so a stream that runs never sees half of a swap.

This module knows no prompts, no schedule and no guidance.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from playground.models.added_conditions import AddedConditions


@dataclass(frozen=True, kw_only=True, slots=True)
class Networks:
    """Callables on torch tensors; dtype and device are the model's.

    `unet(sample [b, c, h, w], timesteps int64 [b], embeddings [b, n, d]) -> [b, c, h, w]`, raw
    output (noise or velocity, as the model was trained), with a summary of the text packed behind the
    words where the model reads one; `encode(pixels [b, 3, H, W] in [-1, 1])
    -> latents [b, c, h, w]`, scaled as the U-Net wants them; `decode` is its inverse.
    """

    unet: Callable[[Tensor, Tensor, Tensor], Tensor]
    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]
    name: str = "eager"


def eager(
    unet: nn.Module,
    vae: nn.Module,
    layout: torch.memory_format = torch.channels_last,
    *,
    added: AddedConditions | None = None,
) -> Networks:
    """The networks as PyTorch runs them; channels-last is the faster layout on CPUs.

    `added` is what the U-Net reads besides noise level and words, where it does.
    """
    unet.eval().to(memory_format=layout)
    vae.eval().to(memory_format=layout)
    scale = getattr(vae.config, "scaling_factor", None) or 1.0

    def run_unet(sample: Tensor, timesteps: Tensor, embeddings: Tensor) -> Tensor:
        sample = sample.contiguous(memory_format=layout)
        return unet(sample, timesteps, encoder_hidden_states=embeddings, return_dict=False)[0]

    def run_unet_with_more(sample: Tensor, timesteps: Tensor, embeddings: Tensor) -> Tensor:
        sample = sample.contiguous(memory_format=layout)
        words, more = added.split(sample, embeddings)
        return unet(sample, timesteps, encoder_hidden_states=words, return_dict=False, **more)[0]

    def encode(pixels: Tensor) -> Tensor:
        latents = latents_of(vae.encode(pixels.contiguous(memory_format=layout)))
        return latents if scale == 1 else latents * scale

    def decode(latents: Tensor) -> Tensor:
        latents = latents if scale == 1 else latents / scale
        return vae.decode(latents.contiguous(memory_format=layout)).sample

    is_plain = added is None or added.are_none
    return Networks(unet=run_unet if is_plain else run_unet_with_more, encode=encode, decode=decode)


def latents_of(encoded: object) -> Tensor:
    """Latents of a codec's answer; the mode where the codec answers with a distribution.

    The mode, since a fresh draw for every frame would make a still picture flicker.
    """
    if hasattr(encoded, "latent_dist"):
        return encoded.latent_dist.mode()
    return encoded.latents


def pixels_per_latent(vae: nn.Module) -> int:
    """Side of the pixel square that one latent stands for (8 for most codecs, 4 for the tiny one)."""
    return 2 ** (len(vae.config.block_out_channels) - 1)
