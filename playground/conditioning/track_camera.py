"""Camera moves as tracks: points of the scene, spread over the picture, that move as it would.

The camera's own motion is what one says: panning right moves the scene to the left, zooming in moves it
apart, turning clockwise turns it the other way, all about the middle of the picture. Points that leave
are given up; where the picture has become empty, new ones appear, with new identities. The state is as
small after hours as at the start. Depth is not known: the scene is a flat picture.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from playground.conditioning.track_checks import checked_number, inside
from playground.conditioning.track_sightings import Sighting
from playground.conditioning.track_strokes import lattice

SPAN = 1 << 15  # identities of scene points are reused after that many
EMPTY = 0.85  # a new point where none is nearer than this many spacings ...
CROWDED = 0.5  # ... and of two that came nearer than this, the younger goes


@dataclass(frozen=True)
class Camera:
    """How a camera moves; all zeros = it is off, and says nothing."""

    pan_px_s: Any = (0.0, 0.0)  # (right, down), pixels of the picture a second
    zoom_per_s: Any = 0.0  # 0.2 = things grow by a fifth each second; above -1
    rotate_deg_s: Any = 0.0  # clockwise

    def __post_init__(self) -> None:
        try:
            right, down = self.pan_px_s
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"pan_px_s must be (right, down) in pixels a second, got {self.pan_px_s!r}"
            ) from error
        pan = tuple(checked_number(value, "pan_px_s", most=1e6) for value in (right, down))
        zoom = checked_number(self.zoom_per_s, "zoom_per_s", above=-1, most=1e6)
        turn = checked_number(self.rotate_deg_s, "rotate_deg_s", most=1e6)
        for name, value in zip(
            ("pan_px_s", "zoom_per_s", "rotate_deg_s"), (pan, zoom, turn), strict=True
        ):
            object.__setattr__(self, name, value)

    @property
    def off(self) -> bool:
        """Whether nothing moves."""
        return self == Camera()

    def moved(
        self, points: Float[np.ndarray, "p 2"], fps: float, size: tuple[int, int]
    ) -> Float[np.ndarray, "p 2"]:
        """Where points of the scene are one frame later."""
        middle = np.array([size[1], size[0]]) / 2
        angle = -np.radians(self.rotate_deg_s) / fps
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        growth = (1 + self.zoom_per_s) ** (1 / fps)
        return (points - middle) @ turn.T * growth + middle - np.array(self.pan_px_s) / fps


@dataclass(frozen=True, eq=False)
class SceneGrid:
    """The points of the scene that a camera follows now."""

    points: Float[np.ndarray, "p 2"]
    identity: Int64[np.ndarray, " p"]
    serials: Int64[np.ndarray, " p"] = field(repr=False)  # rises from point to point
    born: int  # points so far
    first: int  # identities are first .. first + SPAN - 1
    size: tuple[int, int]
    spacing_px: float

    @classmethod
    def over(cls, size: tuple[int, int], spacing_px: float, first: int = 0) -> "SceneGrid":
        """A full grid."""
        points = lattice(size, spacing_px)
        serials = np.arange(len(points))
        return cls(points, first + serials, serials, len(points), first, size, spacing_px)

    @property
    def sighting(self) -> Sighting:
        """What is seen in this frame."""
        return Sighting(self.points, self.identity)

    def step(self, camera: Camera, fps: float) -> "SceneGrid":
        """The grid one frame later."""
        points = camera.moved(self.points, fps, self.size)
        stays = inside(points[None].astype(np.float32), self.size)[0]
        stays &= _thinned(points, CROWDED * self.spacing_px)
        return self._with(points[stays], self.serials[stays])

    def _with(self, points: np.ndarray, serials: np.ndarray) -> "SceneGrid":
        """These points, and new ones where the picture is empty."""
        spots = lattice(self.size, self.spacing_px / 2)
        gaps = spots[_distances(spots, points).min(1, initial=np.inf) > EMPTY * self.spacing_px]
        gaps = gaps[_thinned(gaps, EMPTY * self.spacing_px)]
        born = self.born + len(gaps)
        serials = np.concatenate([serials, np.arange(self.born, born)])
        identity = self.first + serials % SPAN
        points = np.concatenate([points, gaps])
        return SceneGrid(points, identity, serials, born, self.first, self.size, self.spacing_px)


def _distances(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.hypot(*np.moveaxis(some[:, None] - others[None], -1, 0))


def _thinned(points: np.ndarray, radius_px: float) -> np.ndarray:
    """Which points stay so that no two are nearer than that; the first ones, the older, come first."""
    near = _distances(points, points) < radius_px
    stays = np.ones(len(points), bool)
    for k in np.flatnonzero(np.tril(near, -1).any(1)):
        stays[k] = not (near[k, :k] & stays[:k]).any()
    return stays
