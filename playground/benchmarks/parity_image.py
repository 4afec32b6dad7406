"""How far the stream's latents are from reference latents kept in a folder.

The folder holds `pipeline/` (a diffusers pipeline), `settings.json` ({"cases": {name: settings}}) and
`reference.npz` (`frames`, RGB in 0..1, [t, 3, H, W], and `<name>_latents`, what left the stream call
by call). A case names t_index_list, cfg_type, prompt, and where they differ from the defaults
negative, guidance_scale, delta, seed, num_inference_steps, do_add_noise. The first n - 1 calls are
warm-up and are not compared.
"""

import json
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from playground.conditioning.prompts import embed
from playground.diffusion import stream_batch
from playground.diffusion.guidance import Guidance
from playground.diffusion.plan import Plan, one_slot_plans
from playground.diffusion.schedule import Schedule
from playground.models.image_model import ImageModel
from playground.models.networks import eager


def run(directory: str | Path) -> dict[str, Any]:
    """Largest absolute difference of every case ("cases"), and of all of them ("max_error").

    Raises FileNotFoundError for a folder without its parts, ValueError for cases that cannot run.
    """
    folder = Path(directory).expanduser()
    for part in ("pipeline", "settings.json", "reference.npz"):
        if not (folder / part).exists():
            raise FileNotFoundError(
                f"parity folder must hold {part}, got {str(folder)!r} without it"
            )
    cases, arrays = _cases_of(folder / "settings.json"), _arrays_of(folder / "reference.npz")
    model = ImageModel.load(folder / "pipeline", device="cpu", dtype=torch.float32, runtime="eager")
    # the layout of the reference: with another one the network itself rounds differently
    model.networks = eager(model.unet, model.vae, torch.contiguous_format)
    errors = {name: _error(model, name, case, arrays) for name, case in cases.items()}
    return {"cases": errors, "max_error": max(errors.values())}


def _cases_of(file: Path) -> dict[str, dict[str, Any]]:
    cases = json.loads(file.read_text(encoding="utf-8")).get("cases")
    if not cases:
        raise ValueError('settings.json must have "cases" with at least one case, got none')
    for name, case in cases.items():
        if not case.get("t_index_list"):
            raise ValueError(f"case {name!r} must name its t_index_list, got {sorted(case)}")
    return cases


def _arrays_of(file: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(file) as arrays:
            return dict(arrays)
    except (OSError, ValueError, BadZipFile) as error:
        raise ValueError(f"reference.npz cannot be read: {error}; fetch it again") from error


@torch.inference_mode()
def _error(
    model: ImageModel, name: str, case: dict[str, Any], arrays: dict[str, np.ndarray]
) -> float:
    if f"{name}_latents" not in arrays:
        raise ValueError(f"reference.npz must hold {name}_latents, got {sorted(arrays)}")
    reference = torch.from_numpy(arrays[f"{name}_latents"]).float()
    own_frames = f"{name}_frames"
    frames = torch.from_numpy(arrays[own_frames if own_frames in arrays else "frames"]).float()
    slots = len(case["t_index_list"])
    if len(frames) < slots:
        raise ValueError(f"frames must be at least {slots} for case {name!r}, got {len(frames)}")
    latents = stream_latents(model, frames, case)
    warm = min(len(reference), len(frames) - slots + 1)
    return float((latents[-warm:] - reference[-warm:].reshape(latents[-warm:].shape)).abs().max())


def stream_latents(
    model: ImageModel, frames: Float[Tensor, "t 3 H W"], case: dict[str, Any]
) -> Float[Tensor, "calls c h w"]:
    """What leaves the stream batch, call by call, for one case of a settings file."""
    generator = torch.Generator().manual_seed(int(case.get("seed", 2)))
    shape = _encoded(model, frames[:1], None).shape[1:]
    noise = torch.randn((len(case["t_index_list"]), *shape), generator=generator)
    plan = _plan_of(model, case, noise)
    state, outputs = None, []
    for tag, frame in enumerate(frames):
        entry = stream_batch.enter(_encoded(model, frame[None], generator), plan, tag=tag)
        if state is None:
            state, out = stream_batch.prime(entry, one_slot_plans(plan), model.unet_forward)
        else:
            state, out = stream_batch.step(state, entry, plan, model.unet_forward)
        outputs.append(out)
    return torch.cat(outputs)


def _plan_of(model: ImageModel, case: dict[str, Any], noise: Tensor) -> Plan:
    steps = int(case.get("num_inference_steps", 50))
    add_noise = case.get("do_add_noise", case.get("add_noise", True))
    return Plan.make(
        schedule=Schedule.from_scheduler(model.scheduler, tuple(case["t_index_list"]), steps),
        noise=noise,
        guidance=Guidance(
            kind=case.get("cfg_type", "self"),
            scale=float(case.get("guidance_scale", 1.2)),
            delta=float(case.get("delta", 1.0)),
        ),
        prompt=embed(model, case.get("prompt", "")),
        negative=embed(model, case.get("negative", case.get("negative_prompt", ""))),
        add_noise=bool(add_noise),
    )


def _encoded(model: ImageModel, frame: Tensor, generator: torch.Generator | None) -> Tensor:
    """Latents of one frame; codecs with a distribution are sampled as the reference sampled them."""
    pixels = frame * 2 - 1
    encoded = model.vae.encode(pixels)
    if generator is None or not hasattr(encoded, "latent_dist"):
        return model.encode(pixels)
    return encoded.latent_dist.sample(generator) * model.vae.config.scaling_factor
