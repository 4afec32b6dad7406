"""What is in a frame of video, measured against the sprites it was learnt from.

A sprite is found by sliding its picture over the frame (squared difference where the sprite is opaque, to
parts of a pixel); named by which of all sprites fits best there; scene and mist are those whose renders
look most alike away from the sprite. All of it is checked on renders, where the truth is known. Knows no
models.
"""

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterable

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from playground.world.clips import (
    MISTS,
    VIDEO_OBJECTS,
    VIDEO_SCENES,
    render_take,
    sample_take,
    texture,
)

Picture = UInt8[np.ndarray, "H W 3"]
Place = tuple[float, float]  # of the sprite cell's middle, (x, y) in pixels
SIDES = (35, 37, 40)  # of a texture of 48, for sprites of 26, 28 and 30 pixels
MIDDLE = (24 / 48, 29 / 48)  # of the sprite in its texture
MARGIN = 20  # pixels around a frame, so that sprites at its border are found
NEAR_PX = 4  # how far around a known place other sprites are tried
REFERENCES = 24  # renders a scene and mist
CELL = 8  # pixels a side of what scenes are compared by


def locate(picture: Picture, word: str) -> tuple[Place, float]:
    """Where the sprite fits best in the whole frame, and its cost there (mean squared difference)."""
    padded = _padded(picture)
    best = min((_best_in(padded, word, side) for side in SIDES), key=lambda found: found[1])
    (x, y), cost = best
    return (x - MARGIN, y - MARGIN), cost


def named_object(picture: Picture, place: Place) -> str:
    """The object that fits best around a place."""
    padded = _padded(picture)
    costs = {}
    for word in VIDEO_OBJECTS:
        costs[word] = min(_cost_near(padded, word, side, place) for side in SIDES)
    return min(costs, key=costs.__getitem__)


def named_scene(picture: Picture, place: Place) -> str:
    """The scene whose renders look most alike, compared away from the sprite."""
    scenes = {scene: _distances(picture, place, scene).min() for scene in VIDEO_SCENES}
    return min(scenes, key=scenes.__getitem__)


def mist_of(picture: Picture, place: Place, scene: str) -> str | None:
    """The mist over a known scene: that of the renders that look most alike away from the sprite."""
    nearest = _distances(picture, place, scene).min(1)
    return (*MISTS, None)[int(nearest.argmin())]


def commonest_mist(pictures: Iterable[Picture], places: Iterable[Place], scene: str) -> str | None:
    """The mist that most of some frames show."""
    said = [mist_of(*seen, scene) for seen in zip(pictures, places, strict=True)]
    return Counter(said).most_common(1)[0][0]


def _padded(picture: Picture) -> Float[np.ndarray, "rows columns 3"]:
    sides = (MARGIN,) * 4
    return cv2.copyMakeBorder(picture, *sides, cv2.BORDER_REPLICATE).astype(np.float32)


@functools.cache
def _template(word: str, side: int) -> tuple[np.ndarray, np.ndarray]:
    """The sprite at that size, and where it is opaque."""
    small = cv2.resize(texture(word), (side, side), interpolation=cv2.INTER_AREA)
    opaque = (small[..., 3:] > 240).astype(np.float32).repeat(3, -1)
    return small[..., :3] * opaque, opaque


def _costs(region: np.ndarray, word: str, side: int) -> np.ndarray:
    sprite, opaque = _template(word, side)
    return cv2.matchTemplate(region, sprite, cv2.TM_SQDIFF, mask=opaque) / opaque.sum()


def _best_in(padded: np.ndarray, word: str, side: int) -> tuple[Place, float]:
    costs = _costs(padded, word, side)
    row, column = map(int, np.unravel_index(costs.argmin(), costs.shape))
    x = column + _between(costs[row], column) + MIDDLE[0] * side
    y = row + _between(costs[:, column], row) + MIDDLE[1] * side
    return (float(x), float(y)), float(costs[row, column])


def _cost_near(padded: np.ndarray, word: str, side: int, place: Place) -> float:
    left, top = (
        round(at + MARGIN - middle * side) - NEAR_PX
        for at, middle in zip(place, MIDDLE, strict=True)
    )
    limit = len(padded) - side - 2 * NEAR_PX
    left, top = min(max(left, 0), limit), min(max(top, 0), limit)
    reach = side + 2 * NEAR_PX
    return float(_costs(padded[top : top + reach, left : left + reach], word, side).min())


def _between(costs: np.ndarray, at: int) -> float:
    """How far the lowest point of a parabola through three costs lies from the middle one."""
    if not 0 < at < len(costs) - 1:
        return 0.0
    before, here, after = (float(cost) for cost in costs[at - 1 : at + 2])
    bend = before - 2 * here + after
    return 0.0 if bend <= 0 else 0.5 * (before - after) / bend


def _cells(picture: Picture) -> Float[np.ndarray, "h w 3"]:
    side = len(picture) // CELL
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)


def _distances(picture: Picture, place: Place, scene: str) -> Float[np.ndarray, "mist render"]:
    """To the renders of a scene under every mist and none, away from the sprite."""
    cells = _cells(picture)
    middles = (np.arange(len(cells)) + 0.5) * CELL
    far = np.hypot(middles[None] - place[0], middles[:, None] - place[1]) > 20
    return np.square(_references(scene) - cells)[:, :, far].mean((2, 3))


@functools.cache
def _references(scene: str) -> Float[np.ndarray, "mist render h w 3"]:
    """Empty renders of a scene, as cells."""
    rng = np.random.default_rng(77)
    takes = [
        dataclasses.replace(sample_take(rng, 1, pairs=(("fox", scene),), two=0.0), figures=())
        for _ in range(REFERENCES)
    ]
    return np.stack([
        [_cells(render_take(dataclasses.replace(take, mist=mist))[0]) for take in takes]
        for mist in (*MISTS, None)
    ])  # fmt: skip
