"""The other sides of the speed comparison, on the same weights: a frame in, a picture out.

Each peer gets its own copy of the networks, in the memory order they were loaded in, and everything
that it can be spared is done beforehand (prompts are encoded once).
"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from playground.diffusion.schedule import timestep_grid
from playground.frames.tensors import from_tensor, to_tensor
from playground.models.image_model import ImageModel
from playground.streams.image_stream import ImageStream

Peer = Callable[[np.ndarray], np.ndarray]


def streamdiffusion(model: ImageModel, **knobs: Any) -> Peer:
    """The `streamdiffusion` package, made to run on this device."""
    stream = ImageStream.load(plain_copy(model), backend="streamdiffusion", **knobs)
    return lambda frame: stream.step(frame).picture


def diffusers_img2img(model: ImageModel, t_index: tuple[int, ...], prompt: str) -> Peer:
    """diffusers' own image-to-image pipeline with its LCM scheduler, at the same timesteps."""
    from diffusers import LCMScheduler, StableDiffusionImg2ImgPipeline
    from diffusers.utils import logging

    logging.set_verbosity_error()  # it remarks on the timesteps at every single picture
    model = plain_copy(model)
    pipeline = StableDiffusionImg2ImgPipeline(
        vae=model.vae,
        text_encoder=model.text_encoder,
        tokenizer=model.tokenizer,
        unet=model.unet,
        scheduler=LCMScheduler.from_config(model.scheduler.config),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    grid = timestep_grid(model.scheduler, 50)
    timesteps = [int(grid[place]) for place in t_index]
    embedding = model.encode_prompt(prompt)

    def picture(frame: np.ndarray) -> np.ndarray:
        answer = pipeline(
            prompt_embeds=embedding,
            image=(to_tensor(frame) + 1) / 2,
            timesteps=timesteps,
            strength=1.0,
            guidance_scale=1.0,
            output_type="pt",
        )
        return from_tensor(answer.images * 2 - 1)[0]

    return picture


def plain_copy(model: ImageModel) -> ImageModel:
    """The same weights without any of our runtimes and memory orders."""
    parts = {name: copy.deepcopy(getattr(model, name)) for name in ("unet", "vae", "text_encoder")}
    fresh = ImageModel(**parts, tokenizer=model.tokenizer, scheduler=model.scheduler)
    for network in (fresh.unet, fresh.vae):
        network.to(memory_format=torch.contiguous_format)
    return fresh
