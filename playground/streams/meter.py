"""What a running stream costs: pictures a second, milliseconds a stage, how late a picture is.

Everything is kept for a short window only, so a stream that runs for days needs no more memory
than one that runs for a second. Numbers are worked out when somebody looks, not at every step.
The meter knows nothing of devices: whoever measures a stage on a GPU synchronises it first.
"""

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

WINDOW_S = 2.0  # of the rate
STEPS_KEPT = 128  # of the medians
CHANGES_KEPT = 256  # of the latencies


class Meter:
    """Fed by the engine once a step, read by anybody from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as before the first step."""
        with self._lock:
            self.pictures = self.skipped = self.dropped = 0
            self._moments: deque[float] = deque(maxlen=STEPS_KEPT)
            self._stages: deque[Mapping[str, float]] = deque(maxlen=STEPS_KEPT)
            self._latencies_ms: deque[float] = deque(maxlen=CHANGES_KEPT)

    def step(self, stages_ms: Mapping[str, float], *, picture: bool, skipped: bool = False) -> None:
        """Note one step: its milliseconds a stage, and whether a new picture came of it."""
        with self._lock:
            self._stages.append(stages_ms)
            self.skipped += skipped
            if picture:
                self.pictures += 1
                self._moments.append(time.perf_counter())

    def answered(self, latency_ms: float) -> None:
        """Note how long a change (a stroke, a prompt) took until its first picture."""
        with self._lock:
            self._latencies_ms.append(latency_ms)

    def snapshot(self) -> dict[str, Any]:
        """All numbers: fps, ms (median a stage), latency_p50_ms, latency_p95_ms, counts.

        Latencies are None until a change was answered, fps is 0 when nothing came lately.
        """
        with self._lock:
            moments, stages = list(self._moments), list(self._stages)
            latencies = list(self._latencies_ms)
            counts = {"pictures": self.pictures, "skipped": self.skipped, "dropped": self.dropped}
        p50, p95 = np.percentile(latencies, [50, 95]).tolist() if latencies else (None, None)
        return {
            "fps": _rate(moments, time.perf_counter()),
            "ms": _medians(stages),
            "latency_p50_ms": p50,
            "latency_p95_ms": p95,
            **counts,
        }


def _rate(moments: list[float], now: float) -> float:
    """Pictures a second over the window; falls to 0 by itself when the pictures stop."""
    recent = [moment for moment in moments if now - moment <= WINDOW_S]
    if len(recent) < 2:
        return 0.0
    silence = now - recent[-1]
    usual = (recent[-1] - recent[0]) / (len(recent) - 1)
    lateness = silence if silence > 2 * usual else 0.0  # a stop shows at once, a step does not
    return (len(recent) - 1) / max(recent[-1] - recent[0] + lateness, 1e-9)


def _medians(stages: list[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for stage in stages for name in stage)
    return {
        name: float(np.median([stage[name] for stage in stages if name in stage])) for name in names
    }
