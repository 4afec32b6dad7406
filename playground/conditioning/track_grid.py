"""Tracks as a grid of numbers beside the latents: what a video network sees of the paths.

Three parts, all zero where nothing is specified:
  splat   the sinusoidal embedding of a point's random identity, in the cell the point stands in
          (MotionStream, arXiv 2511.01266, section 3.2)
  thing   the way from every cell to the nearest points on things: a soft window, sines and cosines of the
          offset at three periods, and the point's step since the frame before
  scene   the same for points on the background, which tell of the camera
The dense parts are ours: with the splat alone a small network learns to follow many times slower.
Pure functions; nothing here knows where paths come from.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

IDENTITY_CHANNELS = 32
WINDOW_PX = 14.0  # deviation of the soft window round a point, in pixels of a 64-pixel picture
PERIODS_PX = (64.0, 32.0, 16.0)
STEP_PX = 4.0  # a step of that length is 1
DENSE_CHANNELS = 1 + 4 * len(PERIODS_PX) + 2
TRACK_CHANNELS = IDENTITY_CHANNELS + 2 * DENSE_CHANNELS
IDENTITIES = 100_000  # identities are taken modulo this


def track_grid(
    points: Float[Tensor, "b t p 2"],
    visible: Bool[Tensor, "b t p"],
    identity: Int[Tensor, "b p"],
    scene: Bool[Tensor, "b p"],
    *,
    size_px: tuple[int, int] = (64, 64),
    stride: int = 8,
) -> Float[Tensor, "b e T h w"]:
    """The grids of all frames but the first, which only tells from where the points come.

    `points` are (x, y) in pixels; `visible` = specified and inside; `identity` names a point for as long
    as it lives; `scene` points lie on the background. Give a first frame of invisible points at the
    start of a stream. Invisible points have no influence, wherever they are.
    """
    points = torch.where(visible[..., None], points, 0.0)
    known = (visible[:, 1:] & visible[:, :-1])[..., None]
    steps = torch.where(known, points[:, 1:] - points[:, :-1], 0.0) / STEP_PX
    here, seen = points[:, 1:], visible[:, 1:]
    rows, columns = size_px[0] // stride, size_px[1] // stride
    groups = seen & torch.stack([~scene, scene])[:, :, None]
    dense = _dense(here, steps, groups, stride, rows, columns)
    parts = [_splat(here, seen, identity, stride, rows, columns), *dense]
    return torch.cat(parts, -1).permute(0, 4, 1, 2, 3)


def identity_embedding(identity: Int[Tensor, "*p"]) -> Float[Tensor, "*p e"]:
    """Sines and cosines of the identity, as for positions in a Transformer; deviation about 0.7."""
    half = IDENTITY_CHANNELS // 2
    exponents = torch.arange(1, half + 1, device=identity.device) / half
    rates = math.tau * IDENTITIES**-exponents
    angles = (identity % IDENTITIES)[..., None].float() * rates
    return torch.cat([angles.sin(), angles.cos()], -1)


def _splat(here, seen, identity, stride, rows, columns) -> Float[Tensor, "b t h w e"]:
    """Every visible point's embedding, added in its cell."""
    b, t, _ = seen.shape
    cells = (here / stride).floor().long()
    column, row = cells.unbind(-1)
    inside = seen & (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    place = torch.where(inside, row * columns + column, 0)[..., None]
    values = identity_embedding(identity)[:, None] * inside[..., None]
    grid = values.new_zeros(b, t, rows * columns, IDENTITY_CHANNELS)
    grid.scatter_add_(2, place.expand_as(values.expand(b, t, -1, -1)), values.expand(b, t, -1, -1))
    return grid.unflatten(2, (rows, columns))


def _dense(here, steps, groups, stride, rows, columns) -> Float[Tensor, "g b t h w e"]:
    """Soft window, offset and step of the nearest points, for every cell; separable over x and y.

    `groups` [g, b, t, p] says which points are seen; every group of points for itself.
    """
    near_x, waves_x = _along(here[..., 0], columns, stride)
    near_y, waves_y = _along(here[..., 1], rows, stride)
    window = near_y[..., :, None] * near_x[..., None, :] * groups[..., None, None]
    squares = window.square()
    share = squares / (squares.sum(3, keepdim=True) + 1e-6)
    beside = share.permute(0, 1, 2, 5, 4, 3) @ waves_x.transpose(2, 3)  # [g, b, t, w, h, e]
    below = share.permute(0, 1, 2, 4, 5, 3) @ waves_y.transpose(2, 3)  # [g, b, t, h, w, e]
    moved = share.permute(0, 1, 2, 4, 5, 3).flatten(3, 4) @ steps
    parts = [
        share.sum(3)[..., None],
        beside.transpose(3, 4),
        below,
        moved.unflatten(3, (rows, columns)),
    ]
    return torch.cat(parts, -1) * window.amax(3)[..., None]


def _along(
    here: Float[Tensor, "b t p"], cells: int, stride: int
) -> tuple[Float[Tensor, "b t p l"], Float[Tensor, "b t p l e"]]:
    """Window and waves of the offset from every cell's middle to every point, along one axis."""
    middles = (torch.arange(cells, device=here.device) + 0.5) * stride
    offset = middles - here[..., None]
    angles = offset[..., None] * (math.tau / torch.tensor(PERIODS_PX, device=here.device))
    window = torch.exp(-offset.square() / (2 * WINDOW_PX**2))
    return window, torch.cat([angles.sin(), angles.cos()], -1)
