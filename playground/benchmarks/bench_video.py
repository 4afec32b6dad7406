"""`playground bench video`: how fast the video stream is, beside its peers, on this machine.

One thread, all sides in turns, medians (`playground.benchmarks.timing`). `speedup_vs_diffusers_stateful`
compares whole chunks, decoding included, of the same stream on diffusers' blocks. `cache_speedup` compares
the passes of a chunk with and without a cache, both on the same runtime, in the same graph and without
decoding. `cost_growth` compares the last tenth of the long run with its first, which is run again from a
snapshot, in turns with the last, chunk by chunk: a machine that gets warm or busy in between slows both.
It is of processor time, where other programs do not show; `cost_growth_wall` is beside it.
"""

import copy
import time
from typing import Any

import numpy as np
import psutil
import torch
from tqdm import tqdm

from playground.benchmarks import bench_image, timing, video_peers
from playground.benchmarks.bench_image import threads
from playground.benchmarks.video_stand_in import model_or_random
from playground.conditioning.tracks import Tracks
from playground.diffusion.noise_plan import NoisePlan
from playground.models.video_model import VideoModel, VideoNetworks, eager
from playground.streams import rollout
from playground.streams.making import Making
from playground.streams.steering import noise_of
from playground.streams.video_stream import VideoStream

PROMPT = "a duck on the sea"
WARM_CHUNKS = 4  # until the cache is full and its size was seen twice
LIMITS = {
    "frames_per_s": (40, None),
    "cache_speedup": (1.8, None),
    "speedup_vs_diffusers_stateful": (1.3, None),
    "peer_difference": (None, 1e-3),
    "max_difference": (None, 1e-3),
    "cost_growth": (None, 1.05),
    "memory_growth": (None, 1.01),
    "network_share": (0.9, None),
}  # at least, at most


def run(
    model: str = "tiny", rounds: int = 12, frames: int = 10_000, runtime: str = "auto"
) -> dict[str, Any]:
    """All figures; `frames` of the long run, 0 = none."""
    if rounds < 1 or (frames and frames < 100) or frames < 0:
        raise ValueError(
            f"rounds must be >= 1 and frames 0 or >= 100, got rounds {rounds}, frames {frames}"
        )
    with threads(1):
        loaded, is_random = model_or_random(model, runtime)
        results: dict[str, Any] = {"model": "random weights" if is_random else model}
        results["steps"] = len(loaded.times())
        results |= compared(loaded, rounds)
        results |= network_figures(loaded, rounds)
        results["cache_speedup"] = cache_speedup(loaded, rounds)
        results["cache_speedup_eager"] = cache_speedup(plain_copy(loaded), rounds)
        if frames:
            results |= long_run(ready_stream(loaded), frames)
    results |= {"runtime": loaded.networks.name, "runtime_message": loaded.runtime.message}
    missed = missed_limits(results)
    return results | timing.machine() | {"missed": missed, "passed": not missed}


def ready_stream(model: VideoModel) -> VideoStream:
    """A stream with a full cache that follows a path, on networks that are ready."""
    height, width = model.size
    ring = 0.5 + 0.25 * np.stack([np.cos(turn := np.linspace(0, 6.28, 60)), np.sin(turn)], -1)
    points = (ring * (width, height)).astype(np.float32)[:, None]
    tracks = Tracks(points, pinned=True, fps=model.settings.fps, size=model.size)
    tracks = tracks if model.transformer.config.track_dim else None
    video = VideoStream(model, VideoStream(model).controls)
    video.prompt, video.tracks = PROMPT, tracks
    for _ in range(WARM_CHUNKS):
        next(video)
    if model.runtime is not None and not model.runtime.wait(600):
        raise RuntimeError("the faster networks were not ready after 600 s")
    next(video)  # the first chunk that they make
    return video


def compared(model: VideoModel, rounds: int) -> dict[str, Any]:
    """Chunk times of the stream on our networks, on plain ones and on diffusers', and differences."""
    sides = {
        "ours": model,
        "eager": plain_copy(model),
        "diffusers": video_peers.on_diffusers(model, PROMPT),
    }
    streams = {name: ready_stream(side) for name, side in sides.items()}
    latents = {}
    for name, video in streams.items():
        latents[name] = video.state.flight.rollout.clean
    ms = timing.in_turns(
        {name: lambda video=video: next(video) for name, video in streams.items()}, rounds
    )
    frames = streams["ours"].model.settings.chunk * model.transformer.config.track_fold
    return {
        "frames_per_s": frames / ms["ours"] * 1e3,
        "chunk_latency_ms": ms["ours"],
        "speedup_vs_eager": ms["eager"] / ms["ours"],
        "speedup_vs_diffusers_stateful": ms["diffusers"] / ms["ours"],
        "peer_difference": float((latents["diffusers"] - latents["eager"]).abs().max()),
        "max_difference": float((latents["ours"] - latents["eager"]).abs().max()),
        "ms": ms,
    }


@torch.inference_mode()
def cache_speedup(model: VideoModel, rounds: int) -> float:
    """Denoising a chunk and writing it, against denoising it with the visible context each step."""
    video = ready_stream(model)
    state, making = video.state.flight.rollout, Making.of(model, video.controls)
    noise, plan = noise_of(state.frame, making), NoisePlan.few_step(model.times())
    seen = making.policy.view(state.cache, state.frame, making.policy.chunk)
    past = state.clean[:, :, -len(seen.slots) :]

    def cached() -> None:
        nonlocal state  # it goes on: the past of every chunk is another one
        state, _ = rollout.generate_chunk(
            model.forward, state, making.context, making.policy, plan, noise, None
        )

    uncached = video_peers.without_cache(model, past, making.context, model.times(), noise)
    ms = timing.in_turns({"cached": cached, "uncached": uncached}, rounds)
    return ms["uncached"] / ms["cached"]


def plain_copy(model: VideoModel) -> VideoModel:
    """The same model on plain PyTorch."""
    plain = copy.copy(model)
    plain.networks = eager(model.transformer, model.codec)
    return plain


def network_figures(model: VideoModel, rounds: int) -> dict[str, float]:
    """How much of a chunk is spent in the networks, and how near they are to the machine's limit."""
    clock = _Clock()
    clocked = copy.copy(model)
    forward, decode = model.networks.forward, model.networks.decode
    clocked.networks = VideoNetworks(forward=clock.around(forward), decode=clock.around(decode))
    still, video = ready_stream(plain_copy(model)), ready_stream(clocked)
    operations = timing.operations(lambda: next(still))
    product, product_operations = timing.matrix_product()
    shares = []

    def chunk() -> None:
        clock.ms = 0.0
        spent = timing.milliseconds(lambda: next(video))
        shares.append(clock.ms / spent)

    ms = timing.in_turns({"chunk": chunk, "product": product}, rounds)
    rate = product_operations / ms["product"]
    return {
        "network_share": float(np.median(shares)),
        "roofline": operations / rate / ms["chunk"],
        "chunk_gflop": operations / 1e9,
        "matrix_gflops": rate / 1e6,
    }


class _Clock:
    """Adds up the time spent inside callables."""

    def __init__(self) -> None:
        self.ms = 0.0

    def around(self, network: Any) -> Any:
        def call(*inputs: Any, **named: Any) -> Any:
            began = time.perf_counter()
            answer = network(*inputs, **named)
            self.ms += (time.perf_counter() - began) * 1e3
            return answer

        return call


def long_run(video: VideoStream, frames: int) -> dict[str, float]:
    """Cost of a chunk near the end over near the start, and memory likewise."""
    fold, chunk = video.model.transformer.config.track_fold, video.model.settings.chunk
    chunks, process = frames // (chunk * fold), psutil.Process()
    part, start = max(2, chunks // 10), chunks // 100
    costs: dict[str, list[tuple[float, float]]] = {"young": [], "old": []}
    for number in tqdm(range(chunks), desc="long run", disable=None):
        if number == start:
            young, first = VideoStream.restore(video.state), process.memory_info().rss
        if number < chunks - part:
            next(video)
            continue
        pair = [("young", young), ("old", video)]
        for name, stream in pair if number % 2 else reversed(pair):
            costs[name].append(_cost(stream))
    last = process.memory_info().rss
    processor, wall = np.median(costs["old"], 0) / np.median(costs["young"], 0)
    return {
        "long_run_frames": frames,
        "cost_growth": float(processor),
        "cost_growth_wall": float(wall),
        "memory_growth": last / first,
        "memory_mb": last / 2**20,
    }


def _cost(video: VideoStream) -> tuple[float, float]:
    """Seconds of processor and clock that a chunk takes."""
    began, began_cpu = time.perf_counter(), time.process_time()
    next(video)
    return time.process_time() - began_cpu, time.perf_counter() - began


def missed_limits(results: dict[str, Any]) -> list[str]:
    """Figures that were measured and are not within their limits."""
    return bench_image.missed_limits(results, LIMITS)


def describe(results: dict[str, Any]) -> str:
    """The figures with their limits, for people."""
    return bench_image.describe(results, LIMITS)
