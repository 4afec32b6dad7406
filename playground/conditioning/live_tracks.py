"""Tracks under a moving pointer: any thread commands, the stream's worker asks for a window a chunk.

A window is told once and for good: a held point goes in a straight line from where the last window ended
to where the pointer is when the next one is asked for, so the video lags by a chunk and never jumps
back. What is released says nothing from the next window on ("unspecified", not "gone"); a grab released
before any window saw it leaves no trace. Identities stay while a point lives, and are used again after
32 768 others. Memory is bounded by what is commanded now. It knows nothing of widgets and models.
"""

import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from playground.conditioning import track_checks as check
from playground.conditioning.live_commands import (
    Held,
    Plan,
    Snapshot,
    Span,
    told_camera,
    told_held,
)
from playground.conditioning.track_camera import SPAN, Camera, SceneGrid
from playground.conditioning.track_strokes import grid_spacing
from playground.conditioning.tracks import FPS, SIZE, Tracks
from playground.frames.pixels import check_size

MAX_POINTS = 512  # held, pinned and planned at once


class LiveTracks:
    """What a pointer commands now, in pixels of a picture of `size` = (H, W).

    Every method may be called from any thread. A command that cannot be raises and changes nothing.
    `spacing_px` is the distance of the points that a moving camera shows.
    """

    def __init__(self, *, fps: Any = FPS, size: Any = SIZE, spacing_px: Any = None) -> None:
        check_size(size)
        self.fps, self.size = check.checked_fps(fps), (int(size[0]), int(size[1]))
        self._spacing_px = grid_spacing(spacing_px, self.size)
        self._lock = threading.Lock()
        self._fresh_key = 0
        self._frame = 0
        self._asked: tuple[int, int] | None = None
        self._answer: Tracks | None = None
        self._forget_all()

    # ------------------------------------------------------------ a pointer

    def grab(self, x: Any, y: Any, *, scene: bool = False, identity: int | None = None) -> int:
        """Hold the thing at (x, y), or the scene there; the key is for `move` and `release`.

        Grabs that share an `identity` (the key of the first one) are one rigid thing.
        """
        return self._hold(x, y, scene, identity, pinned=False)

    def move(self, key: int, x: Any, y: Any) -> bool:
        """The pointer is at (x, y) now; False where the grab is over, which is no error."""
        x, y = check.checked_spot(x, y)
        with self._lock:
            grab = self._held.get(key)
            if grab is None or grab.pinned:
                return False
            by = (x - grab.spot[0], y - grab.spot[1])
            self._held |= {
                one.key: one.moved(by)
                for one in self._held.values()
                if one.identity == grab.identity and not one.pinned
            }
            return True

    def release(self, key: int) -> bool:
        """Say nothing of that thing any more; False where the grab is over already."""
        return self._drop(key, pinned=False)

    def pin(self, x: Any, y: Any, *, scene: bool = False, identity: int | None = None) -> int:
        """What is at (x, y) shall stay there, until `unpin`."""
        return self._hold(x, y, scene, identity, pinned=True)

    def unpin(self, key: int) -> bool:
        """Take a pin out; False where it is out already."""
        return self._drop(key, pinned=True)

    # ------------------------------------------------------------ ahead of time

    def plan(self, strokes: Any, **more: Any) -> int:
        """Draw ahead of time: strokes as for `Tracks.from_strokes`, or any `Tracks`; runs after `start`.

        `more` are the options of `Tracks.from_strokes`: speed_px_s, pace, scene, pinned.
        """
        if isinstance(strokes, Tracks):
            tracks = strokes.resample(fps=self.fps, size=self.size)
        else:
            tracks = Tracks.from_strokes(strokes, fps=self.fps, size=self.size, **more)
        _, things = np.unique(tracks.identity, return_inverse=True)
        with self._lock:
            self._check_room(tracks.count)
            key = self._keys(max(1, int(things.max(initial=0)) + 1))
            self._plans[key] = Plan(key, replace(tracks, identity=(key + things) % SPAN))
            return key

    def start(self) -> int:
        """All plans that wait begin together with the next window; says how many."""
        with self._lock:
            waiting = [plan for plan in self._plans.values() if not plan.started]
            self._plans |= {plan.key: replace(plan, started=True) for plan in waiting}
            return len(waiting)

    def unplan(self, key: int) -> bool:
        """Take a plan back, running or not; False where it is over already."""
        with self._lock:
            return self._plans.pop(key, None) is not None

    def undo(self) -> int | None:
        """Take back the newest pin or plan; its key, None where there is none."""
        with self._lock:
            pins = [key for key, one in self._held.items() if one.pinned]
            newest = max([*pins, *self._plans], default=None)
            self._held.pop(newest, None)
            self._plans.pop(newest, None)
            return newest

    # ------------------------------------------------------------ the whole picture

    def camera(
        self, *, pan_px_s: Any = (0.0, 0.0), zoom_per_s: Any = 0.0, rotate_deg_s: Any = 0.0
    ) -> None:
        """Move the camera from the next window on, see `track_camera.Camera`; all 0 = off."""
        camera = Camera(pan_px_s, zoom_per_s, rotate_deg_s)
        with self._lock:
            self._camera = camera
            if camera.off:
                self._grid = None
            elif self._grid is None:
                self._grid = SceneGrid.over(self.size, self._spacing_px, first=SPAN)

    def clear(self) -> None:
        """Say nothing at all any more: no grabs, pins, plans, camera."""
        with self._lock:
            self._forget_all()

    # ------------------------------------------------------------ the stream and the painter

    def window(self, start: int, count: int) -> Tracks:
        """What is commanded for these frames; asked once a chunk by the stream, in order.

        The same window asked again gives the same answer. A window that starts one frame before the
        end of the last one repeats that frame first. Any other start goes on with what is commanded.
        """
        check.check_window(start, count)
        with self._lock:
            if (start, count) != self._asked:
                lead = int(0 <= start == self._frame - 1 and count > 1)
                self._answer = self._tell(Span(count - lead, lead, self.fps, self.size))
                self._asked, self._frame = (start, count), start + count
            return self._answer

    def snapshot(self) -> Snapshot:
        """All that is commanded now, for drawing; changes nothing."""
        with self._lock:
            held, grid = self._held.values(), self._grid
            return Snapshot(
                grabs=tuple(one for one in held if not one.pinned),
                pins=tuple(one for one in held if one.pinned),
                plans=tuple(self._plans.values()),
                camera=self._camera,
                scene_points=np.zeros((0, 2)) if grid is None else grid.points,
                frame=self._frame,
            )

    # ------------------------------------------------------------ under the lock

    def _tell(self, span: Span) -> Tracks:
        """The next window, after which its frames have been told."""
        running = [plan for plan in self._plans.values() if plan.started]
        parts = [told_held(tuple(self._held.values()), span), *(p.told(span) for p in running)]
        if self._grid is not None:
            scene, self._grid = told_camera(self._camera, self._grid, span)
            parts.append(scene)
        self._held = {key: replace(one, told=one.spot) for key, one in self._held.items()}
        for plan in running:
            self._plans[plan.key] = plan = replace(plan, played=plan.played + span.fresh)
            if plan.over:
                del self._plans[plan.key]
        return _joined(parts, span)

    def _hold(self, x: Any, y: Any, scene: bool, identity: int | None, *, pinned: bool) -> int:
        spot = check.checked_spot(x, y)
        if identity is not None:
            identity = int(check.checked_identity([identity], 1)[0])
        with self._lock:
            self._check_room(1)
            key = self._keys(1)
            name = (key if identity is None else identity) % SPAN
            self._held[key] = Held(key, spot, spot, name, scene, pinned)
            return key

    def _drop(self, key: int, *, pinned: bool) -> bool:
        with self._lock:
            found = key in self._held and self._held[key].pinned == pinned
            return found and self._held.pop(key) is not None

    def _keys(self, count: int) -> int:
        """The first of `count` keys that nobody had before."""
        self._fresh_key += count
        return self._fresh_key - count

    def _check_room(self, count: int) -> None:
        taken = len(self._held) + sum(plan.tracks.count for plan in self._plans.values())
        if taken + count > MAX_POINTS:
            raise ValueError(
                f"points must be at most {MAX_POINTS} at once, got {taken + count}; "
                "undo or clear some first"
            )

    def _forget_all(self) -> None:
        self._held: dict[int, Held] = {}
        self._plans: dict[int, Plan] = {}
        self._camera, self._grid = Camera(), None


def _joined(parts: Iterable[Tracks], span: Span) -> Tracks:
    """Side by side; identities are different already, or meant to be the same."""
    parts = list(parts)
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts], axis)
        for name, axis in (("points", 1), ("visible", 1), ("identity", 0), ("scene", 0))
    }
    return Tracks(**columns, fps=span.fps, size=span.size)
