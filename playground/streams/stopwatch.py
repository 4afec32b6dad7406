"""Milliseconds of the stages of one step, on any device."""

import time
from collections.abc import Callable

import torch


def waits_for(device: torch.device) -> Callable[[], None]:
    """What waits until a device has done its work; nothing to wait for on a CPU."""
    if device.type == "cuda":
        return lambda: torch.cuda.synchronize(device)
    if device.type == "mps":
        return torch.mps.synchronize
    return lambda: None


class Stopwatch:
    """Laps since the last lap, by name; the same name twice adds up."""

    def __init__(self, wait: Callable[[], None]) -> None:
        self._wait = wait
        self._began = self._last = time.perf_counter()
        self.timings: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """The time since the last lap was spent on `stage`."""
        self._wait()
        now = time.perf_counter()
        self.timings[stage] = self.timings.get(stage, 0.0) + (now - self._last) * 1e3
        self._last = now

    def total(self) -> dict[str, float]:
        """All laps, and their total."""
        return {**self.timings, "total": (time.perf_counter() - self._began) * 1e3}
