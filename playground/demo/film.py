"""The demo itself: the script goes through an image stream, both go on film.

The stream answers a frame some steps late, as it does live: nothing is shifted to look better.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from playground.demo.hand import SCENES, moments
from playground.demo.poster import poster
from playground.frames.exporting import export

MAX_SECONDS, MAX_FPS = 60, 30


def run(
    model: str = "tiny",
    out: str = "media",
    name: str = "image_stream",
    seconds: float | int = 10.0,
    fps: int = 12,
    seed: int = 2,
    t_index: tuple[int, ...] = (24, 38),
) -> dict[str, Any]:
    """Film `out`/`name`.mp4 and .gif; the folder is made when it is missing."""
    if not 0 < seconds <= MAX_SECONDS:
        raise ValueError(f"seconds must be above 0 and at most {MAX_SECONDS}, got {seconds:g}")
    if not 1 <= fps <= MAX_FPS:
        raise ValueError(f"fps must be in 1..{MAX_FPS}, got {fps}")
    from playground.streams.image_stream import ImageStream
    from playground.streams.recording_head import about

    knobs = {"t_index": t_index, "prompt": SCENES[0].prompt, "seed": seed}
    stream = ImageStream.load(model, runtime="eager", **knobs)
    step_ms: list[float] = []
    settings = {"command": "playground demo", **about(stream)}
    shown = list(pages(stream, round(seconds * fps), step_ms))
    prompts = [scene.prompt for scene in SCENES]
    return written(shown, Path(out) / name, fps, settings, prompts, step_ms)


def written(
    shown: list[Any], stem: Path, fps: float, settings: dict, prompts: list[str], step_ms: list
) -> dict[str, Any]:
    """Write the pages as `stem`.mp4 and .gif; what was made, as the commands print it."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_name(f"{stem.name}{ending}") for ending in (".mp4", ".gif")]
    for path in paths:
        for _ in export(shown, path, fps=fps, about=settings):
            pass
    return {
        "files": [str(path) for path in paths],
        "megabytes": [round(path.stat().st_size / 2**20, 2) for path in paths],
        "frames": len(shown),
        "prompts": prompts,
        "step_ms_median": round(median(step_ms), 2),
    }


def describe(results: dict[str, Any]) -> str:
    """What was made, in words."""
    pairs = zip(results["files"], results["megabytes"], strict=True)
    files = ", ".join(f"{path} ({size} MB)" for path, size in pairs)
    return f"{files}: {results['frames']} frames, {results['step_ms_median']} ms a step"


def pages(stream: Any, count: int, step_ms: list[float]) -> Iterator[Any]:
    """Every frame of the clip, uint8 [H, W, 3], and its prompt; times of steps go to `step_ms`."""
    picture = None
    for index, moment in enumerate(moments(count)):
        if stream.prompt != moment.prompt:
            stream.prompt = moment.prompt
        started = time.perf_counter()
        newest = stream(moment.drawing)
        step_ms.append(1000 * (time.perf_counter() - started))
        picture = newest if newest is not None else picture
        shown = picture if picture is not None else np.full_like(moment.drawing, 24)
        typing = moment.typed != moment.prompt
        page = poster(moment.drawing, shown, moment.typed, moment.brush, typing and index % 6 < 3)
        yield page, stream.prompt
