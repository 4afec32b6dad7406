"""`playground bench full-size`: the two streams at the size of published weights, on this machine.

Weights are random (`full_size_models`): speed, memory and the peers' distance do not depend on what they
say. Video is a published recipe at its own size, four steps, decoding included; its peer is diffusers'
blocks made causal (`video_peers`). Pictures are SD-Turbo's U-Net at 512 x 512 in one step and in four; the
peers are the `streamdiffusion` package and diffusers' own pipeline. All sides in turns, medians.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from playground.benchmarks import bench_image, peers, timing, video_peers
from playground.benchmarks.full_size_models import random_image_model, random_video_model
from playground.benchmarks.pen import Pen
from playground.diffusion.noise_plan import NoisePlan
from playground.models import memory_estimate
from playground.models.image_model import ImageModel
from playground.models.published_video import tell
from playground.models.video_model import VideoModel
from playground.models.video_recipes import RECIPES
from playground.streams import rollout
from playground.streams.controls import Controls
from playground.streams.image_stream import ImageStream
from playground.streams.making import Making
from playground.streams.steering import noise_of
from playground.streams.stopwatch import waits_for
from playground.streams.video_stream import VideoStream

PROMPTS = ("a duck on the sea", "a fox in the snow at night")
T_INDEX = {1: (25,), 4: (18, 26, 35, 45)}
LIMITS = {"video_cost_growth": (None, 1.05), "video_over_told": (None, 1.0)}


def run(
    recipe: str = "longlive-1.3b",
    decoder: str = "tiny",
    height: int = 480,
    width: int = 832,
    chunks: int = 12,
    rounds: int = 3,
) -> dict[str, Any]:
    """All figures; `chunks` of the video stream after its cache is full."""
    if recipe not in RECIPES:
        raise ValueError(f"recipe must be one of {', '.join(RECIPES)}; got {recipe!r}")
    if chunks < 2 or rounds < 1:
        raise ValueError(f"chunks must be >= 2 and rounds >= 1, got {chunks} and {rounds}")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        tell(
            "there is no CUDA here: this takes hours; --height 64 --width 64 --chunks 2 takes minutes"
        )
    settings = replace(RECIPES[recipe].settings, size=(height, width))
    with torch.inference_mode():
        video = random_video_model(RECIPES[recipe], settings, device, decoder=decoder)
        results = video_figures(video, decoder, chunks, rounds)
        del video
        dtype = torch.float16 if device.type == "cuda" else torch.float32
        results |= image_figures(random_image_model(device, dtype), rounds)
    missed = bench_image.missed_limits(results, LIMITS)
    device_name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    about = {"recipe": recipe, "size": [height, width], "decoder": decoder, "device": device_name}
    return about | results | timing.machine() | {"missed": missed, "passed": not missed}


def video_figures(model: VideoModel, decoder: str, chunks: int, rounds: int) -> dict[str, Any]:
    """One stream: its times, memory beside what is told, a switch of the prompt, and the peer."""
    video = VideoStream.load(model, prompt=PROMPTS[0])
    first = timing.milliseconds(lambda: next(video))
    for _ in range(dict(model.settings.sizes).get("window", 12) // model.settings.chunk):
        next(video)
    made = [next(video) for _ in range(chunks)]
    total = [chunk.timings["total"] for chunk in made]
    video.prompt = PROMPTS[1]
    switched = next(video).timings
    results = {
        "video_first_chunk_s": first / 1e3,
        "video_frames_per_s": len(made[0].frames) / float(np.median(total)) * 1e3,
        "video_chunk_ms": float(np.median(total)),
        "video_decode_ms": float(np.median([chunk.timings["decode"] for chunk in made])),
        "video_switched_chunk_ms": switched["total"],
        "video_recache_ms": switched.get("recache", 0.0),
        "video_cost_growth": float(
            np.median(total[chunks // 2 :]) / np.median(total[: chunks // 2])
        ),
    }
    return results | memory_figures(model, decoder) | beside_diffusers(model, video, rounds)


def memory_figures(model: VideoModel, decoder: str) -> dict[str, float]:
    """The most memory that the device gave, beside what would have been told; {} on a CPU."""
    if model.device.type != "cuda":
        return {}
    weights = str(model.dtype).removeprefix("torch.")
    choice = memory_estimate.Choice(weights=weights, decoder=decoder)
    told = memory_estimate.estimate(model.transformer.config, model.settings, choice).total
    peak = torch.cuda.max_memory_allocated(model.device)
    return {
        "video_peak_gb": peak / memory_estimate.GB,
        "video_told_gb": told / memory_estimate.GB,
        "video_over_told": peak / told,
    }


def beside_diffusers(model: VideoModel, video: VideoStream, rounds: int) -> dict[str, float]:
    """The passes of a chunk, from the same state with the same noise, on our blocks and on theirs."""
    state, making = video.state.flight.rollout, Making.of(model, video.controls)
    noise, plan = noise_of(state.frame, making), NoisePlan.few_step(model.times())
    peer = video_peers.on_diffusers(model, PROMPTS[1])
    wait, latents = waits_for(model.device), {}

    def chunk(name: str, side: VideoModel) -> Callable[[], None]:
        def made() -> None:
            _, result = rollout.generate_chunk(
                side.forward, state, making.context, making.policy, plan, noise
            )
            wait()
            latents[name] = result.latents.float()

        return made

    sides = {name: chunk(name, side) for name, side in (("ours", model), ("diffusers", peer))}
    ms = timing.in_turns(sides, rounds)
    apart = (latents["ours"] - latents["diffusers"]).norm() / latents["diffusers"].norm()
    return {
        "video_speedup_vs_diffusers_stateful": ms["diffusers"] / ms["ours"],
        "video_peer_difference": float(apart),
        "video_passes_ms": ms["ours"],
    }


def image_figures(model: ImageModel, rounds: int) -> dict[str, Any]:
    """Milliseconds a picture of all sides, from a uint8 frame to a uint8 picture."""
    knobs = {steps: {"prompt": PROMPTS[0], "t_index": T_INDEX[steps]} for steps in T_INDEX}
    sides: dict[str, Callable[[np.ndarray], Any]] = {
        f"ours_{steps}": ImageStream(model, Controls(**knobs[steps], guidance="none"))
        for steps in T_INDEX
    }
    for steps in T_INDEX:
        sides[f"streamdiffusion_{steps}"] = peers.streamdiffusion(
            model, guidance="none", **knobs[steps]
        )
        sides[f"diffusers_{steps}"] = peers.diffusers_img2img(model, T_INDEX[steps], PROMPTS[0])
    pen = Pen(model.size)
    calls = {name: lambda side=side: side(pen.latest()) for name, side in sides.items()}
    for call in calls.values():
        call(), call()  # other shapes come first
    model.runtime.wait(600)
    ms = timing.in_turns(calls, rounds)
    results: dict[str, Any] = {"image_runtime": model.networks.name}
    for steps in T_INDEX:
        ours = ms[f"ours_{steps}"]
        results[f"image_frames_per_s_{steps}"] = 1e3 / ours
        for peer in ("streamdiffusion", "diffusers"):
            results[f"image_speedup_vs_{peer}_{steps}"] = ms[f"{peer}_{steps}"] / ours
    return results | {"image_runtime_message": model.runtime.message, "image_ms": ms}


def describe(results: dict[str, Any]) -> str:
    """The figures with their limits, for people."""
    return bench_image.describe(results, LIMITS)
