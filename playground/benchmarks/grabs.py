"""Things that rest, are grabbed, dragged and let go, several times in one stream, as a hand does it.

Two figures: how far a thing is from the hand while it is held, and from where it was left a second and a
half after it was let go. Both with and without the newest chunk becoming the sink (`streams.resink`).
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from playground.benchmarks import video_measures, video_scripts
from playground.benchmarks.video_scripts import INSIDE, Script
from playground.conditioning.tracks import Tracks
from playground.models.video_model import VideoModel
from playground.streams.video_controls import VideoControls
from playground.streams.video_stream import VideoStream

REST, HELD, AFTER = 30, 45, 30  # frames
ROUNDS = 3  # grabs a stream
PACE_PX = 0.8  # a frame, of a hand
LOST_PX = 6.0  # farther from where it was left, a thing is lost


def figures(model: VideoModel, streams: int, seed: int) -> dict[str, float]:
    """Means over streams of seen pairs; the second three without a new sink."""
    told = video_scripts.seen_scripts(streams, 1, seed + 5000)
    results = {}
    for suffix, resink in (("", True), ("_old_sink", False)):
        scripts = tqdm(told, desc=f"grabs{suffix}", disable=None, leave=False)
        drags = [drag for script in scripts for drag in dragged(model, script, resink=resink)]
        results |= {
            f"grab_epe_px_64{suffix}": float(np.mean([drag.held for drag in drags])),
            f"let_go_px_64{suffix}": float(np.median([drag.left for drag in drags])),
            f"grabs_kept{suffix}": float(np.mean([drag.left <= LOST_PX for drag in drags])),
        }
    return results


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Drag:
    """One grab; distances in pixels, of pictures 64 wide."""

    held: float  # mean distance from the hand
    left: float  # from where it was let go, `AFTER` frames later


def dragged(model: VideoModel, script: Script, **knobs: Any) -> Iterator[Drag]:
    """Lets a thing rest where the model puts it, and drags it `ROUNDS` times to random places."""
    rng = np.random.default_rng(script.seed)
    told = {"policy": model.settings.policy, "prompt": script.prompt, "seed": script.seed}
    video = VideoStream(model, VideoControls(**{**told, **knobs}))
    place = _place(_run(video, REST)[-1], -1, script.word)
    for _ in range(ROUNDS):
        hand = path(rng, place)
        video.tracks = Tracks(hand[:, None], fps=video.fps, size=video.size)
        chunks = _run(video, HELD)
        distances = [
            np.hypot(*(_place(chunk, frame, script.word) - chunk.tracks.points[frame, 0]))
            for chunk in chunks
            for frame in range(len(chunk.frames))
        ]
        place, video.tracks = hand[-1], None
        last = _run(video, AFTER)[-1]
        left = np.hypot(*(_place(last, -1, script.word) - place))
        yield Drag(held=float(np.mean(distances)), left=float(left))


def path(rng: np.random.Generator, start: Float[np.ndarray, " 2"]) -> Float[np.ndarray, "t 2"]:
    """From `start` straight to a random place, where it waits."""
    goal = rng.uniform(*INSIDE, 2)
    away = goal - start
    gone = np.arange(HELD) * PACE_PX / max(PACE_PX, float(np.hypot(*away)))
    return (start + away * np.minimum(gone, 1)[:, None]).astype(np.float32)


def _run(video: Any, frames: int) -> list[Any]:
    """Chunks of at least that many frames."""
    chunks: list[Any] = []
    while sum(len(chunk.frames) for chunk in chunks) < frames:
        chunks.append(next(video))
    return chunks


def _place(chunk: Any, frame: int, word: str) -> Float[np.ndarray, " 2"]:
    (x, y), _ = video_measures.locate(chunk.frames[frame], word)
    return np.array([x, y])
