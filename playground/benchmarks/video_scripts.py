"""What the evaluation asks for: an object, a scene and a path a stream, with fixed seeds.

A script can be filmed by a model, or rendered as the world really looks; the second is what measuring
methods are checked on and what sharpness is compared with.
"""

import dataclasses

import numpy as np
from jaxtyping import Float, UInt8

from playground.conditioning.tracks import Tracks
from playground.models.video_model import VideoModel
from playground.streams.video_controls import VideoControls
from playground.streams.video_stream import VideoStream
from playground.world.captions import caption
from playground.world.clips import (
    SIDE,
    VIDEO_OBJECTS,
    VIDEO_SCENES,
    held_out_video_pairs,
    render_take,
    sample_take,
)

FASTEST_PX = 2.5  # a frame
INSIDE = (17.0, 47.0)  # pixels that a path keeps to, so that the whole sprite is seen
DRAWN = ("circle", "eight", "zigzag", "stops")
Path = Float[np.ndarray, "t 2"]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Script:
    """One stream: what it shows, and where its object goes, in pixels of a picture SIDE wide."""

    word: str
    scene: str
    path: Path
    seed: int

    @property
    def prompt(self) -> str:
        """Its words."""
        return caption(self.word, self.scene)


def seen_scripts(count: int, frames: int, seed: int) -> list[Script]:
    """Streams of pairs that training shows, on smooth random paths."""
    held = set(held_out_video_pairs())
    pairs = [(w, s) for w in VIDEO_OBJECTS for s in VIDEO_SCENES if (w, s) not in held]
    chosen = [pairs[k] for k in np.linspace(0, len(pairs) - 1, count).round().astype(int)]
    return scripts(chosen, frames, seed)


def held_out_scripts(count: int, frames: int, seed: int) -> list[Script]:
    """Streams of pairs that no training clip shows."""
    held = held_out_video_pairs()
    return scripts([held[k % len(held)] for k in range(count)], frames, seed)


def scripts(pairs: list[tuple[str, str]], frames: int, seed: int, period: int = 0) -> list[Script]:
    """One script a pair; with a `period`, paths come back after that many frames."""
    rng = np.random.default_rng(seed)
    return [
        Script(word=w, scene=s, path=smooth_path(rng, frames, period), seed=seed + k)
        for k, (w, s) in enumerate(pairs)
    ]


def drawn_scripts(count: int, frames: int, seed: int) -> list[Script]:
    """Streams whose paths a person might draw: circles, eights, zigzags, stops."""
    parts = seen_scripts(count, 1, seed)
    return [
        dataclasses.replace(part, path=drawn_path(DRAWN[k % len(DRAWN)], frames))
        for k, part in enumerate(parts)
    ]


def smooth_path(rng: np.random.Generator, frames: int, period: int = 0) -> Path:
    """Two slow sines an axis, inside the picture."""
    if period:
        rounds = 2 * np.pi * np.arange(frames)[:, None, None] / period * np.array([[1, 2]])
    else:
        periods = np.exp(rng.uniform(np.log(40), np.log(110), (2, 2)))
        rounds = 2 * np.pi * np.arange(frames)[:, None, None] / periods
    waves = np.sin(rounds + rng.uniform(0, 2 * np.pi, (2, 2))) * rng.uniform(0.3, 1, (2, 2))
    path = waves.sum(-1) * 12
    path *= min(1.0, FASTEST_PX / np.abs(np.diff(path, axis=0)).max(initial=1e-6))
    low, high = INSIDE
    middle = rng.uniform(low + 8, high - 8, 2)
    return (path + middle).clip(low, high).astype(np.float32)


def drawn_path(kind: str, frames: int) -> Path:
    """A path by name; about one pixel a frame."""
    turn = 2 * np.pi * np.arange(frames) / 72
    if kind == "circle":
        offset = 12 * np.stack([np.cos(turn), np.sin(turn)], -1)
    elif kind == "eight":
        offset = np.stack([14 * np.sin(turn), 9 * np.sin(2 * turn)], -1)
    else:
        corners = {
            "zigzag": [(-14, -10), (-7, 10), (0, -10), (7, 10), (14, -10)],
            "stops": [(-14, -8), (4, -8), (4, -8), (4, 10), (4, 10), (-10, 10)],
        }[kind]
        way = np.linspace(0, len(corners) - 1, 72)[np.arange(frames) % 72]
        offset = np.stack(
            [np.interp(way, range(len(corners)), axis) for axis in zip(*corners, strict=True)], -1
        )
    return (SIDE / 2 + offset).astype(np.float32)


def filmed(
    model: VideoModel, script: Script, frames: int, *, begun: bool = False, **knobs: object
) -> UInt8[np.ndarray, "t H W 3"]:
    """What a model's stream shows, at its own number of steps and policy unless `knobs` say otherwise.

    A stream that is `begun` starts from a picture of the world, under whatever mist lies there.
    """
    tracks = tracks_of(script.path[:frames], model)
    told = {"policy": model.settings.policy, "prompt": script.prompt, "seed": script.seed}
    video = VideoStream(model, VideoControls(**{**told, "tracks": tracks, **knobs}))
    if begun:
        video.start_from(rendered(script, 1)[0])
    return frames_of(video, frames)


def tracks_of(path: Path, model: VideoModel) -> Tracks:
    """A path, in pixels of SIDE, as tracks of one point."""
    points = (path * (np.array(model.size[::-1]) / SIDE)).astype(np.float32)[:, None]
    return Tracks(points, pinned=True, fps=model.settings.fps, size=model.size)


def frames_of(video: VideoStream, frames: int) -> UInt8[np.ndarray, "t H W 3"]:
    """That many frames of a stream."""
    parts, count = [], 0
    while count < frames:
        parts.append(next(video).frames)
        count += len(parts[-1])
    return np.concatenate(parts)[:frames]


def rendered(script: Script, frames: int) -> UInt8[np.ndarray, "t H W 3"]:
    """The same as the world really looks, at SIDE pixels."""
    rng = np.random.default_rng(script.seed)
    take = sample_take(rng, frames, pairs=((script.word, script.scene),), two=0.0)
    camera = np.repeat(take.camera[:1], frames, 0)
    figure = dataclasses.replace(take.figures[0], centre=script.path[:frames].astype(float))
    return render_take(dataclasses.replace(take, figures=(figure,), camera=camera))
