"""Point tracks: where things shall be, frame by frame (MotionStream, arXiv 2511.01266, section 3.1).

A point with the same `identity` is the same thing all along; several points may share one identity and
then move as one thing. Three ways to treat a point in a frame, which must not be confused:

    told         visible True: the thing shall be exactly there
    unspecified  visible False: nothing is said, the model decides. It does not mean "hidden" or "gone":
                 that cannot be commanded. What a tracker calls occluded becomes unspecified here
    pinned       told for ever: after its last frame a pinned point stays where it is, while the point
                 of a stroke becomes unspecified after its end

Points outside the picture keep their position and are unspecified there; they are never pushed to the
border, since that would tell another motion. (0, 0) is the picture's top left corner, (W, H) its bottom
right one. This module knows no networks, and imports neither torch nor OpenCV.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int64

from playground.conditioning import track_checks as check
from playground.conditioning.track_camera import Camera, SceneGrid
from playground.conditioning.track_sightings import woven
from playground.conditioning.track_strokes import (
    grid_spacing,
    lattice,
    run_together,
    stroke_points,
)
from playground.frames.pixels import check_size

FPS, SIZE = 20.0, (64, 64)  # of the tiny video model


@dataclass(frozen=True, eq=False, init=False)
class Tracks:
    """Points frame by frame, in pixels of a picture of `size` = (H, W), `fps` frames a second.

    Only `points` must be given: the rest is then visible, of different identities, no scene, not pinned.
    """

    points: Float32[np.ndarray, "t p 2"]
    visible: Bool[np.ndarray, "t p"]  # False = unspecified
    identity: Int64[np.ndarray, " p"]
    scene: Bool[np.ndarray, " p"]  # belongs to the background
    pinned: Bool[np.ndarray, " p"]  # stays after the last frame
    fps: float
    size: tuple[int, int]

    def __init__(
        self,
        points: Any,
        *,
        visible: Any = None,
        identity: Any = None,
        scene: Any = None,
        pinned: Any = None,
        fps: Any = FPS,
        size: Any = SIZE,
    ) -> None:
        check_size(size)
        size, points = (int(size[0]), int(size[1])), check.checked_points(points)
        frames, count = points.shape[:2]
        told = check.checked_flags(visible, "visible", (frames, count), True)
        settled = {
            "points": points,
            "visible": check.sealed(told & check.inside(points, size)),
            "identity": check.checked_identity(identity, count),
            "scene": check.checked_flags(scene, "scene", (count,), False),
            "pinned": check.checked_flags(pinned, "pinned", (count,), False),
            "fps": check.checked_fps(fps),
            "size": size,
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        height, width = self.size
        return (
            f"Tracks({self.count} points, {self.frames} frames, {self.fps:g} fps, {width}x{height})"
        )

    # ------------------------------------------------------------ made from

    @classmethod
    def from_strokes(
        cls,
        strokes: Any,
        *,
        fps: Any = FPS,
        size: Any = SIZE,
        speed_px_s: Any = None,
        pace: Any = 1.0,
        identity: Any = None,
        scene: Any = False,
        pinned: Any = False,
    ) -> "Tracks":
        """A point along each stroke [(x, y), ...] or [(x, y, seconds), ...]; all start together.

        Strokes with times run as they were drawn, others at 24 px a second in a picture 64 px wide;
        `speed_px_s` makes all of them constant. `pace` 2 = twice as fast. `pinned` stays at the end.
        """
        check_size(size)
        fps = check.checked_fps(fps)
        points, running = run_together(
            strokes, fps=fps, size=size, speed_px_s=speed_px_s, pace=pace
        )
        pinned = check.checked_flags(pinned, "pinned", (points.shape[1],), False)
        told = {"identity": identity, "scene": scene, "pinned": pinned, "fps": fps, "size": size}
        return cls(points, visible=running | pinned, **told)

    @classmethod
    def from_grab(
        cls,
        points: Any,
        path: Any,
        *,
        fps: Any = FPS,
        size: Any = SIZE,
        speed_px_s: Any = None,
        pace: Any = 1.0,
        pinned: Any = False,
    ) -> "Tracks":
        """One whole object: its `points` (x, y) share an identity and move rigidly along `path`.

        The path is a stroke; only its motion counts, so it may start anywhere.
        """
        check_size(size)
        fps = check.checked_fps(fps)
        held = stroke_points(points, "points")[:, :2]
        way, _ = run_together([path], fps=fps, size=size, speed_px_s=speed_px_s, pace=pace)
        moved = held[None] + way - way[0]
        one = np.zeros(len(held), np.int64)
        return cls(moved, identity=one, pinned=pinned, fps=fps, size=size)

    @classmethod
    def pins(cls, points: Any, *, scene: Any = False, fps: Any = FPS, size: Any = SIZE) -> "Tracks":
        """Points (x, y) that shall stay where they are, for ever."""
        spots = stroke_points(points, "points")[None, :, :2]
        return cls(spots, scene=scene, pinned=True, fps=fps, size=size)

    @classmethod
    def grid(
        cls, spacing_px: Any = None, *, scene: Any = True, fps: Any = FPS, size: Any = SIZE
    ) -> "Tracks":
        """Pins all over the picture: with scene=True, a camera that stands still."""
        check_size(size)
        return cls.pins(
            lattice(size, grid_spacing(spacing_px, size)), scene=scene, fps=fps, size=size
        )

    @classmethod
    def camera(
        cls,
        seconds: Any,
        *,
        pan_px_s: Any = (0.0, 0.0),
        zoom_per_s: Any = 0.0,
        rotate_deg_s: Any = 0.0,
        spacing_px: Any = None,
        fps: Any = FPS,
        size: Any = SIZE,
    ) -> "Tracks":
        """What a grid of scene points does while the camera moves, see `track_camera.Camera`."""
        move = Camera(pan_px_s, zoom_per_s, rotate_deg_s)
        fps = check.checked_fps(fps)
        check_size(size)
        seconds = check.checked_number(seconds, "seconds", above=0, most=check.MAX_FRAMES / fps)
        grids = [SceneGrid.over(tuple(size), grid_spacing(spacing_px, size))]
        for _ in range(max(1, round(seconds * fps)) - 1):
            grids.append(grids[-1].step(move, fps))
        points, visible, identity = woven([grid.sighting for grid in grids])
        return cls(points, visible=visible, identity=identity, scene=True, fps=fps, size=size)

    @classmethod
    def from_file(
        cls, path: str | Path, *, fps: Any = None, size: Any = None, occluded: str = "unspecified"
    ) -> "Tracks":
        """Tracks out of .npz and .npy as trackers save them, or out of our own .json and .npz.

        `fps` and `size` = (H, W) are those of the video that was tracked; needed where the file does
        not say. Points that the tracker called occluded become unspecified, or with
        occluded="keep" are told at the place where the tracker guessed them.
        """
        from playground.conditioning.track_files import read

        return cls(**read(Path(path), fps=fps, size=size, occluded=occluded))

    @classmethod
    def from_video(
        cls, video: Any, *, progress: Callable[[Iterable], Iterable] | None = None, **more: Any
    ) -> "Tracks":
        """The motion of a clip: a path, an array [T, H, W, 3] or any iterable of frames.

        `progress` wraps the loop, for example tqdm; `more` as in `track_transfer.transfer`.
        """
        from playground.conditioning.track_transfer import transfer

        steps = transfer(video, **more)
        for step in steps if progress is None else progress(steps):
            last = step
        tracks = last.tracks()
        if not tracks.count:
            raise ValueError("video must show texture that can be followed, got plain areas only")
        return tracks

    def save(self, path: str | Path) -> None:
        """Write .json (for people; what is unspecified keeps no position) or .npz (exact)."""
        from playground.conditioning.track_files import write

        write(self, Path(path))

    # ------------------------------------------------------------ looked at

    @property
    def frames(self) -> int:
        """How many frames the tracks say something about; pinned points go on behind them."""
        return len(self.points)

    @property
    def count(self) -> int:
        """How many points."""
        return self.points.shape[1]

    @property
    def unspecified(self) -> Bool[np.ndarray, "t p"]:
        """Where nothing is said: the opposite of `visible`."""
        return ~self.visible

    def window(self, start: int, count: int) -> "Tracks":
        """Frames start .. start + count - 1; behind the last one only pinned points are told.

        Costs as much at frame 100 000 as at frame 0.
        """
        check.check_window(start, count)
        due = np.arange(start, start + count)
        rows = np.minimum(due, self.frames - 1)
        visible = self.visible[rows] & ((due < self.frames)[:, None] | self.pinned)
        cut = object.__new__(Tracks)  # what was checked once need not be again
        parts = {"points": check.sealed(self.points[rows]), "visible": check.sealed(visible)}
        vars(cut).update({**vars(self), **parts})
        return cut

    # ------------------------------------------------------------ made into

    def concat(self, *others: "Tracks") -> "Tracks":
        """All points side by side, as `a | b`; the shorter ones go on as `window` says.

        Where identities clash, those of the later tracks are moved behind the earlier ones.
        """
        return reduce(_side_by_side, others, self)

    def __or__(self, other: "Tracks") -> "Tracks":
        return self.concat(other) if isinstance(other, Tracks) else NotImplemented

    def resample(self, *, fps: Any = None, size: Any = None) -> "Tracks":
        """The same motion at another frame rate or picture size (stretched to it).

        A frame between two is told where both are.
        """
        fps = self.fps if fps is None else check.checked_fps(fps)
        size = self.size if size is None else size
        check_size(size)
        due = np.arange(int((self.frames - 1) * fps / self.fps + 1e-6) + 1) * self.fps / fps
        due = np.minimum(np.where(abs(due - due.round()) < 1e-6, due.round(), due), self.frames - 1)
        before, after = np.floor(due).astype(int), np.ceil(due).astype(int)
        share = (due - before)[:, None, None]
        points = (1 - share) * self.points[before] + share * self.points[after]
        points = points * np.array([size[1] / self.size[1], size[0] / self.size[0]])
        visible = self.visible[before] & self.visible[after]
        return replace(self, points=points, visible=visible, fps=fps, size=size)


def _side_by_side(first: Tracks, second: Tracks) -> Tracks:
    for name in ("fps", "size"):
        ours, theirs = getattr(first, name), getattr(second, name)
        if ours != theirs:
            raise ValueError(
                f"tracks must have the same {name} to be joined, got {ours} and {theirs}; "
                f"use .resample({name}={ours})"
            )
    frames = max(first.frames, second.frames)
    first, second = first.window(0, frames), second.window(0, frames)
    clash = np.isin(second.identity, first.identity).any()
    shift = first.identity.max(initial=-1) + 1 if clash else 0
    identity = np.concatenate([first.identity, second.identity + shift])
    joined = {
        name: np.concatenate([getattr(first, name), getattr(second, name)], axis)
        for name, axis in (("points", 1), ("visible", 1), ("scene", 0), ("pinned", 0))
    }
    return replace(first, identity=identity, **joined)
