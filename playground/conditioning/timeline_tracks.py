"""What a timeline's camera moves and paths tell a video network, beside what a hand commands.

`Clock` says which frame of the timeline a frame of the stream is, `PlayedTracks` answers the stream's
question `window(start, count)`. Every frame is told exactly in its time, also in the middle of a chunk.
While the timeline is paused, paths and camera stand still where they are. Knows no prompts.
"""

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np
from jaxtyping import Int64

from playground.conditioning.timeline_values import CameraEvent, Event, TrackEvent, first_frame
from playground.conditioning.track_camera import SPAN, SceneGrid
from playground.conditioning.track_sightings import Sighting, woven
from playground.conditioning.track_strokes import grid_spacing
from playground.conditioning.tracks import Tracks

HAND = 2 * SPAN  # identities below are those of a hand and its camera
PER_EVENT, MOST_EVENTS = 512, 64  # identities of the points of one event, and events apart


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """From frames of the stream to frames of the timeline."""

    since: int = 0  # frame of the stream at which this clock began ...
    first: int = 0  # ... with this frame of the timeline
    running: bool = False
    seen: int = 0  # frame of the timeline at which the last jump ended
    goes_on: bool = False  # the frame before `since` showed `first` as well; False = a jump

    def frame(self, frame: int) -> int:
        """The frame of the timeline that a frame of the stream shows; -1 = none."""
        if frame < self.since:
            return self.first if self.goes_on else -1
        return self.first + (frame - self.since if self.running else 0)


@dataclass(slots=True)
class CameraGrids:
    """The scene's points of the camera events that ran last, so that no frame is computed twice."""

    known: dict[Any, dict[int, SceneGrid]] = field(default_factory=dict)

    def grid(self, event: CameraEvent, begins: int, frame: int, place: "PlayedTracks") -> SceneGrid:
        """The points at a frame of the timeline, seen from frame `begins` on."""
        key = (event.number, event.start, event.camera, begins, place.size)
        grids = self.known.setdefault(key, {})
        if len(self.known) > 2:
            self.known = {key: grids}
        nearest = max((known for known in grids if known <= frame), default=None)
        if nearest is None:
            nearest, grids[begins] = (
                begins,
                SceneGrid.over(place.size, grid_spacing(None, place.size), first=SPAN),
            )
        grid = grids[nearest]
        for _ in range(frame - nearest):
            grid = grid.step(event.camera_for(place.size), place.fps)
        grids[frame] = grid
        for old in sorted(grids)[:-64]:
            del grids[old]
        return grid


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PlayedTracks:
    """Asked by a stream at every chunk: the hand's tracks and those of the events, side by side."""

    events: tuple[Event, ...]
    clock: Clock
    fps: float
    size: tuple[int, int]
    hand: Any = None  # what a person set as tracks
    hand_from: int = 0  # frame of the stream at which the hand's `Tracks` began
    grids: CameraGrids = field(default_factory=CameraGrids)

    def window(self, start: int, count: int) -> Tracks:
        """What is commanded for these frames of the stream."""
        due = np.array([self.clock.frame(frame) for frame in range(start, start + count)])
        told = [] if self.hand is None else [self._of_hand(start, count)]
        for event in self.events:
            first, after = first_frame(event.start, self.fps), first_frame(event.end, self.fps)
            runs = (due >= first) & (due < after)
            if runs.any() and isinstance(event, TrackEvent):
                told.append(self._path(event, due - first, runs))
            elif runs.any():
                told.append(self._camera(event, first, due, runs))
        return reduce(Tracks.concat, told) if told else self._nothing(count)

    def _of_hand(self, start: int, count: int) -> Tracks:
        """A hand's `Tracks` count from their beginning; the frame before it is told nothing."""
        if not isinstance(self.hand, Tracks):
            return self.hand.window(start, count)
        first = start - self.hand_from
        if first >= 0:
            return self.hand.window(first, count)
        rows = np.maximum(np.arange(first, first + count), 0)
        window = self.hand.window(0, int(rows[-1]) + 1)
        visible = window.visible[rows] & (np.arange(first, first + count) >= 0)[:, None]
        return replace(window, points=window.points[rows], visible=visible)

    def _path(self, event: TrackEvent, rows: Int64[np.ndarray, " t"], runs: np.ndarray) -> Tracks:
        tracks = event.tracks.resample(fps=self.fps, size=self.size)
        rows = np.where(runs, rows, 0)
        shown = np.minimum(rows, tracks.frames - 1)
        told = (rows < tracks.frames)[:, None] | tracks.pinned
        visible = tracks.visible[shown] & told & runs[:, None]
        own = HAND + event.number % MOST_EVENTS * PER_EVENT
        identity = own + tracks.identity % PER_EVENT
        return replace(tracks, points=tracks.points[shown], visible=visible, identity=identity)

    def _camera(
        self, event: CameraEvent, first: int, due: Int64[np.ndarray, " t"], runs: np.ndarray
    ) -> Tracks:
        """The points of the scene; a camera that is come upon in its middle starts with fresh ones."""
        begins = max(first, self.clock.seen)
        nothing = Sighting(np.zeros((0, 2)), np.zeros(0, np.int64))
        seen = [
            self.grids.grid(event, begins, int(frame), self).sighting if there else nothing
            for frame, there in zip(due, runs, strict=True)
        ]
        points, visible, identity = woven(seen)
        return Tracks(
            points, visible=visible, identity=identity, scene=True, fps=self.fps, size=self.size
        )

    def _nothing(self, count: int) -> Tracks:
        return Tracks(np.zeros((count, 0, 2)), fps=self.fps, size=self.size)
