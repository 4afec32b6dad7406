"""`playground bench switch`: what a prompt switch costs, whether frames keep coming, whether it adds up.

`switch_over_chunk` is the time of the re-cache of the strategy that streams use unasked over that of a whole
chunk, medians of the same run. `longest_gap_chunks` goes through an engine and its mailbox, as an app's
frames do: the longest time between two frames around a switch, over the median time of a chunk.
`chunk_time_growth` is of processor time, where other programs do not show.
"""

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
from tqdm import tqdm

from playground.benchmarks import bench_image, timing
from playground.benchmarks.bench_image import threads
from playground.benchmarks.bench_video import ready_stream
from playground.benchmarks.video_stand_in import model_or_random
from playground.memory.switching import STRATEGIES
from playground.models.video_model import VideoModel
from playground.streams.engine import Engine
from playground.streams.video_stream import VideoStream
from playground.streams.video_values import Chunk

PROMPTS = ("a cat on the sea", "a duck on the sea")
CHUNKS_BETWEEN = 3  # from one switch to the next: the cache is full of the new prompt by then
AROUND_FRAMES = 6  # on both sides of a switch, in which gaps count
ENDURANCE_PART = 5  # the first and last fifth of the switches are compared
LIMITS = {
    "switch_over_chunk": (None, 1.5),
    "longest_gap_chunks": (None, 2.0),
    "memory_growth": (None, 1.01),
    "chunk_time_growth": (None, 1.01),
}  # at least, at most


def run(
    model: str = "tiny", switches: int = 200, gaps: int = 12, runtime: str = "auto"
) -> dict[str, Any]:
    """All figures; `switches` in a row, and `gaps` switches through an engine."""
    if switches < 10 or gaps < 1:
        raise ValueError(
            f"switches must be >= 10 and gaps >= 1, got switches {switches}, gaps {gaps}"
        )
    with threads(1):
        loaded, is_random = model_or_random(model, runtime)
        results: dict[str, Any] = {"model": "random weights" if is_random else model}
        results |= {"switches": switches, "strategies": costs(loaded, rounds=max(4, gaps))}
        usual = VideoStream(loaded).controls.recache
        results |= results["strategies"][usual]
        results |= gaps_of(ready_stream(loaded), gaps)
        results |= endurance(ready_stream(loaded), switches)
    results |= {"runtime": loaded.networks.name, "runtime_message": loaded.runtime.message}
    missed = bench_image.missed_limits(results, LIMITS)
    return results | timing.machine() | {"missed": missed, "passed": not missed}


def costs(model: VideoModel, rounds: int) -> dict[str, dict[str, float]]:
    """Of every strategy: the time of a switch, and that over the time of a chunk without one."""
    return {name: cost(model, name, rounds) for name in STRATEGIES}


def cost(model: VideoModel, recache: str, rounds: int) -> dict[str, float]:
    """Of one strategy."""
    video = ready_stream(model)
    video.recache = recache
    for _ in switched_chunks(video, 3):
        pass
    if model.runtime is not None:  # what a switch needs is ready, too
        model.runtime.wait(600)
    switches, chunks = [], []
    for chunk in switched_chunks(video, rounds):
        if chunk.switch is None:
            chunks.append(chunk.timings["total"])
        else:
            switches.append(chunk.switch.ms)
    ms = float(np.median(switches))
    return {"switch_ms": ms, "switch_over_chunk": ms / float(np.median(chunks))}


def switched_chunks(video: Any, switches: int) -> Iterator[Chunk]:
    """Chunks of a stream whose prompt changes again and again."""
    for number in range(switches):
        video.prompt = PROMPTS[number % 2]
        for _ in range(CHUNKS_BETWEEN):
            yield next(video)


# ------------------------------------------------------------ do frames keep coming?


def gaps_of(video: VideoStream, switches: int) -> dict[str, float]:
    """The longest time between two frames around a switch, and the median time of a chunk's frames."""
    watched = _Watched(video.prompt)
    with Engine(video, max_fps=None) as engine:
        engine.mailbox.on_put = lambda: watched.note(engine.mailbox)
        for number in range(switches):
            engine.replace(prompt=PROMPTS[number % 2])
            watched.wait_for(PROMPTS[number % 2])
    if engine.error is not None:
        raise RuntimeError("the stream stopped while gaps were measured") from engine.error
    return watched.figures()


class _Watched:
    """Notes the moment of every frame, and which were the first under new words."""

    def __init__(self, prompt: str) -> None:
        self.moments: list[float] = []
        self.firsts: list[int] = []  # frames that were the first after a switch
        self.chunks: list[int] = []  # frames that were the first of their chunk
        self._prompt, self._frames_left = prompt, 0
        self._news = threading.Condition()

    def note(self, mailbox: Any) -> None:
        """On the engine's thread, for every frame."""
        shot = mailbox.take()
        if shot is None:
            return
        chunk = shot.details
        with self._news:
            if shot.frame == chunk.frame:
                self.chunks.append(len(self.moments))
            if chunk.prompt != self._prompt:
                self.firsts.append(len(self.moments))
                self._prompt, self._frames_left = chunk.prompt, 2 * AROUND_FRAMES
            self._frames_left -= 1
            self.moments.append(time.perf_counter())
            self._news.notify_all()

    def wait_for(self, prompt: str) -> None:
        """Until some frames under these words have come."""
        with self._news:
            came = self._news.wait_for(
                lambda: self._prompt == prompt and self._frames_left <= 0, timeout=120
            )
        if not came:
            raise RuntimeError(f"no frames under the prompt {prompt!r} for 120 s")

    def figures(self) -> dict[str, float]:
        """Gaps around the switches, in chunks."""
        moments = np.array(self.moments)
        starts = moments[self.chunks]
        chunk_s, between = float(np.median(np.diff(starts))), np.diff(moments)
        around = [
            between[max(0, first - AROUND_FRAMES) : first + AROUND_FRAMES].max()
            for first in self.firsts
        ]
        return {
            "longest_gap_chunks": float(max(around)) / chunk_s,
            "median_gap_chunks": float(np.median(around)) / chunk_s,
            "longest_gap_ms": float(max(around)) * 1e3,
        }


# ------------------------------------------------------------ does it add up?


def endurance(video: Any, switches: int) -> dict[str, float]:
    """Memory at the end over that at the beginning, and time of a chunk beside a young stream's.

    The young stream is a branch from the beginning. Both make their chunks in turns in the last part, so
    that whatever else the machine does meets them alike.
    """
    process, part = psutil.Process(), switches // ENDURANCE_PART
    for _ in switched_chunks(video, part):  # until everything was needed once
        pass
    young, first = VideoStream.restore(video.state), process.memory_info().rss
    alone = (switches - part) * CHUNKS_BETWEEN
    chunks = switched_chunks(video, switches - part)
    for _ in tqdm(chunks, desc="switches in a row", total=alone, disable=None):
        pass
    times = compared(switched_chunks(young, part), switched_chunks(video, part))
    last = process.memory_info().rss
    return {
        "memory_growth": last / first,
        "chunk_time_growth": float(np.median(times["old"]) / np.median(times["young"])),
        "memory_mb": last / 2**20,
    }


def compared(young: Iterator[Any], old: Iterator[Any]) -> dict[str, list[float]]:
    """Seconds of processor time of every chunk of two streams, in turns."""
    times: dict[str, list[float]] = {"young": [], "old": []}
    sides, number = {"young": young, "old": old}, 0
    while True:
        for name in sorted(sides, reverse=bool(number % 2)):
            began = time.process_time()
            if next(sides[name], None) is None:
                return times
            times[name].append(time.process_time() - began)
        number += 1


def describe(results: dict[str, Any]) -> str:
    """The figures with their limits, for people."""
    return bench_image.describe(results, LIMITS)
