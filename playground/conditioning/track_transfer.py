"""The motion of a clip as tracks: a grid of points followed with pyramidal Lucas-Kanade optical flow.

Each point is followed forward and back again (Kalal, Mikolajczyk and Matas, Forward-Backward Error, 2010):
where it does not come back, or what surrounds it has changed, it is lost and says nothing from then on.
Where the picture has become empty and shows texture, new points begin. Nothing is known of objects: what
moves is followed, scene or not. A generator, so that one can watch, stop, or put tqdm around.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from playground.conditioning.track_checks import MAX_FRAMES, checked_fps, checked_number
from playground.conditioning.track_sightings import Sighting, woven
from playground.conditioning.track_strokes import lattice
from playground.conditioning.tracks import Tracks
from playground.frames.film_frames import FilmFrames
from playground.frames.pixels import Frame, as_frame

TEXTURE = 1e-4  # smallest eigenvalue of the gradients' matrix that can be followed
CHANGED = 0.35  # a point is lost when its surroundings differ by that share of their contrast
KEEP_FRAMES = 3  # points seen for less say nothing of a motion
EMPTY = 0.85  # a new point where none is nearer than this many spacings
CENTRE = 0.5  # OpenCV counts from the middle of the first pixel, tracks from its corner


@dataclass(frozen=True, eq=False)
class Followed:
    """A clip up to one of its frames."""

    number: int  # of the newest frame
    frame: Frame = field(repr=False)
    fps: float
    history: list[Sighting] = field(repr=False)  # shared with the frames that follow

    @property
    def sighting(self) -> Sighting:
        """The points of the newest frame."""
        return self.history[self.number]

    def tracks(self) -> Tracks:
        """All points so far that lived for some frames, in pixels of the clip."""
        points, visible, identity = woven(self.history[: self.number + 1])
        keep = visible.sum(0) >= min(KEEP_FRAMES, len(points))
        return Tracks(
            points[:, keep],
            visible=visible[:, keep],
            identity=identity[keep],
            fps=self.fps,
            size=self.frame.shape[:2],
        )


def transfer(
    video: Any,
    *,
    fps: Any = None,
    spacing_px: Any = None,
    backward_px: Any = 1.0,
    max_frames: int = 1200,
) -> Iterator[Followed]:
    """Follow a clip frame by frame: a path, an array [T, H, W, 3] or any iterable of frames.

    `fps` is that of the clip, known for files. `spacing_px` is the distance of points, by default
    an eighth of the longer side. A point is lost when it comes back more than `backward_px` away.
    What comes behind `max_frames` is not read.
    """
    if not 2 <= max_frames <= MAX_FRAMES:
        raise ValueError(f"max_frames must be in 2..{MAX_FRAMES}, got {max_frames}")
    backward_px = checked_number(backward_px, "backward_px", above=0)
    frames, fps = _opened(video, fps)
    history: list[Sighting] = []
    with closing(frames):
        before, born = None, 0
        for number, frame in enumerate(_alike(islice(frames, max_frames))):
            if spacing_px is None:
                spacing_px = max(frame.shape[:2]) / 8
            spacing_px = checked_number(spacing_px, "spacing_px", above=0.99)
            grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
            kept = _followed(before, grey, history[-1], backward_px) if history else None
            history.append(_renewed(grey, kept, born, spacing_px))
            before, born = grey, max(born, 1 + int(history[-1].identity.max(initial=-1)))
            yield Followed(number, frame, fps, history)
    if len(history) < 2:
        raise ValueError(f"video must have at least 2 frames, got {len(history)}")


# ---------------------------------------------------------------- frames


def _opened(video: Any, fps: Any) -> tuple[Any, float]:
    """Frames one after the other, and how many a second."""
    if isinstance(video, str | Path):
        fps = None if fps is None else checked_fps(fps)  # before the decoder starts
        film = FilmFrames(video, name="video")
        return film, checked_fps(film.fps if fps is None else fps)
    if not isinstance(video, Iterable) or isinstance(video, bytes):
        raise ValueError(
            f"video must be a path, an array [T, H, W, 3] or an iterable of frames, got {video!r}"
        )
    if isinstance(video, np.ndarray) and video.ndim not in (3, 4):
        raise ValueError(f"video must have shape [T, H, W, 3], got {list(video.shape)}")
    if fps is None:
        raise ValueError("fps must be given for frames that come from no file, like fps=20")
    return (frame for frame in video), checked_fps(fps)


def _alike(frames: Iterable[Any]) -> Iterator[Frame]:
    """Checked frames, all of one size."""
    shape = None
    for number, picture in enumerate(frames):
        frame = as_frame(picture, name=f"frame {number}")
        shape = frame.shape if shape is None else shape
        if frame.shape != shape:
            raise ValueError(
                f"frame {number} must have the size of the first one {shape[:2]}, got {frame.shape[:2]}"
            )
        yield frame


# ---------------------------------------------------------------- points


def _followed(
    before: UInt8[np.ndarray, "H W"],
    grey: UInt8[np.ndarray, "H W"],
    seen: Sighting,
    backward_px: float,
) -> Sighting:
    """The points that are found again, where they are now."""
    if not len(seen.points):
        return seen
    window = _window_px(grey)
    settings = {"winSize": (window, window), "maxLevel": 3, "minEigThreshold": TEXTURE}
    here = (seen.points - CENTRE).astype(np.float32)[:, None]
    there, found, change = cv2.calcOpticalFlowPyrLK(before, grey, here, None, **settings)
    back, again, _ = cv2.calcOpticalFlowPyrLK(grey, before, there, None, **settings)
    off_px = np.hypot(*(back - here)[:, 0].T)
    points = there[:, 0].astype(np.float64) + CENTRE
    sides = np.array(grey.shape[::-1])
    stays = (found[:, 0] == 1) & (again[:, 0] == 1) & (off_px <= backward_px)
    stays &= change[:, 0] <= CHANGED * _contrast(before, seen.points)
    stays &= ((points >= 0) & (points < sides)).all(1)
    return Sighting(points[stays], seen.identity[stays])


def _renewed(
    grey: UInt8[np.ndarray, "H W"], kept: Sighting | None, born: int, spacing_px: float
) -> Sighting:
    """These points, and new ones on the grid where the picture is empty and has texture."""
    spots = lattice(grey.shape, spacing_px)
    if kept is None:
        kept = Sighting(np.zeros((0, 2)), np.zeros(0, np.int64))
    texture = cv2.cornerMinEigenVal(grey, _window_px(grey))
    column, row = spots.astype(int).T
    spots = spots[texture[row, column] > TEXTURE]
    away = np.hypot(*np.moveaxis(spots[:, None] - kept.points[None], -1, 0))
    spots = spots[away.min(1, initial=np.inf) > EMPTY * spacing_px]
    fresh = born + np.arange(len(spots))
    return Sighting(np.concatenate([kept.points, spots]), np.concatenate([kept.identity, fresh]))


def _contrast(
    grey: UInt8[np.ndarray, "H W"], points: Float[np.ndarray, "p 2"]
) -> Float[np.ndarray, " p"]:
    """Standard deviation of the grey levels round each point."""
    window, levels = (_window_px(grey),) * 2, grey.astype(np.float32)
    mean, square = cv2.blur(levels, window), cv2.blur(levels**2, window)
    column, row = points.astype(int).T
    return np.sqrt(np.maximum(square - mean**2, 0))[row, column]


def _window_px(grey: np.ndarray) -> int:
    """Side of the window that is compared: odd, about a twentieth of the picture."""
    return int(np.clip(min(grey.shape) // 20, 3, 10)) * 2 + 1
