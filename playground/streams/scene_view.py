"""A memory that goes with the camera: how the scene moves, and pictures of it moved along.

The sink shows the scene where it was. While points of the scene move, sink and tracks say opposite things,
and a small network believes the sink: zooms do nothing, pans tear things in two. So the camera moves the
memory instead. Its points, told frame by frame, give a shift, a turn and a growth; the pictures behind the
sink are moved that way, from the same ones each time so that nothing wears off, and written as the sink
anew. A chunk is painted at rest, in the view of its middle frame, and each of its frames is moved by what
it is away from there, mostly less than a pixel. What the camera uncovers comes from the newest frame. Under
new words the memory waits until they show, and then goes on from that.

Matrices are [3, 3], on (x, y, 1) in pixels with (0, 0) the corner of the picture. Knows no networks.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from playground.conditioning.tracks import Tracks

Matrix = Float[np.ndarray, "3 3"]
Frames = UInt8[np.ndarray, "n H W 3"]
STILL_PX = 0.02  # moves by less are none
WAITS = 4  # chunks in which new words come to show
COVERED, GROWN = 0.5, 1.4  # with less of the picture left, or more growth, new pictures are taken
CENTRE = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])  # OpenCV counts from a pixel's middle


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SceneView:
    """What a stream knows of its camera between two chunks."""

    lag: Matrix  # from what the newest chunk was painted in to its last frame
    base: Frames | None = None  # pictures that the sink was made of; None: not yet known
    view: Matrix  # from those to the newest frame
    written: Matrix  # from those to what the sink shows
    sink: Tensor | None = None  # that sink; where the stream has another one, all this is void
    prompt: int = 0  # number of the words that are heard
    waits: int = 0  # chunks more until what they show is taken for the base


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Course:
    """The camera's way through one chunk."""

    painted: Matrix  # from the frame before to the view in which the chunk is painted
    shown: Float[np.ndarray, "n 3 3"]  # from there to each of its frames

    @property
    def whole(self) -> Matrix:
        """From the frame before to the last one."""
        return self.shown[-1] @ self.painted

    @classmethod
    def along(cls, ways: Float[np.ndarray, "n 3 3"], painted: Matrix | None = None) -> "Course":
        """`ways` from the frame before to each frame; painted in the view of the middle one, or another."""
        painted = ways[len(ways) // 2] if painted is None else painted
        return cls(painted=painted, shown=ways @ np.linalg.inv(painted))


def ways_of(coming: Tracks | None, frames: int) -> Float[np.ndarray, "n 3 3"]:
    """How the scene goes from the frame before, which `coming` begins with, to each of the next `frames`."""
    ways = [np.eye(3)]
    for frame in range(frames):
        step = np.eye(3)
        if coming is not None:
            both = coming.visible[frame] & coming.visible[frame + 1] & coming.scene
            step = fitted(coming.points[frame, both], coming.points[frame + 1, both])
        ways.append(step @ ways[-1])
    return np.stack(ways[1:])


def fitted(here: Float[np.ndarray, "p 2"], there: Float[np.ndarray, "p 2"]) -> Matrix:
    """The shift, turn and growth that brings points nearest to others; of one point the shift, of none nothing."""
    matrix = np.eye(3)
    if not len(here):
        return matrix
    middle, goal = here.mean(0), there.mean(0)
    x, y = (here - middle).T
    u, v = (there - goal).T
    size = (x * x + y * y).sum()
    if size > 1e-6:
        along, across = (x * u + y * v).sum() / size, (x * v - y * u).sum() / size
        matrix[:2, :2] = [[along, -across], [across, along]]
    matrix[:2, 2] = goal - matrix[:2, :2] @ middle
    return matrix


def steered(coming: Tracks | None, way: Course) -> Tracks | None:
    """The points on things, as they stand in the view in which the chunk is painted; none of the scene."""
    if coming is None:
        return None
    views = np.concatenate([way.painted[None], np.linalg.inv(way.shown)])
    points = coming.points @ views[:, :2, :2].swapaxes(1, 2) + views[:, None, :2, 2]
    return replace(coming, points=points, visible=coming.visible & ~coming.scene)


def moved(frames: Frames, ways: Float[np.ndarray, "n 3 3"]) -> Frames:
    """Each picture moved its way; at the border its own edge goes on."""
    if all(is_still(way, frames.shape[1:3]) for way in ways):
        return frames
    return np.stack([_warped(frame, way) for frame, way in zip(frames, ways, strict=True)])


def seen_from(base: Frames, view: Matrix, newest: UInt8[np.ndarray, "H W 3"]) -> Frames:
    """The base from another view; where that shows nothing of it, the newest frame, seen from there."""
    mask = _mask(base, view)[..., None]
    return np.stack([np.where(mask, _warped(frame, view), newest) for frame in base])


def is_worn(base: Frames, view: Matrix) -> bool:
    """Whether too little of the base is left in that view, or it is too coarse there."""
    growth = np.sqrt(np.linalg.det(view[:2, :2]))
    return bool(_mask(base, view).mean() < COVERED or not 1 / GROWN < growth < GROWN)


def is_still(way: Matrix, size: tuple[int, int]) -> bool:
    """Whether it moves no corner of the picture."""
    corners = np.array([[0, 0, 1], [size[1], 0, 1], [0, size[0], 1], [size[1], size[0], 1.0]])
    return bool(np.abs(corners @ (way - np.eye(3)).T).max() < STILL_PX)


def _warped(frame: UInt8[np.ndarray, "H W 3"], way: Matrix) -> UInt8[np.ndarray, "H W 3"]:
    return cv2.warpAffine(
        frame, _for_opencv(way), frame.shape[1::-1], flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


def _mask(base: Frames, view: Matrix) -> np.ndarray:
    """Which pixels of the view the base knows wholly."""
    known = np.full(base.shape[1:3], 255, np.uint8)
    return cv2.warpAffine(known, _for_opencv(view), known.shape[::-1]) == 255


def _for_opencv(way: Matrix) -> Float[np.ndarray, "2 3"]:
    return (CENTRE @ way @ np.linalg.inv(CENTRE))[:2]
