"""What makes the `streamdiffusion` package (0.1.1) run here: on any device, on any of our models.

The package times itself with CUDA events; without CUDA its own module sees a stand-in for
`torch.cuda`, and nobody else does. Networks that predict velocity are wrapped, since it knows noise
only. Latents of other than four channels get their buffers here. Knows no streams and no knobs.
"""

import types
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from playground.diffusion import noise
from playground.models.epsilon import EpsFromV
from playground.models.image_model import ImageModel


def give_channels(stream: Any, channels: int, seed: int) -> None:
    """Noise and buffer for latents of other than the 4 channels that the package takes for granted."""
    if channels == 4:
        return
    count, _, height, width = stream.init_noise.shape
    drawn = noise.initial(seed, count, (channels, height, width))
    stream.init_noise = drawn.to(stream.device, stream.dtype)
    stream.stock_noise = torch.zeros_like(stream.init_noise)
    if stream.x_t_latent_buffer is not None:
        stream.x_t_latent_buffer = torch.zeros_like(stream.init_noise[1:])


def pipe_of(model: ImageModel) -> types.SimpleNamespace:
    """What the package asks of a diffusers pipeline."""

    def encode_prompt(
        prompt: str, negative_prompt: str | None = None, **_: Any
    ) -> tuple[Tensor, Tensor]:
        return model.encode_prompt(prompt), model.encode_prompt(negative_prompt or "")

    is_velocity = model.prediction == "v_prediction"
    return types.SimpleNamespace(
        device=model.device,
        unet=EpsFromV(model.unet, model.scheduler) if is_velocity else model.unet,
        vae=model.vae,
        text_encoder=model.text_encoder,
        scheduler=model.scheduler,
        vae_scale_factor=model.pixels_per_latent,
        encode_prompt=encode_prompt,
    )


@lru_cache(maxsize=1)
def package() -> type:
    """The package's class, made to run without CUDA where there is none."""
    try:
        from streamdiffusion import pipeline
    except ImportError as error:
        raise ValueError(
            "backend 'streamdiffusion' must have its package, which cannot be imported "
            f"({error}); get it with: pip install --no-deps streamdiffusion==0.1.1"
        ) from error
    if not torch.cuda.is_available():
        pipeline.torch = _TorchWithoutCuda("torch")
    return pipeline.StreamDiffusion


class _TorchWithoutCuda(types.ModuleType):
    """All of torch, with clocks in the place of CUDA events; seen by one module only."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.cuda = types.SimpleNamespace(Event=_Event, synchronize=lambda: None)

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


class _Event:
    """A CUDA event that never took place."""

    def __init__(self, **_: Any) -> None:
        return

    def record(self) -> None:
        """Nothing to record."""

    def elapsed_time(self, _end: "_Event") -> float:
        """No time at all: it only paces the package's own filter, which is off."""
        return 0.0
