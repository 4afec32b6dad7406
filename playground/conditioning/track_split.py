"""Which points of a tracked clip belong to the scene: those that move as most of them do.

A tracker follows whatever has texture and knows no objects. The middle motion of all points is taken for
the camera's; a point that leaves it for long belongs to a thing. It fails where a thing fills the picture.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from playground.conditioning.tracks import Tracks

AWAY_PX = 0.35  # a frame, in a picture 64 px wide: more than that beside the camera is a motion of its own


def split_scene(tracks: Tracks) -> Tracks:
    """The same tracks with `scene` set for the points that go along with the camera."""
    return replace(tracks, scene=_goes_along(tracks))


def _goes_along(tracks: Tracks) -> Bool[np.ndarray, " p"]:
    steps = np.diff(tracks.points, axis=0)
    seen = tracks.visible[1:] & tracks.visible[:-1]
    camera = np.zeros((len(steps), 2))
    for frame, known in enumerate(seen):
        camera[frame] = np.median(steps[frame][known], axis=0) if known.any() else 0.0
    away = np.linalg.norm(steps - camera[:, None], axis=2)
    mean = np.where(seen, away, 0.0).sum(0) / np.maximum(seen.sum(0), 1)
    return mean < AWAY_PX * tracks.size[1] / 64
