"""The image stream written down a second time, frame by frame, in the letters of the paper.

Estimates are noise here (e, u, c, s), while the package works with clean predictions; so the two
share no formula. s is the stock noise of residual guidance, carried by its own recurrence.
"""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What one frame goes through."""

    t_index: tuple[int, ...]
    kind: str = "none"
    scale: float = 1.0
    delta: float = 1.0
    prompt: str = "a cat"
    negative: str = "bad"
    seed: int = 2
    add_noise: bool = True


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Everything that happened to one frame, one entry a step."""

    x: list[torch.Tensor]
    s: list[torch.Tensor]
    clean: list[torch.Tensor]


def constants(model, t_index, steps=50):
    """Timesteps, a, b, c_skip, c_out of every step, as diffusers' LCM scheduler has them."""
    from diffusers import LCMScheduler

    scheduler = LCMScheduler.from_config(model.scheduler.config)
    scheduler.set_timesteps(steps)
    timesteps = [int(scheduler.timesteps[i]) for i in t_index]
    alphas = [scheduler.alphas_cumprod[t] for t in timesteps]
    scalings = [
        scheduler.get_scalings_for_boundary_condition_discrete(torch.tensor(t)) for t in timesteps
    ]
    a, b = [abar.sqrt() for abar in alphas], [(1 - abar).sqrt() for abar in alphas]
    return timesteps, a, b, [c[0] for c in scalings], [c[1] for c in scalings]


def init_noise(model, recipe):
    """The noise of every step, drawn once."""
    generator = torch.Generator().manual_seed(recipe.seed)
    return torch.randn((len(recipe.t_index), *model.latent_shape), generator=generator)


@torch.inference_mode()
def frame_by_frame(model, z, recipe: Recipe) -> Trace:
    """Denoise one latent z [1, c, h, w] through all steps."""
    ts, a, b, c_skip, c_out = constants(model, recipe.t_index)
    noise = init_noise(model, recipe)
    prompt, negative = model.encode_prompt(recipe.prompt), model.encode_prompt(recipe.negative)
    active = recipe.kind != "none" and recipe.scale > 1
    x, s = a[0] * z + b[0] * noise[0], noise[0].expand_as(z)
    trace = Trace(x=[], s=[], clean=[])
    for i, t in enumerate(ts):
        t = torch.tensor([t])
        e = model.predict_eps(x, t, prompt)
        if recipe.kind == "initialize" and i == 0:
            s = model.predict_eps(x, t, negative)
        u = model.predict_eps(x, t, negative) if recipe.kind == "full" else recipe.delta * s
        if active:
            e = u + recipe.scale * (e - u)
        clean = c_out[i] * (x - b[i] * e) / a[i] + c_skip[i] * x
        trace.x.append(x), trace.s.append(s), trace.clean.append(clean)
        if i + 1 < len(ts):
            drift = c_out[i] * (b[i] * s - b[i] * e) / a[i] + c_skip[i] * b[i] * s
            s = noise[i + 1] + a[i + 1] * drift / b[i + 1]
            x = a[i + 1] * clean + b[i + 1] * noise[i + 1] * recipe.add_noise
    return trace
