"""Which points of a tracked clip belong to the scene: those that go along with the camera.

A tracker follows whatever has texture and knows no objects. Where some points stay in place for long, the
camera stands still; otherwise it is taken to move as most points do, if they stand far enough apart to be a
scene and no thing before a smooth one. A point that leaves its place in the scene belongs to a thing. It
fails where a thing fills the picture, and where the camera moves before a scene too smooth to be followed.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from playground.conditioning.tracks import Tracks

AWAY_PX = 1.5  # in a picture 64 px wide: who comes farther than that from its place moves by itself
WIDE = 0.5  # share of the picture's width or height: what moves alike in less is a thing
STILL_POINTS = 3  # that many points which rest for half of the clip tell that the camera rests


def split_scene(tracks: Tracks) -> Tracks:
    """The same tracks with `scene` set for the points that go along with the camera."""
    steps = np.diff(tracks.points, axis=0)
    seen = tracks.visible[1:] & tracks.visible[:-1]
    still = _going_along(tracks, np.zeros((len(steps), 2)))
    old = tracks.visible.sum(0) >= len(tracks.points) / 2
    if (still & old).sum() >= STILL_POINTS:
        return replace(tracks, scene=still)
    along = _going_along(tracks, _middle_motion(steps, seen))
    return replace(tracks, scene=along if _is_wide(tracks, along & old) else still)


def _is_wide(tracks: Tracks, chosen: Bool[np.ndarray, " p"]) -> bool:
    """Whether these points stand far apart in some frame."""
    apart = _extent(tracks.points[:, chosen], tracks.visible[:, chosen], axis=1)
    return bool((apart >= WIDE * np.array(tracks.size[::-1])).any())


def _middle_motion(
    steps: Float[np.ndarray, "t p 2"], seen: Bool[np.ndarray, "t p"]
) -> Float[np.ndarray, "t 2"]:
    """The median step of each frame."""
    camera = np.zeros((len(steps), 2))
    for frame, known in enumerate(seen):
        camera[frame] = np.median(steps[frame][known], axis=0) if known.any() else 0.0
    return camera


def _going_along(tracks: Tracks, camera: Float[np.ndarray, "t 2"]) -> Bool[np.ndarray, " p"]:
    gone = np.concatenate([np.zeros((1, 2)), np.cumsum(camera, axis=0)])
    places = tracks.points - gone[:, None]
    most = _extent(places, tracks.visible, axis=0)
    return np.linalg.norm(most, axis=1) < AWAY_PX * tracks.size[1] / 64


def _extent(
    points: Float[np.ndarray, "t p 2"], visible: Bool[np.ndarray, "t p"], axis: int
) -> Float[np.ndarray, "n 2"]:
    """How far visible points come apart along an axis; -inf where there are none."""
    here = visible[..., None]
    most = np.where(here, points, -np.inf).max(axis, initial=-np.inf)
    return most - np.where(here, points, np.inf).min(axis, initial=np.inf)
