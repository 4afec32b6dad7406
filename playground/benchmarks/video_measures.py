"""What is in a frame of video, measured against the sprites it was learnt from.

A sprite is found by sliding its picture, without its hat, over the frame (squared difference where the
sprite is opaque, to parts of a pixel); named by which of all sprites fits best there; its hat is read
where a hat would be; the scene is the one whose renders look most alike away from the sprite. All of it
is checked on renders, where the truth is known. Knows no models.
"""

import dataclasses
import functools

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from playground.world.clips import (
    HATS,
    SIDE,
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
NO_HAT_BEYOND = 95.0  # root-mean-square distance from every hat's colour
REFERENCES = 24  # renders a scene
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


def hat_of(picture: Picture, word: str, place: Place) -> str | None:
    """The colour of the hat on a sprite whose place is known; None where there is none."""
    side = SIDES[1]
    left = round(place[0] - MIDDLE[0] * side) + MARGIN
    top = round(place[1] - MIDDLE[1] * side) + MARGIN
    limit = SIDE + 2 * MARGIN - side
    left, top = min(max(left, 0), limit), min(max(top, 0), limit)
    mask = _hat_mask(word, side)
    seen = _padded(picture)[top : top + side, left : left + side][mask]
    colour = np.median(seen, axis=0)
    distances = {name: float(np.linalg.norm(colour - rgb)) for name, rgb in HATS.items()}
    nearest = min(distances, key=distances.__getitem__)
    return nearest if distances[nearest] < NO_HAT_BEYOND else None


def named_scene(picture: Picture, place: Place) -> str:
    """The scene whose renders look most alike, compared away from the sprite."""
    cells = _cells(picture)
    middles = (np.arange(len(cells)) + 0.5) * CELL
    far = np.hypot(middles[None] - place[0], middles[:, None] - place[1]) > 20
    pictures, names = _references()
    distances = np.square(pictures - cells)[:, far].mean((1, 2))
    return names[int(distances.argmin())]


def _padded(picture: Picture) -> Float[np.ndarray, "rows columns 3"]:
    sides = (MARGIN,) * 4
    return cv2.copyMakeBorder(picture, *sides, cv2.BORDER_REPLICATE).astype(np.float32)


@functools.cache
def _template(word: str, side: int) -> tuple[np.ndarray, np.ndarray]:
    """The sprite without a hat at that size, and where it is opaque."""
    small = cv2.resize(texture(word, None), (side, side), interpolation=cv2.INTER_AREA)
    opaque = (small[..., 3:] > 240).astype(np.float32).repeat(3, -1)
    return small[..., :3] * opaque, opaque


@functools.cache
def _hat_mask(word: str, side: int) -> np.ndarray:
    """Where a hat would be, away from its edges and its white bobble."""
    red, blue = texture(word, "red"), texture(word, "blue")
    differs = (np.abs(red - blue).max(-1) > 90).astype(np.uint8)
    inner = cv2.erode(differs, np.ones((3, 3), np.uint8))
    small = cv2.resize(inner, (side, side), interpolation=cv2.INTER_NEAREST)
    return small.astype(bool)


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


@functools.cache
def _references() -> tuple[np.ndarray, tuple[str, ...]]:
    """Renders of all scenes, as cells, and their names."""
    rng, cells, names = np.random.default_rng(77), [], []
    for scene in VIDEO_SCENES:
        for _ in range(REFERENCES):
            take = sample_take(rng, 1, pairs=(("fox", scene),), two=0.0)
            empty = dataclasses.replace(take, figures=())
            cells.append(_cells(render_take(empty)[0]))
            names.append(scene)
    return np.stack(cells), tuple(names)
