"""`playground demo-video`: a scripted hand drags a thing through a video, and changes the words on the way.

The stream is told where the hand is and nothing else; the left half of the clip shows the way that the hand
has gone, the right half what the stream made, frame for frame as it came.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from playground.demo import film
from playground.demo.hand import SIZE
from playground.demo.poster import poster

PROMPTS = ("a fox on snow", "a panda on snow", "a panda at sunset")
TYPED = 0.3  # part of a prompt's time in which the next one is typed, before it holds
PAD, WAY = (38, 40, 50), (120, 150, 255)  # colours of the pad and of the way behind the hand
TAIL = 40  # frames of the way that are shown

describe = film.describe


def run(
    model: str = "tiny", out: str = "media", name: str = "video_stream",
    seconds: float | int = 12.0, seed: int = 4,
) -> dict[str, Any]:  # fmt: skip
    """Film `out`/`name`.mp4 and .gif; the folder is made when it is missing."""
    if not 0 < seconds <= film.MAX_SECONDS:
        raise ValueError(f"seconds must be above 0 and at most {film.MAX_SECONDS}, got {seconds:g}")
    from playground.streams.recording_head import about
    from playground.streams.video_stream import VideoStream

    video = VideoStream.load(model, prompt=PROMPTS[0], seed=seed)
    settings, step_ms = {"command": "playground demo-video", **about(video)}, []
    shown = list(pages(video, round(seconds * video.fps), step_ms))
    return film.written(shown, Path(out) / name, video.fps, settings, list(PROMPTS), step_ms)


def pages(video: Any, count: int, chunk_ms: list[float]) -> Iterator[tuple[Any, str]]:
    """Every frame of the clip, uint8 [H, W, 3], and its prompt; times of chunks go to `chunk_ms`."""
    from playground.conditioning.tracks import Tracks

    way = hand(count)
    points = (way * video.size[::-1]).astype(np.float32)[:, None]
    video.tracks = Tracks(points, pinned=True, fps=video.fps, size=video.size)
    index = 0
    while index < count:
        video.prompt = PROMPTS[index * len(PROMPTS) // count]
        started = time.perf_counter()
        chunk = next(video)
        chunk_ms.append(1000 * (time.perf_counter() - started))
        for frame in chunk.frames[: count - index]:
            words, is_typing = typed(index / count)
            page = poster(pad(way, index), frame, words, tuple(SIZE * way[index]),
                          is_typing and index % 6 < 3, "you drag, and type:")  # fmt: skip
            yield page, video.prompt
            index += 1


def hand(count: int) -> np.ndarray:
    """Where the hand is, [frame, (x, y)] in parts of the picture: slowly round a lying eight."""
    angle = 2 * np.pi * np.arange(count) / 80
    return 0.5 + np.stack([0.24 * np.sin(angle), 0.04 + 0.12 * np.sin(2 * angle)], -1)


def typed(at: float) -> tuple[str, bool]:
    """What stands in the prompt box at a part (0..1) of the clip, and whether it is being typed."""
    part, inside = divmod(at * len(PROMPTS), 1)
    number, begun = int(part), (inside - (1 - TYPED)) / TYPED
    if begun < 0 or number + 1 == len(PROMPTS):
        return PROMPTS[number], False
    following = PROMPTS[number + 1]
    return following[: round(len(following) * min(1.0, begun * 1.2))], True


def pad(way: np.ndarray, index: int) -> np.ndarray:
    """The pad with the way behind the hand, fading."""
    paper = Image.new("RGB", (SIZE, SIZE), PAD)
    pen, past = ImageDraw.Draw(paper), SIZE * way[max(0, index - TAIL) : index + 1]
    for age, (one, other) in enumerate(zip(past[-2::-1], past[:0:-1], strict=True)):
        faded = 1 - age / TAIL
        colour = tuple(round(p + faded * (w - p)) for p, w in zip(PAD, WAY, strict=True))
        pen.line([*one, *other], fill=colour, width=6)
    return np.asarray(paper)
