"""What a pointer has commanded, as values: points held or pinned, strokes that wait or run.

`LiveTracks` keeps these and replaces them whole; a widget gets them in a `Snapshot` to draw them. Each
tells its part of a window as `Tracks`. They know neither locks nor clocks.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from playground.conditioning.track_camera import Camera, SceneGrid
from playground.conditioning.track_sightings import woven
from playground.conditioning.tracks import Tracks

Spot = tuple[float, float]


@dataclass(frozen=True)
class Span:
    """The frames of a window: `lead` that were told before, then `fresh` ones."""

    fresh: int
    lead: int
    fps: float
    size: tuple[int, int]


@dataclass(frozen=True)
class Held:
    """A point that a pointer holds, or a pin."""

    key: int
    spot: Spot  # where the pointer is now
    told: Spot  # where the last window ended; the next one goes from here to `spot`
    identity: int
    scene: bool
    pinned: bool

    def moved(self, by: Spot) -> "Held":
        """The same point elsewhere."""
        return replace(self, spot=(self.spot[0] + by[0], self.spot[1] + by[1]))


@dataclass(frozen=True, eq=False)
class Plan:
    """Strokes, or any tracks, drawn ahead of time."""

    key: int
    tracks: Tracks
    started: bool = False
    played: int = 0  # frames that windows have told so far

    @property
    def over(self) -> bool:
        """Whether nothing is left to be told."""
        return self.played >= self.tracks.frames and not self.tracks.pinned.any()

    def told(self, span: Span) -> Tracks:
        """Its next frames; a lead before its first frame shows the first one."""
        first = max(self.played - span.lead, 0)
        part = self.tracks.window(first, span.lead + span.fresh)
        rows = np.maximum(np.arange(-span.lead, span.fresh) + self.played, 0) - first
        return replace(part, points=part.points[rows], visible=part.visible[rows])


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that is commanded at one moment, for drawing."""

    grabs: tuple[Held, ...]
    pins: tuple[Held, ...]
    plans: tuple[Plan, ...]
    camera: Camera
    scene_points: Float[np.ndarray, "p 2"]  # where the last window left the camera's grid
    frame: int  # the first one that no window has told yet


def told_held(held: tuple[Held, ...], span: Span) -> Tracks:
    """Straight from where each point was told last to where it is now."""
    shares = np.arange(1 - span.lead, span.fresh + 1).clip(0)[:, None, None] / span.fresh
    told = np.array([one.told for one in held]).reshape(-1, 2)
    spot = np.array([one.spot for one in held]).reshape(-1, 2)
    return Tracks(
        told + shares * (spot - told),
        identity=[one.identity for one in held],
        scene=np.array([one.scene for one in held], bool),
        fps=span.fps,
        size=span.size,
    )


def told_camera(camera: Camera, grid: SceneGrid, span: Span) -> tuple[Tracks, SceneGrid]:
    """What the points of the scene do, and the grid in the last frame."""
    grids = [grid]
    for _ in range(span.fresh):
        grids.append(grids[-1].step(camera, span.fps))
    seen = [one.sighting for one in grids[1 - span.lead :]]
    points, visible, identity = woven(seen)
    tracks = Tracks(
        points, visible=visible, identity=identity, scene=True, fps=span.fps, size=span.size
    )
    return tracks, grids[-1]
