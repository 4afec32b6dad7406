"""diffusers' own pipelines on our noise: what an image stream has to give, by other hands."""

import contextlib
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch

from playground.diffusion.schedule import timestep_grid

PLACES = {
    "StableDiffusionImg2ImgPipeline": "stable_diffusion.pipeline_stable_diffusion_img2img",
    "StableDiffusionXLImg2ImgPipeline": "stable_diffusion_xl.pipeline_stable_diffusion_xl_img2img",
    "LatentConsistencyModelImg2ImgPipeline": (
        "latent_consistency_models.pipeline_latent_consistency_img2img"
    ),
    "StableDiffusionInpaintPipeline": "stable_diffusion.pipeline_stable_diffusion_inpaint",
    "StableDiffusionControlNetImg2ImgPipeline": "controlnet.pipeline_controlnet_img2img",
    "StableDiffusionXLControlNetImg2ImgPipeline": "controlnet.pipeline_controlnet_sd_xl_img2img",
}
SCHEDULERS = ("lcm", "euler_discrete", "euler_ancestral_discrete")


@contextlib.contextmanager
def on_noise(pipeline: Any, noises: torch.Tensor):
    """Every draw of a pipeline and its scheduler is the next of these noises, the last for ever."""
    queue = [noise[None] for noise in noises]
    draw = {"side_effect": lambda *_, **__: queue.pop(0) if len(queue) > 1 else queue[0]}
    modules = [f"diffusers.pipelines.{PLACES[type(pipeline).__name__]}"]
    modules += [f"diffusers.schedulers.scheduling_{name}" for name in SCHEDULERS]
    with contextlib.ExitStack() as stack:
        for module in modules:
            stack.enter_context(patch(f"{module}.randn_tensor", **draw))
        yield


def pipeline_of(folder: Any, name: str, vae: Any, **parts: Any) -> Any:
    """The pipeline of that class from a folder, with another autoencoder."""
    import diffusers

    options = {} if "XL" in name else {"safety_checker": None}
    kind = getattr(diffusers, name)
    pipeline = kind.from_pretrained(folder, vae=vae, **options, **parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def with_lcm(pipeline: Any) -> Any:
    """The same with the scheduler that the stream's mathematics follows."""
    from diffusers import LCMScheduler

    pipeline.scheduler = LCMScheduler.from_config(pipeline.scheduler.config)
    return pipeline


def image_to_image(
    pipeline: Any, stream: Any, z: torch.Tensor, recipe: SimpleNamespace, **options: Any
) -> torch.Tensor:
    """Latents of the picture that diffusers makes of the latent z, at the stream's timesteps."""
    grid = timestep_grid(pipeline.scheduler, 50)
    defaults = {
        "prompt": recipe.prompt,
        "image": z,
        "timesteps": [int(grid[place]) for place in recipe.t_index],
        "strength": 1.0,
        "guidance_scale": recipe.scale,
        "output_type": "latent",
    }
    with on_noise(pipeline, stream.state.plan.noise):
        return pipeline(**(defaults | options)).images
