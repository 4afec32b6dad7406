"""The long run: does the loop get slower, does it need more memory, how soon is the first picture?"""

import subprocess
import sys
import threading
import time
from array import array
from typing import Any

import numpy as np
import psutil

from playground.benchmarks.pen import Pen
from playground.streams.engine import Engine

WARM_UP = 0.05  # of the frames, before the first look at the memory
PART = 0.1  # of the frames that count as start and as end

FIRST_PICTURE = """
from playground import ImageStream
from playground.frames import Noise
stream = ImageStream.load({source!r}, prompt="a red fox on snow")
print("picture", stream(Noise(stream.size).latest()).shape, flush=True)
"""


def long_run(stream: Any, frames: int) -> dict[str, float]:
    """Frames through engine and mailbox; growth of memory, and time a frame at the end over the start."""
    run = _Watched(stream, frames)
    part = max(2, int(PART * frames))
    wall, cpu = (
        _milliseconds(moments, slice(-part, None)) / _milliseconds(moments, slice(0, part))
        for moments in (run.moments, run.processor)
    )
    return {
        "long_run_frames": frames,
        "long_run_memory_growth": run.memory[-1] / run.memory[0] - 1,
        "long_run_memory_mb": run.memory[-1] / 2**20,
        "long_run_end_over_start": wall,
        "long_run_end_over_start_cpu": cpu,  # of processor time: other programs do not show in it
    }


def _milliseconds(moments: array, part: slice) -> float:
    """Median time a frame in a part of the run."""
    return float(np.median(np.diff(np.asarray(moments)[part]))) * 1e3


class _Watched:
    """One run of an engine, with a note of every picture's moment and memory at four places."""

    def __init__(self, stream: Any, frames: int) -> None:
        self.moments, self.processor = (array("d", [0.0]) * frames for _ in range(2))
        self.memory = array("d", [0.0]) * 4
        self._count, self._process, self._done = 0, psutil.Process(), threading.Event()
        first = int(WARM_UP * frames)
        self._looks = {first + (frames - 1 - first) * part // 3: part for part in range(4)}
        engine = Engine(stream, Pen(stream.size), max_fps=None)
        engine.mailbox.on_put = self._note
        engine.on_error = lambda _: self._done.set()
        with engine:
            self._done.wait()
        if self._count < frames:
            raise RuntimeError(f"the long run stopped after {self._count} frames") from engine.error

    def _note(self) -> None:
        if self._count < len(self.moments):
            self.moments[self._count] = time.perf_counter()
            self.processor[self._count] = time.process_time()
            if self._count in self._looks:
                self.memory[self._looks[self._count]] = self._process.memory_info().rss
            self._count += 1
        if self._count == len(self.moments):
            self._done.set()


def first_picture_s(source: str) -> float:
    """Seconds from the start of a fresh process to its first picture."""
    began = time.perf_counter()
    program = [sys.executable, "-c", FIRST_PICTURE.format(source=source)]
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline()
        seconds = time.perf_counter() - began
        process.kill()  # what is still made ready behind the picture is of no use here
        if not line.startswith("picture"):
            raise RuntimeError(f"no first picture: {process.stderr.read()[-400:]}")
    return seconds
