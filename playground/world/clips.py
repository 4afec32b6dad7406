"""Moving pictures of the world: one or two sprites on smooth paths before a panning, zooming camera.

A `Take` is a frozen description with exact positions; `render_take` paints its frames. A mist of some colour
may lie over the ground, and scenes have their own hills, stars and flowers: neither caption nor tracks
tell of them, so only the past of a stream can carry them. A sprite moves while it is tracked and rests
while it is not, so "unspecified" means "stays"; one that nothing tells of at first stands in the middle
(two of them left and right), so that a stream without paths has something to show. Positions are (x, y) in
pixels of a picture SIDE pixels wide.
"""

import dataclasses
import functools

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

from playground.world import backgrounds, captions
from playground.world.atlas import sprite

SIDE = 64
STAGE = 128  # side of the painted background, in pixels; the camera sees a part of it
VIDEO_OBJECTS = ("fox", "cat", "panda", "frog", "duck", "penguin", "butterfly", "turtle", "car", "rocket",
                 "sailboat", "ball", "apple", "ghost", "robot", "mushroom")  # fmt: skip
VIDEO_SCENES = ("snow", "sea", "sand", "grass", "night", "sunset")
MISTS = {"rose": (244, 96, 150), "amber": (255, 190, 60), "mint": (90, 226, 150),
         "azure": (60, 150, 255), "violet": (150, 84, 236)}  # fmt: skip
MIST = 0.3  # its share of the ground's colour
_MIDDLE = {"night": 0.6, "sunset": 0.62, "sand": 0.44}  # where the camera rests, down the stage
_TEXTURE = 48  # side of a sprite's texture; the sprite itself takes 36 of it
_BODY = 36
_UNTOLD_PLACES = {1: ((32, 36),), 2: ((19, 36), (45, 36))}  # of sprites, by their number


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Figure:
    """One sprite of a take."""

    object: str
    size: float  # of the sprite cell, in pixels
    centre: Float[np.ndarray, "t 2"]  # on the screen
    tracked: Bool[np.ndarray, " t"]  # while False, it rests (on the stage)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Take:
    """What happens in some frames; `camera` is (x, y, zoom): the stage point in the middle, and pixels a stage pixel."""

    figures: tuple[Figure, ...]
    background: str
    seed: int  # of the background's features, untold
    mist: str | None  # untold
    camera: Float[np.ndarray, "t 3"]
    camera_tracked: Bool[np.ndarray, " t"]

    @property
    def frames(self) -> int:
        """How many."""
        return len(self.camera)

    def caption(self, rng: np.random.Generator | None = None, *, background: bool = True) -> str:
        """A sentence: "a fox and a cat on snow"."""
        names = [captions.caption(f.object, None, None, rng) for f in self.figures]
        where = captions.place(self.background, rng) if background else ""
        return " ".join(filter(None, (" and ".join(names), where)))

    def scene_points(self, grid: Float[np.ndarray, "p 2"]) -> Float[np.ndarray, "t p 2"]:
        """Where stage points stand on the screen, frame by frame."""
        middle, zoom = self.camera[:, None, :2], self.camera[:, None, 2:]
        return (grid[None] - middle) * zoom + SIDE / 2


def switched(take: Take, rng: np.random.Generator) -> Take:
    """The same take under another caption: another first object, or another scene; all else stays."""
    first, rest = take.figures[0], take.figures[1:]
    if rng.random() < 0.3:
        held = set(held_out_video_pairs())
        scenes = [s for s in VIDEO_SCENES if s != take.background
                  and not any((f.object, s) in held for f in take.figures)]  # fmt: skip
        if scenes:
            return dataclasses.replace(take, background=scenes[rng.integers(len(scenes))])
    taken = {f.object for f in take.figures}
    words = [w for w, s in _training_pairs() if s == take.background and w not in taken]
    other = dataclasses.replace(first, object=words[rng.integers(len(words))])
    return dataclasses.replace(take, figures=(other, *rest))


def held_out_video_pairs() -> tuple[tuple[str, str], ...]:
    """The (object, scene) pairs that no training clip shows: one scene for each object."""
    count = len(VIDEO_SCENES)
    return tuple((w, VIDEO_SCENES[(k + k // count) % count]) for k, w in enumerate(VIDEO_OBJECTS))


def sample_take(
    rng: np.random.Generator,
    frames: int = 48,
    *,
    pairs: tuple[tuple[str, str], ...] | None = None,
    two: float = 0.3,
    mist: str | None = "any",
    grabbed: bool = False,
) -> Take:
    """A random take. `pairs` of (object, scene) to draw from (default: all but the held-out ones).

    `grabbed`: every sprite rests untold at first and is grabbed in the first half of the take.
    """
    chosen = pairs or _training_pairs()
    word, scene = chosen[rng.integers(len(chosen))]
    words = [word]
    if rng.random() < two:
        others = [w for w, s in chosen if s == scene and w != word]
        words += [others[rng.integers(len(others))]] if others else []
    camera, camera_tracked = _camera(rng, frames, scene)
    base = 28.0 if len(words) == 1 else 24.0
    places = zip(_starts(rng, len(words)), _UNTOLD_PLACES[len(words)], strict=True)
    figures = tuple(
        _figure(rng, frames, w, base * rng.uniform(0.93, 1.07), start, camera, grabbed)
        for w, start in zip(words, places, strict=True)
    )
    if mist == "any":
        mist = str(rng.choice(list(MISTS))) if rng.random() < 0.85 else None
    return Take(
        figures=figures,
        background=scene,
        seed=int(rng.integers(2**31)),
        mist=mist,
        camera=camera,
        camera_tracked=camera_tracked,
    )


@functools.cache
def _training_pairs() -> tuple[tuple[str, str], ...]:
    kept_back = set(held_out_video_pairs())
    return tuple((w, s) for w in VIDEO_OBJECTS for s in VIDEO_SCENES if (w, s) not in kept_back)


def _activity(
    rng: np.random.Generator, frames: int, never: float, *, grabbed: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Whether something is tracked, and how fast it goes then (0 = rests), frame by frame."""
    tracked = np.ones(frames, bool)
    if grabbed:
        tracked[: int(rng.integers(3, frames // 2 + 1))] = False
        if rng.random() < 0.3:
            release = int(rng.integers(frames // 2 + 1, frames))  # never at the grab itself
            tracked[release:] = False
    elif rng.random() < never:
        tracked[:] = False
    elif rng.random() < 0.55:  # a grab or a release (or both) somewhere
        edges = np.sort(rng.integers(0, frames, rng.integers(1, 3)))
        tracked[:] = rng.random() < 0.5
        for edge in edges:
            tracked[edge:] = ~tracked[edge:]
    speed, now = np.zeros(frames), float(tracked[0])
    for frame in range(1, frames):
        now = min(now + 0.34, 1.0) if tracked[frame] else 0.0
        speed[frame] = now
    return tracked, speed


def _wander(rng: np.random.Generator, speed: np.ndarray, reach: float) -> Float[np.ndarray, "t 2"]:
    """A smooth path from (0, 0): two slow sines an axis, run through at `speed`."""
    clock = np.cumsum(speed)[:, None, None]
    period = np.exp(rng.uniform(np.log(22), np.log(110), (2, 2)))
    phase, part = rng.uniform(0, 2 * np.pi, (2, 2)), rng.uniform(0.3, 1, (2, 2))
    angle = 2 * np.pi * clock / period + phase
    path = (np.sin(angle) - np.sin(phase)) * part * reach
    path = path.sum(-1)
    step = np.abs(np.diff(path, axis=0)).max(initial=1e-6)
    return path * min(1.0, 3.6 / step)  # at most that many pixels a frame


def _starts(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    first = rng.uniform(16, 48, 2)
    if count == 1:
        return [first]
    left = rng.uniform((12, 20), (24, 46))
    return [left, np.array([SIDE - left[0], rng.uniform(20, 46)])]


def _camera(rng: np.random.Generator, frames: int, scene: str) -> tuple[np.ndarray, np.ndarray]:
    rest = np.array([STAGE / 2 + rng.uniform(-14, 14), STAGE * _MIDDLE.get(scene, 0.5), 1.0])
    path = np.repeat(rest[None], frames, 0)
    if rng.random() > 0.3:
        return path, np.zeros(frames, bool)
    tracked, speed = _activity(rng, frames, 0.0)
    path[:, :2] += _wander(rng, speed, 9) * (1, 0.7)
    if rng.random() < 0.35:
        path[:, 2] = np.exp(0.02 * _wander(rng, speed, 6)[:, 0]).clip(0.8, 1.25)
    half = SIDE / 2 / path[:, 2:]
    path[:, :2] = path[:, :2].clip(half, STAGE - half)
    return path, tracked


def _figure(rng, frames, word, size, places, camera, grabbed) -> Figure:
    """A sprite whose path is its own while tracked, and the stage's while it rests."""
    tracked, speed = _activity(rng, frames, 0.2, grabbed=grabbed)
    told, untold = places
    start = told if tracked[0] else np.array(untold) + rng.uniform(-3, 3, 2)
    step = np.diff(_wander(rng, speed, rng.uniform(6, 15)), axis=0)
    shift = -np.diff(camera[:, :2], axis=0) * camera[1:, 2:]
    zoom = camera[1:, 2] / camera[:-1, 2]
    centre, middle = [start], SIDE / 2
    for frame in range(frames - 1):
        here = (centre[-1] - middle) * zoom[frame] + middle + shift[frame]
        bounce = np.where((here + step[frame] < 4) | (here + step[frame] > SIDE - 4), -1.0, 1.0)
        step[frame:] *= bounce
        centre.append(here + step[frame])
    return Figure(object=word, size=size, centre=np.array(centre), tracked=tracked)


@functools.cache
def texture(word: str) -> Float[np.ndarray, "H W 4"]:
    """A sprite, premultiplied RGBA in [0, 255]; its cell is centred low."""
    scale = 4
    canvas = Image.new("RGBA", (_TEXTURE * scale,) * 2)
    body = sprite(word).resize((_BODY * scale,) * 2, Image.LANCZOS)
    left, top = (_TEXTURE - _BODY) * scale // 2, (_TEXTURE - _BODY - 1) * scale
    canvas.alpha_composite(body, (left, top))
    return np.asarray(canvas.convert("RGBa").resize((_TEXTURE,) * 2, Image.BOX), np.float32)


def render_take(take: Take, frames: range | None = None) -> UInt8[np.ndarray, "t H W 3"]:
    """Paints the frames of a take."""
    wanted = range(take.frames) if frames is None else frames
    ground = stage_of(take)
    return np.stack([_frame(take, ground, frame) for frame in wanted])


def stage_of(take: Take) -> UInt8[np.ndarray, "H W 3"]:
    """The whole painted background of a take under its mist, of which the camera sees a part."""
    picture = backgrounds.paint(take.background, STAGE, np.random.default_rng(take.seed))
    if take.mist is not None:
        picture = picture + MIST * (np.array(MISTS[take.mist]) / 255 - picture)
    return np.round(picture * 255).astype(np.uint8)


def _frame(take: Take, ground: np.ndarray, frame: int) -> np.ndarray:
    x, y, zoom = take.camera[frame]
    lens = np.array([[zoom, 0, SIDE / 2 - (x - 0.5) * zoom - 0.5],
                     [0, zoom, SIDE / 2 - (y - 0.5) * zoom - 0.5]])  # fmt: skip
    picture = cv2.warpAffine(ground, lens, (SIDE, SIDE), flags=cv2.INTER_LINEAR,
                             borderMode=cv2.BORDER_REPLICATE).astype(np.float32)  # fmt: skip
    for figure in take.figures:
        layer = _placed(figure, figure.centre[frame], zoom)
        picture = layer[..., :3] + picture * (1 - layer[..., 3:] / 255)
    return picture.round().clip(0, 255).astype(np.uint8)


def _placed(figure: Figure, centre: np.ndarray, zoom: float) -> Float[np.ndarray, "H W 4"]:
    """The sprite's texture on an empty picture, its cell's middle at `centre`."""
    scale = figure.size * zoom / _BODY
    middle = np.array([_TEXTURE / 2, _TEXTURE - 1 - _BODY / 2])
    offset = centre - 0.5 - (middle - 0.5) * scale
    place = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]])
    return cv2.warpAffine(texture(figure.object), place, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
