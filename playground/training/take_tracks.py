"""Tracks for training: points on the things of a take and on its ground, drawn afresh each time.

A path that begins with the stream stands at a thing's centre, a later grab holds it anywhere.
"""

import dataclasses

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from playground.conditioning.track_grid import IDENTITIES, track_grid
from playground.world.clips import SIDE, STAGE, Take


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One point over a whole take."""

    points: Float[np.ndarray, "t 2"]
    visible: Bool[np.ndarray, " t"]
    identity: int
    scene: bool


def tracks_of(take: Take, rng: np.random.Generator, start: int) -> list[Track]:
    """Points on every tracked stretch of every figure, and on the ground where the camera moves."""
    tracks = []
    for figure in take.figures:
        for first, last in stretches(figure.tracked):
            holds = first <= start <= last or rng.random() < 0.4  # at the centre
            offsets = [np.zeros(2) if holds else rng.uniform(-0.32, 0.32, 2)]
            if rng.random() < 0.2:
                offsets += list(rng.uniform(-0.32, 0.32, (int(rng.integers(1, 4)), 2)))
            size = figure.size * take.camera[:, 2:]
            stretch = (np.arange(take.frames) >= first) & (np.arange(take.frames) <= last)
            tracks += [_track(figure.centre + o * size, stretch, rng, False) for o in offsets]
    return tracks + _ground(take, rng)


def _ground(take: Take, rng: np.random.Generator) -> list[Track]:
    """Points on the stage: while the camera is moved, and now and then pins while it rests."""
    still = not take.camera_tracked.any()
    if rng.random() < (0.8 if still else 0.05):
        return []
    grid = np.stack(np.meshgrid(np.arange(8, STAGE, 20), np.arange(8, STAGE, 20)), -1).reshape(
        -1, 2
    )
    paths = take.scene_points(grid + rng.uniform(-6, 6, grid.shape))
    seen = ((paths > 0) & (paths < SIDE)).all(-1).any(0)
    chosen = rng.permutation(np.flatnonzero(seen))[: int(rng.integers(2, 10))]
    when = np.ones(take.frames, bool) if still else take.camera_tracked
    return [_track(paths[:, k], when, rng, True) for k in chosen]


def _track(path: np.ndarray, when: np.ndarray, rng: np.random.Generator, scene: bool) -> Track:
    inside = ((path > 0) & (path < SIDE)).all(-1)
    return Track(path, when & inside, int(rng.integers(IDENTITIES)), scene)


def stretches(flags: Bool[np.ndarray, " t"]) -> list[tuple[int, int]]:
    """First and last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def cut(tracks: list[Track], start: int, count: int, *, fresh: bool) -> list[Track]:
    """Frames start - 1 .. start + count - 1; `fresh` (or the take's start) hides the first one."""
    places = np.arange(start - 1, start + count).clip(0)
    hide = np.arange(count + 1) > 0 if fresh or start == 0 else np.ones(count + 1, bool)
    return [dataclasses.replace(t, points=t.points[places], visible=t.visible[places] & hide)
            for t in tracks]  # fmt: skip


def gridded(batch: list[list[Track]], frames: int) -> Float[Tensor, "b e t h w"]:
    """The track grids of a batch of runs of `frames` frames, filled up with invisible points."""
    visible = [[t for t in tracks if t.visible.any()] for tracks in batch]
    count = max(1, *(len(tracks) for tracks in visible))
    points = np.zeros((len(batch), frames, count, 2), np.float32)
    seen = np.zeros((len(batch), frames, count), bool)
    identity = np.zeros((len(batch), count), np.int64)
    scene = np.zeros((len(batch), count), bool)
    for row, tracks in enumerate(visible):
        for place, track in enumerate(tracks):
            points[row, :, place], seen[row, :, place] = track.points, track.visible
            identity[row, place], scene[row, place] = track.identity, track.scene
    return torch.from_numpy(track_grid(points, seen, identity, scene))
