"""Stopwatches for benchmarks: several sides in turns, the networks' share, the machine's own limit.

All sides run in one process, a few steps at a time and in turns, so that whatever else the machine
does hits them alike; what counts is the median. Knows no streams.
"""

import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from playground.models.networks import Networks

STEPS_IN_TURN = 4  # of one side, after one that is not counted
MATRIX = 1024  # side of the square matrices


def in_turns(sides: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median milliseconds of one call of every side."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, call in sides.items():
            call()  # brings its weights back into the caches
            for _ in range(STEPS_IN_TURN):
                times[name].append(milliseconds(call))
    return {name: float(np.median(values)) for name, values in times.items()}


def milliseconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e3


class Clocked:
    """The networks of a model with a clock that adds up the time spent inside them."""

    def __init__(self, inside: Networks) -> None:
        self.ms = 0.0
        self.networks = Networks(
            unet=self._clocked(inside.unet),
            encode=self._clocked(inside.encode),
            decode=self._clocked(inside.decode),
            name=inside.name,
        )

    def _clocked(self, network: Callable[..., Any]) -> Callable[..., Any]:
        def call(*inputs: Any) -> Any:
            began = time.perf_counter()
            answer = network(*inputs)
            self.ms += (time.perf_counter() - began) * 1e3
            return answer

        return call


def matrix_product(size: int = MATRIX) -> tuple[Callable[[], object], float]:
    """A product of two square float32 matrices, and its floating-point operations."""
    left, right = torch.rand(size, size), torch.rand(size, size)
    return lambda: left @ right, 2.0 * size**3


def operations(call: Callable[[], object]) -> float:
    """Floating-point operations of the matrix products and convolutions inside a call."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        call()
    return float(counter.get_total_flops())


def machine() -> dict[str, Any]:
    """What ran this: machine, versions, date."""
    cores = torch.multiprocessing.cpu_count()
    return {
        "machine": f"{_processor()}, {cores} cores, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        for line in facts.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
