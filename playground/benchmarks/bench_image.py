"""`playground bench image`: how fast the image stream is, beside its peers, on this machine.

Comparisons run on one thread with all sides in turns (`playground.benchmarks.timing`), every side
from a uint8 frame to a uint8 picture. `speedup_vs_diffusers` spares diffusers its text encoder and
its guidance. The roofline is the time that the networks' floating-point operations would take at
the rate of a large matrix product, over the time of a step.
"""

import copy
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from playground.benchmarks import endurance, peers, timing
from playground.benchmarks.pen import Pen
from playground.benchmarks.stand_in import weights_folder
from playground.models.image_model import ImageModel
from playground.models.networks import eager
from playground.results import as_lines
from playground.streams.controls import Controls
from playground.streams.engine import Engine
from playground.streams.image_stream import ImageStream

PROMPT = "a red fox on snow"
STEPS = {2: (16, 32), 4: (10, 20, 30, 40)}  # t-index of the comparisons
SCALE = 1.4
Limits = dict[str, tuple[float | None, float | None]]
LIMITS: Limits = {
    "speedup_vs_streamdiffusion": (1.8, None),
    "speedup_vs_diffusers": (2.5, None),
    "self_over_full": (1.4, None),
    "network_share": (0.9, None),
    "max_difference": (None, 1e-4),
    "first_picture_s": (None, 10.0),
    "long_run_memory_growth": (None, 0.01),
    "long_run_end_over_start": (None, 1.05),
}  # at least, at most


def run(
    model: str = "tiny",
    rounds: int = 12,
    frames: int = 20_000,
    seconds: float = 5.0,
    runtime: str = "auto",
) -> dict[str, Any]:
    """All figures; `frames` of the long run (0 = none), `seconds` of the live one."""
    if rounds < 1 or frames < 0 or not seconds > 0:
        raise ValueError(
            "rounds must be >= 1, frames >= 0 and seconds > 0, "
            f"got rounds {rounds}, frames {frames}, seconds {seconds}"
        )
    with tempfile.TemporaryDirectory() as scratch:
        source, is_random = weights_folder(model, Path(scratch))
        results: dict[str, Any] = {"model": "random weights" if is_random else model}
        results["first_picture_s"] = endurance.first_picture_s(source)
        loaded = ImageModel.load(source, runtime=runtime)
        with threads(1):
            results |= compared(loaded, rounds)
            results |= network_figures(loaded, rounds)
            results["max_difference"] = max_difference(loaded)
        with threads(2):
            results["frames_per_s"] = frames_per_s(stream_of(loaded, 2), seconds)
            if frames:
                results |= endurance.long_run(stream_of(loaded, 2), frames)
        results |= {"runtime": loaded.networks.name, "runtime_message": loaded.runtime.message}
    missed = missed_limits(results)
    return results | timing.machine() | {"missed": missed, "passed": not missed}


def compared(model: ImageModel, rounds: int) -> dict[str, float]:
    """Milliseconds a picture of all sides, and the ratios between them."""
    sides: dict[str, Callable[[np.ndarray], Any]] = {}
    for steps in STEPS:
        sides[f"self_{steps}"] = stream_of(model, steps)
        knobs = {"t_index": STEPS[steps], "guidance": "self", "guidance_scale": SCALE}
        sides[f"streamdiffusion_{steps}"] = peers.streamdiffusion(model, prompt=PROMPT, **knobs)
    sides["full_4"] = stream_of(model, 4, guidance="full")
    sides["diffusers_4"] = peers.diffusers_img2img(model, STEPS[4], PROMPT)
    pen = Pen(model.size)
    ms = timing.in_turns(
        {name: lambda side=side: side(pen.latest()) for name, side in sides.items()}, rounds
    )
    ratios = [ms[f"streamdiffusion_{steps}"] / ms[f"self_{steps}"] for steps in STEPS]
    return {
        "speedup_vs_streamdiffusion": min(ratios),
        "speedup_vs_diffusers": ms["diffusers_4"] / ms["self_4"],
        "self_over_full": ms["full_4"] / ms["self_4"],
        "ms": ms,
    }


def network_figures(model: ImageModel, rounds: int) -> dict[str, float]:
    """How much of a step is spent in the networks, and how near they are to the machine's limit."""
    clock = timing.Clocked(model.networks)
    clocked = copy.copy(model)
    clocked.networks = clock.networks
    stream, pen = stream_of(clocked, 2), Pen(model.size)
    product, product_operations = timing.matrix_product()
    shares = []

    def step() -> None:
        clock.ms = 0.0
        spent = timing.milliseconds(lambda: stream.step(pen.latest()))
        shares.append(clock.ms / spent)

    ms = timing.in_turns({"step": step, "product": product}, rounds)
    rate = product_operations / ms["product"]
    return {
        "network_share": float(np.median(shares)),
        "roofline": step_operations(model) / rate / ms["step"],
        "step_ms": ms["step"],
        "matrix_gflops": rate / 1e6,
    }


def step_operations(model: ImageModel) -> float:
    """Floating-point operations of the networks in one step at n = 2."""
    plain = copy.copy(model)
    plain.networks = eager(model.unet, model.vae)
    stream, frame = stream_of(plain, 2), Pen(model.size).latest()
    return timing.operations(lambda: stream.step(frame))


def max_difference(model: ImageModel, count: int = 8) -> float:
    """Largest difference to the plain networks in latents and float pictures, over some frames."""
    plain = copy.copy(model)
    plain.networks = eager(model.unet, model.vae)
    ours, theirs = stream_of(model, 2), stream_of(plain, 2)
    worst, pen = 0.0, Pen(model.size)
    for _ in range(count):
        frame = pen.latest()
        ours.step(frame), theirs.step(frame)
        latents = [stream.state.flight.batch.clean for stream in (ours, theirs)]
        pictures = [side.decode(latents[0][-1]) for side in (model, plain)]
        for one, other in (latents, pictures):
            worst = max(worst, float((one - other).abs().max()))
    return worst


def frames_per_s(stream: ImageStream, seconds: float) -> float:
    """Pictures a second through engine and mailbox, with a new drawing for every step."""
    with Engine(stream, Pen(stream.size), max_fps=None) as engine:
        engine.mailbox.wait(60)
        before, began = engine.meter.pictures, time.perf_counter()
        time.sleep(seconds)
        pictures, took = engine.meter.pictures - before, time.perf_counter() - began
    if engine.error is not None:
        raise RuntimeError("the live run stopped") from engine.error
    return pictures / took


def stream_of(model: ImageModel, steps: int, guidance: str = "self") -> ImageStream:
    """A stream whose networks are ready for what it will ask of them."""
    controls = Controls(
        prompt=PROMPT, t_index=STEPS[steps], guidance=guidance, guidance_scale=SCALE
    )
    stream, pen = ImageStream(model, controls), Pen(model.size)
    for _ in range(2):  # the first step asks for other shapes than all later ones
        stream.step(pen.latest())
    model.runtime.wait(600)
    return stream


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Run with that many threads inside the networks."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def missed_limits(results: dict[str, Any], limits: Limits = LIMITS) -> list[str]:
    """Figures that were measured and are not within their limits."""
    missed = []
    for name, (least, most) in limits.items():
        value = results.get(name)
        if value is None:
            continue
        within = (least is None or value >= least) and (most is None or value <= most)
        missed += [] if within else [name]  # NaN is not within anything
    return missed


def describe(results: dict[str, Any], limits: Limits = LIMITS) -> str:
    """The figures with their limits, for people."""
    lines = []
    for name, value in results.items():
        least, most = limits.get(name, (None, None))
        rule = f"  (>= {least:g})" if least else f"  (<= {most:g})" if most else ""
        mark = "  MISSED" if name in results["missed"] else ""
        lines.append(as_lines({name: value}) + rule + mark)
    return "\n".join(lines)
