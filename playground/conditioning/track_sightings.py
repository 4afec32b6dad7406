"""Points that come and go, frame by frame, woven into columns: one column for each identity.

A tracker that loses points, and a camera that sees new ones, both give `Sighting`s. This module only
sorts them; it does not know who saw what.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64


@dataclass(frozen=True, eq=False)
class Sighting:
    """The points of one frame and who they are."""

    points: Float[np.ndarray, "p 2"]
    identity: Int64[np.ndarray, " p"]


def woven(
    sightings: Sequence[Sighting],
) -> tuple[Float[np.ndarray, "t q 2"], Bool[np.ndarray, "t q"], Int64[np.ndarray, " q"]]:
    """Positions, whether they were seen, and the identities; unseen points rest where seen last."""
    identity = np.unique(np.concatenate([seen.identity for seen in sightings]))
    points = np.zeros((len(sightings), len(identity), 2))
    visible = np.zeros(points.shape[:2], bool)
    for frame, seen in enumerate(sightings):
        columns = np.searchsorted(identity, seen.identity)
        points[frame, columns] = seen.points
        visible[frame, columns] = True
    return held(points, visible), visible, identity


def held(
    points: Float[np.ndarray, "t p 2"], visible: Bool[np.ndarray, "t p"]
) -> Float[np.ndarray, "t p 2"]:
    """Invisible points where they were visible last, or will be first; the rest is unchanged."""
    rows = np.arange(len(points))[:, None]
    last = np.maximum.accumulate(np.where(visible, rows, -1), axis=0)
    source = np.where(last < 0, visible.argmax(0), last)
    return np.take_along_axis(points, source[..., None], axis=0)
