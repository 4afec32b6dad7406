"""Tracks as a grid of numbers beside the latents: what a video network sees of the paths.

Three parts, all zero where nothing is specified:
  splat   the sinusoidal embedding of a point's random identity, in the cell the point stands in
          (MotionStream, arXiv 2511.01266, section 3.2)
  thing   the way from every cell to the nearest points on things: a soft window, sines and cosines of the
          offset at three periods, and the point's step since the frame before
  scene   the same for points on the background, which tell of the camera
The dense parts are ours: with the splat alone a small network learns to follow many times slower.
Pure functions of numpy arrays: between two networks, where caches are cold, numpy's few small steps take a
third of the time of torch's. Nothing here knows where paths come from.
"""

import math

import numpy as np
from jaxtyping import Bool, Float, Int

IDENTITY_CHANNELS = 32
WINDOW_PX = 14.0  # deviation of the soft window round a point, in pixels of a 64-pixel picture
PERIODS_PX = (64.0, 32.0, 16.0)
STEP_PX = 4.0  # a step of that length is 1
DENSE_CHANNELS = 1 + 4 * len(PERIODS_PX) + 2
TRACK_CHANNELS = IDENTITY_CHANNELS + 2 * DENSE_CHANNELS
IDENTITIES = 100_000  # identities are taken modulo this

_HALF = IDENTITY_CHANNELS // 2
_RATES = math.tau * IDENTITIES ** -(np.arange(1, _HALF + 1) / _HALF)
_TURNS = (math.tau / np.array(PERIODS_PX)).astype(np.float32)  # radians a pixel
_BESIDE = slice(1, 1 + 2 * len(PERIODS_PX))  # of the dense channels: waves along x, along y
_BELOW = slice(1 + 2 * len(PERIODS_PX), 1 + 4 * len(PERIODS_PX))
_NARROW = np.float32(-1 / (2 * WINDOW_PX**2))


def track_grid(
    points: Float[np.ndarray, "b t p 2"],
    visible: Bool[np.ndarray, "b t p"],
    identity: Int[np.ndarray, "b p"],
    scene: Bool[np.ndarray, "b p"],
    *,
    size_px: tuple[int, int] = (64, 64),
    stride: int = 8,
) -> Float[np.ndarray, "b e T h w"]:
    """The grids (float32) of all frames but the first, which only tells from where the points come.

    `points` are (x, y) in pixels; `visible` = specified and inside; `identity` names a point for as long
    as it lives; `scene` points lie on the background. Give a first frame of invisible points at the
    start of a stream. Invisible points have no influence, wherever they are.
    """
    points = np.where(visible[..., None], points, 0).astype(np.float32, copy=False)
    known = visible[:, 1:] & visible[:, :-1]
    steps = np.where(known[..., None], points[:, 1:] - points[:, :-1], 0) / np.float32(STEP_PX)
    here, seen = points[:, 1:], visible[:, 1:]
    rows, columns = size_px[0] // stride, size_px[1] // stride
    grid = np.zeros((*here.shape[:2], rows, columns, TRACK_CHANNELS), np.float32)
    _splat(grid[..., :IDENTITY_CHANNELS], here, seen, identity, stride)
    near, waves = _offsets(here, max(rows, columns), stride)
    for place, group in enumerate((~scene, scene)):
        told, start = seen & group[:, None], IDENTITY_CHANNELS + place * DENSE_CHANNELS
        if told.any():
            part = grid[..., start : start + DENSE_CHANNELS]
            _dense(part, near * told[..., None, None], waves, steps)
    return grid.transpose(0, 4, 1, 2, 3)


def identity_embedding(identity: Int[np.ndarray, "*p"]) -> Float[np.ndarray, "*p e"]:
    """Sines and cosines of the identity, as for positions in a Transformer; deviation about 0.7."""
    angles = (identity % IDENTITIES)[..., None] * _RATES  # in float64: they are large
    return np.concatenate([np.sin(angles), np.cos(angles)], -1).astype(np.float32)


def _splat(grid, here, seen, identity, stride) -> None:
    """Every visible point's embedding, added in its cell."""
    cells = np.floor(here / np.float32(stride)).astype(np.int64)
    rows, columns = grid.shape[2:4]
    inside = seen & ((cells >= 0) & (cells < (columns, rows))).all(-1)
    stream, frame, point = np.nonzero(inside)
    column, row = cells[inside].T
    np.add.at(grid, (stream, frame, row, column), identity_embedding(identity)[stream, point])


def _dense(part, near, waves, steps) -> None:
    """Soft window, offset and step of the nearest points, for every cell; separable over x and y."""
    rows, columns = part.shape[2:4]
    window = near[..., 1, :rows, None] * near[..., 0, None, :columns]  # [b, t, p, h, w]
    squares = window * window
    share = squares / (squares.sum(2, keepdims=True) + np.float32(1e-6))
    across, down = share.transpose(0, 1, 4, 3, 2), share.transpose(0, 1, 3, 4, 2)  # points last
    part[..., 0] = share.sum(2)
    part[..., _BESIDE] = (across @ waves[..., 0, :columns, :].swapaxes(2, 3)).swapaxes(2, 3)
    part[..., _BELOW] = down @ waves[..., 1, :rows, :].swapaxes(2, 3)
    part[..., -2:] = down @ steps[:, :, None]
    part *= window.max(2)[..., None]


def _offsets(
    here: Float[np.ndarray, "b t p 2"], cells: int, stride: int
) -> tuple[Float[np.ndarray, "b t p 2 l"], Float[np.ndarray, "b t p 2 l e"]]:
    """Window and waves of the offset from every cell's middle to every point, along x and along y."""
    middles = (np.arange(cells, dtype=np.float32) + np.float32(0.5)) * np.float32(stride)
    offsets = middles - here[..., None]
    angles = offsets[..., None] * _TURNS
    return np.exp(offsets * offsets * _NARROW), np.concatenate([np.sin(angles), np.cos(angles)], -1)
