"""The twelve backgrounds: six plain colours, six painted scenes, each a little different every time.

Every painter takes a size in pixels and a numpy generator and returns float RGB in [0, 1], [H, W, 3].
Scenes are smooth with a few large features: what a small autoencoder can keep. This module does not know
sprites.
"""

import numpy as np
from jaxtyping import Float

from playground.world.vocabulary import BACKGROUNDS, PLAIN

Picture = Float[np.ndarray, "H W 3"]


def paint(name: str, size: int, rng: np.random.Generator) -> Picture:
    """Paints the background `name` at `size` x `size` pixels. Raises ValueError for an unknown name."""
    if name in PLAIN:
        return _plain(PLAIN[name], size, rng)
    if name not in _SCENES:
        raise ValueError(f"background must be one of {', '.join(BACKGROUNDS)}, got {name!r}")
    return np.clip(_SCENES[name](size, rng), 0, 1)


def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y of the pixel centres, both in [0, 1], [H, W]."""
    axis = (np.arange(size) + 0.5) / size
    return np.meshgrid(axis, axis)


def _rgb(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.float64) / 255


def _mix(low: np.ndarray, high: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Blends two colours (or pictures) by a [H, W] mask."""
    return low + (high - low) * np.clip(amount, 0, 1)[..., None]


def _edge(distance: np.ndarray, size: int) -> np.ndarray:
    """An antialiased mask: 1 where `distance` (in picture widths) is positive."""
    return np.clip(distance * size + 0.5, 0, 1)


def _dots(size, rng, count, radius, colour, picture, y_range=(0.0, 1.0)):
    """Scatters soft round dots; `radius` and positions in picture widths."""
    x, y = _grid(size)
    for _ in range(count):
        cx, cy = rng.uniform(0, 1), rng.uniform(*y_range)
        r = radius * rng.uniform(0.7, 1.4)
        picture = _mix(picture, colour, _edge(r - np.hypot(x - cx, y - cy), size))
    return picture


def _hill(x, rng, height, swing=0.05):
    """A smooth ground line: y of the ground over x."""
    phase = rng.uniform(0, 2 * np.pi, 2)
    wave = np.sin(3.2 * x + phase[0]) + 0.4 * np.sin(7 * x + phase[1])
    return height + swing * wave


def _plain(colour, size, rng):
    _, y = _grid(size)
    base = _rgb(*colour) * rng.uniform(0.94, 1.04)
    return np.clip(_mix(base * 1.03, base * 0.93, y), 0, 1)


def _snow(size, rng):
    x, y = _grid(size)
    sky = _mix(_rgb(150, 190, 226), _rgb(206, 226, 242), y * 1.6)
    ground = _mix(_rgb(250, 252, 255), _rgb(214, 226, 240), (y - 0.5) * 1.6)
    picture = _mix(sky, ground, _edge(y - _hill(x, rng, rng.uniform(0.5, 0.62)), size))
    return _dots(size, rng, 9, 0.016, _rgb(255, 255, 255), picture, (0.0, 0.6))


def _sea(size, rng):
    x, y = _grid(size)
    horizon = rng.uniform(0.28, 0.4)
    sky = _mix(_rgb(168, 216, 240), _rgb(214, 238, 248), y / horizon)
    water = _mix(_rgb(38, 142, 190), _rgb(12, 76, 140), (y - horizon) / (1 - horizon))
    for depth in (0.18, 0.45, 0.75):
        level = horizon + (1 - horizon) * (depth + rng.uniform(-0.06, 0.06))
        crest = level + 0.018 * np.sin(x * 19 + rng.uniform(0, 6.3))
        water = _mix(water, _rgb(120, 200, 226), _edge(0.012 - abs(y - crest), size) * 0.8)
    return _mix(sky, water, _edge(y - horizon, size))


def _sand(size, rng):
    x, y = _grid(size)
    shore = _hill(x, rng, rng.uniform(0.16, 0.26), 0.02)
    sand = _mix(_rgb(240, 214, 150), _rgb(218, 180, 110), (y - 0.25) * 1.3)
    for level in (0.5, 0.68, 0.86):
        crest = level + rng.uniform(-0.05, 0.05) + 0.014 * np.sin(x * 14 + rng.uniform(0, 6.3))
        sand = _mix(sand, _rgb(196, 156, 92), _edge(0.01 - abs(y - crest), size) * 0.7)
    picture = _mix(_rgb(84, 190, 214), sand, _edge(y - shore, size))
    return _mix(picture, _rgb(250, 250, 246), _edge(0.016 - abs(y - shore), size))


def _grass(size, rng):
    x, y = _grid(size)
    sky = _mix(_rgb(130, 200, 246), _rgb(204, 234, 252), y * 1.8)
    ground = _mix(_rgb(132, 200, 76), _rgb(70, 146, 52), (y - 0.5) * 2)
    line = _hill(x, rng, rng.uniform(0.46, 0.58))
    picture = _mix(sky, ground, _edge(y - line, size))
    for colour in (_rgb(255, 255, 255), _rgb(255, 214, 64)):
        picture = _dots(size, rng, 4, 0.02, colour, picture, (0.68, 0.98))
    return picture


def _night(size, rng):
    x, y = _grid(size)
    sky = _mix(_rgb(8, 12, 44), _rgb(40, 46, 104), y)
    picture = _dots(size, rng, 16, 0.013, _rgb(255, 250, 214), sky, (0.0, 0.9))
    ground = _hill(x, rng, rng.uniform(0.88, 0.95), 0.02)
    return _mix(picture, _rgb(10, 12, 30), _edge(y - ground, size))


def _sunset(size, rng):
    x, y = _grid(size)
    horizon = rng.uniform(0.7, 0.78)
    picture = _mix(_rgb(96, 54, 130), _rgb(240, 110, 84), y / horizon * 1.5)
    picture = _mix(picture, _rgb(255, 196, 92), (y / horizon - 0.62) * 2.4)
    cx = rng.uniform(0.15, 0.85)
    disc = _edge(0.13 - np.hypot(x - cx, y - horizon), size)
    picture = _mix(picture, _rgb(255, 240, 170), disc)
    return _mix(picture, _rgb(70, 36, 66), _edge(y - horizon, size))


_SCENES = {"snow": _snow, "sea": _sea, "sand": _sand, "grass": _grass, "night": _night,
           "sunset": _sunset}  # fmt: skip
