"""The tracked points of a clip gathered in one point a thing, as a hand would hold it.

A tracker puts a dozen points on a ball, most of them on its edge; of a model that is told where one thing
is they ask for a dozen things. Points that keep their distance while both are seen are one thing. It fails
where things move together, and where one turns or grows much.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from playground.conditioning.tracks import Tracks

BOUND_PX = 5.0  # in a picture 64 px wide: distances that change by less are kept
REACH_PX = 24.0  # points farther apart than that are bound by others between them only
TOGETHER = 3  # frames; of two points that are seen together for less, nothing is known
FEWEST = 2  # points of a thing, where any thing has as many: single ones are often lost ones


def gather_things(tracks: Tracks) -> Tracks:
    """The points of the scene as they are; of the others one a thing, in the middle of its points.

    It is told in the frames in which any of them is, and goes their middle way. Its identity is that of the
    first of them.
    """
    of_things = np.flatnonzero(~tracks.scene)
    groups = [of_things[group] for group in _groups(tracks, of_things)]
    fewest = min(FEWEST, max(map(len, groups), default=0))
    groups = [group for group in groups if len(group) >= fewest]
    parts = [_middle(tracks.points[:, g], tracks.visible[:, g]) for g in groups]
    first = np.array([*np.flatnonzero(tracks.scene), *(group[0] for group in groups)], int)
    scene, count = tracks.scene[first], int(tracks.scene.sum())
    points, visible = tracks.points[:, first].copy(), tracks.visible[:, first].copy()
    for place, part in enumerate(parts, count):
        points[:, place], visible[:, place] = part
    return replace(
        tracks,
        points=points,
        visible=visible,
        identity=tracks.identity[first],
        scene=scene,
        pinned=tracks.pinned[first],
    )


def _groups(tracks: Tracks, chosen: Int[np.ndarray, " q"]) -> list[Int[np.ndarray, " m"]]:
    """Places in `chosen`, one array a thing."""
    scale, left = tracks.size[1] / 64, list(range(len(chosen)))
    points, visible = tracks.points[:, chosen], tracks.visible[:, chosen]
    groups = []
    while left:
        group, fresh = [], [left[0]]
        while fresh:
            group += fresh
            left = [one for one in left if one not in group]
            bound = _bound(points, visible, fresh, left, scale)
            fresh = [one for one, is_bound in zip(left, bound, strict=True) if is_bound]
        groups.append(np.array(sorted(group)))
    return groups


def _bound(
    points: Float[np.ndarray, "t q 2"],
    visible: Bool[np.ndarray, "t q"],
    group: list[int],
    others: list[int],
    scale: float,
) -> Bool[np.ndarray, " o"]:
    """Which of the others keep their distance to any of the group, and are near it."""
    seen = visible[:, group, None] & visible[:, None, others]
    apart = points[:, group, None] - points[:, None, others]
    most = np.where(seen[..., None], apart, -np.inf).max(0)
    least = np.where(seen[..., None], apart, np.inf).min(0)
    together = seen.sum(0) >= TOGETHER
    most, least = (np.where(together[..., None], ends, 0.0) for ends in (most, least))
    keeps = np.hypot(*np.moveaxis(most - least, -1, 0)) < BOUND_PX * scale
    near = np.hypot(*np.moveaxis((most + least) / 2, -1, 0)) < REACH_PX * scale
    return (together & keeps & near).any(0)


def _middle(
    points: Float[np.ndarray, "t m 2"], visible: Bool[np.ndarray, "t m"]
) -> tuple[Float[np.ndarray, "t 2"], Bool[np.ndarray, " t"]]:
    """The way of a thing's middle, and when it is seen.

    It goes by the median step, so that a point that comes or is lost does not move it.
    """
    both = visible[1:] & visible[:-1]
    steps = np.zeros((len(points), 2))
    for frame, known in enumerate(both):
        if known.any():
            steps[frame + 1] = np.median(np.diff(points[frame : frame + 2, known], axis=0)[0], 0)
    way, seen = np.cumsum(steps, 0), visible.any(1)
    low = np.where(visible[..., None], points, np.inf).min(1)[seen]
    high = np.where(visible[..., None], points, -np.inf).max(1)[seen]
    middles = (low + high) / 2
    return way + np.median(middles - way[seen], 0), seen
