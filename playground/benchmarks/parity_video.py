"""How far the video stream is from a reference stream kept in a folder.

The folder holds `weights.safetensors` (Wan's names), `settings.json` and `stream.safetensors`:
`noise` [chunks, passes, b, c, t, h, w], `velocity` of the same shape (the network's answers),
`latents` [chunks, b, c, t, h, w] and the prompts' embeddings `prompt_a`, `prompt_b`, ... [n, d].
Settings: `config`, `chunk_frames`, `window_frames`, `sink_frames`, `timesteps`, `global_sink` (whether
the sink survives a prompt switch) and `prompt_switch_at_frames`; the next prompt comes in with the
first chunk that starts at or after such a frame. The policy is `longlive`.

The stream runs on its own latents, so an error would grow from chunk to chunk.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from playground.diffusion.noise_plan import NoisePlan
from playground.memory.policies import Policy, policy
from playground.memory.switching import LongLiveSwitch, Strategy
from playground.models.causal_wan import CausalWan, WanConfig
from playground.streams.rollout import (
    ChunkResult,
    RolloutState,
    generate_chunk,
    planned,
    recache,
)

PARTS = ("settings.json", "weights.safetensors", "stream.safetensors")
NEEDED = ("config", "chunk_frames", "window_frames", "sink_frames", "timesteps")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reference:
    """A folder, read and checked."""

    model: CausalWan
    policy: Policy
    strategy: Strategy  # of prompt switches
    plan: NoisePlan
    prompts: list[Tensor]  # embeddings in the order of their use
    switches: list[int]  # frames at which the next prompt is asked for
    noise: Tensor
    velocity: Tensor
    latents: Tensor


def run(directory: str | Path) -> dict[str, Any]:
    """Largest absolute difference of velocities and of latents, and how much was compared.

    Raises FileNotFoundError for a folder without its parts, ValueError for one that cannot run.
    """
    reference = load(Path(directory).expanduser())
    velocity_error = latent_error = torch.zeros(())
    switched: list[int] = []
    for number, (result, state) in enumerate(rollout(reference)):
        velocities = torch.stack([p.velocity for p in result.predictions])
        difference = velocities - reference.velocity[number]
        velocity_error = torch.maximum(velocity_error, difference.abs().max())
        latent_error = torch.maximum(
            latent_error, (result.latents - reference.latents[number]).abs().max()
        )
        switched += [result.frame] * (state.prompt - len(switched))
    return {
        "max_velocity_error": float(velocity_error),
        "max_latent_error": float(latent_error),
        "chunks": len(reference.noise),
        "switched_at_frames": switched,
    }


def rollout(reference: Reference) -> Iterator[tuple[ChunkResult, RolloutState]]:
    """The stream of the folder, chunk by chunk, with the state after each."""
    model, policy, state = reference.model, reference.policy, RolloutState()
    context = model.context(reference.prompts[0])
    for noise in reference.noise:
        wanted = sum(frame <= state.frame for frame in reference.switches)
        while state.prompt < wanted:
            context = model.context(reference.prompts[state.prompt + 1])
            rewriting = planned(state, policy, reference.strategy)
            state = recache(model, state, context, policy, rewriting, state.prompt + 1)
        state, result = generate_chunk(
            model, state, context, policy, reference.plan, noise, keep_predictions=True
        )
        yield result, state


def load(folder: Path) -> Reference:
    """Read a folder; every missing or contradicting part is named."""
    for part in PARTS:
        if not (folder / part).is_file():
            raise FileNotFoundError(
                f"parity folder must hold {part}, got {str(folder)!r} without it"
            )
    settings = _settings_of(folder / "settings.json")
    stream = _tensors_of(folder / "stream.safetensors", ("noise", "velocity", "latents"))
    switches = sorted(int(frame) for frame in settings.get("prompt_switch_at_frames", []))
    model = CausalWan(WanConfig.from_dict(settings["config"])).eval().requires_grad_(False)
    _fill(model, _tensors_of(folder / "weights.safetensors"))
    _check_shapes(settings, stream)
    return Reference(
        model=model,
        policy=policy(
            "longlive",
            chunk=int(settings["chunk_frames"]),
            window=int(settings["window_frames"]),
            sink=int(settings["sink_frames"]),
        ),
        strategy=LongLiveSwitch(keep_sink=bool(settings.get("global_sink", True))),
        plan=NoisePlan.few_step(settings["timesteps"]),
        prompts=_prompts_of(stream, len(switches) + 1),
        switches=switches,
        noise=stream["noise"],
        velocity=stream["velocity"],
        latents=stream["latents"],
    )


def _settings_of(file: Path) -> dict[str, Any]:
    settings = json.loads(file.read_text(encoding="utf-8"))
    missing = [name for name in NEEDED if name not in settings]
    if missing:
        raise ValueError(f"settings.json must have {', '.join(NEEDED)}; {missing[0]} is missing")
    return settings


def _tensors_of(file: Path, names: tuple[str, ...] = ()) -> dict[str, Tensor]:
    try:
        tensors = {name: value.float() for name, value in load_file(file).items()}
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{file.name} cannot be read: {error}; fetch it again") from error
    missing = [name for name in names if name not in tensors]
    if missing:
        raise ValueError(f"{file.name} must hold {', '.join(names)}; {missing[0]} is missing")
    return tensors


def _fill(model: CausalWan, weights: dict[str, Tensor]) -> None:
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"weights.safetensors must fit the config: {error}") from error


def _check_shapes(settings: dict[str, Any], stream: dict[str, Tensor]) -> None:
    noise, velocity, latents = (tuple(stream[n].shape) for n in ("noise", "velocity", "latents"))
    if noise != velocity or noise[:1] + noise[2:] != latents:
        raise ValueError(
            "noise, velocity and latents must be of the same chunks, got shapes "
            f"{noise}, {velocity} and {latents}"
        )
    asked = len(settings["timesteps"]), int(settings["chunk_frames"])
    if (noise[1], noise[4]) != asked:
        raise ValueError(
            f"noise must have {asked[0]} passes of {asked[1]} frames as settings.json says, got "
            f"{noise[1]} of {noise[4]}"
        )


def _prompts_of(stream: dict[str, Tensor], count: int) -> list[Tensor]:
    """The first `count` prompts, each with a batch axis."""
    names = [f"prompt_{letter}" for letter in ascii_lowercase[:count]]
    missing = [name for name in names if name not in stream]
    if missing:
        raise ValueError(
            f"stream.safetensors must hold {count} prompts for {count - 1} switches; "
            f"{missing[0]} is missing"
        )
    prompts = [stream[name] for name in names]
    batch = stream["noise"].shape[2]
    return [p if p.ndim == 3 else p.expand(batch, -1, -1) for p in prompts]
