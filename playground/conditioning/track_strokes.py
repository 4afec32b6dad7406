"""From what a hand draws to positions frame by frame: strokes at a constant speed or as they were drawn.

A stroke is a list of (x, y), or of (x, y, s) where the pen's clock is known. Also here: the lattice of
points that grids, camera moves and trackers start from. It knows nothing of identities and visibility.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from playground.conditioning.track_checks import MAX_FRAMES, checked_number, numbers

WIDTHS_PER_S = 0.375  # speed of a stroke without times: 24 px a second in a picture of 64


def stroke_points(stroke: Any, name: str = "stroke") -> Float[np.ndarray, "n 3"]:
    """The checked points of a stroke as (x, y, s) from 0 s on; s is NaN where no times are known."""
    array = numbers(stroke, name)
    if array.ndim != 2 or array.shape[1] not in (2, 3) or not len(array):
        fix = "; wrap a single stroke in a list" if array.ndim == 1 and len(array) else ""
        raise ValueError(
            f"{name} must be at least one point (x, y) or (x, y, seconds), "
            f"got shape {list(array.shape)}{fix}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {_first_bad(array)}")
    if array.shape[1] == 2:
        return np.column_stack([array, np.full(len(array), np.nan)]).astype(np.float64)
    array = array.astype(np.float64)
    if (np.diff(array[:, 2]) < 0).any():
        raise ValueError(f"{name} must have times that never go back, got {array[:, 2].tolist()}")
    return array - [0, 0, array[0, 2]]


def run_together(
    strokes: Any, *, fps: float, size: tuple[int, int], speed_px_s: Any, pace: Any
) -> tuple[Float[np.ndarray, "t p 2"], Bool[np.ndarray, "t p"]]:
    """A point along each stroke, all starting at frame 0, and whether it has not ended yet."""
    if not hasattr(strokes, "__len__") or isinstance(strokes, str) or not len(strokes):
        raise ValueError(f"strokes must be a list of at least one stroke, got {strokes!r}")
    pace = checked_number(pace, "pace", above=0)
    if speed_px_s is not None:
        speed_px_s = checked_number(speed_px_s, "speed_px_s", above=0)
    drawn = [stroke_points(stroke, f"stroke {k}") for k, stroke in enumerate(strokes)]
    usual = WIDTHS_PER_S * size[1]
    runs = [_run(points, _clock(points, speed_px_s, usual) / pace, fps) for points in drawn]
    lengths = np.array([len(run) for run in runs])
    frames = np.arange(lengths.max())
    points = np.stack([run[np.minimum(frames, len(run) - 1)] for run in runs], 1)
    return points, frames[:, None] < lengths


def _clock(
    stroke: np.ndarray, speed_px_s: float | None, usual_px_s: float
) -> Float[np.ndarray, " n"]:
    """When each point is reached, in seconds: as drawn where that is known and no speed is asked."""
    if speed_px_s is None and not np.isnan(stroke[0, 2]):
        return stroke[:, 2]
    steps = np.hypot(*np.diff(stroke[:, :2], axis=0).T)
    return np.concatenate([[0], np.cumsum(steps)]) / (speed_px_s or usual_px_s)


def _run(stroke: np.ndarray, clock: np.ndarray, fps: float) -> Float[np.ndarray, "t 2"]:
    """Positions frame by frame; equal steps of time that end exactly at the end."""
    exact = float(clock[-1]) * fps
    if exact > MAX_FRAMES - 1:
        raise ValueError(
            f"strokes must last at most {MAX_FRAMES} frames, got {exact:.3g}; raise the speed"
        )
    due = np.linspace(0, clock[-1], 1 + (max(1, round(exact)) if exact > 0 else 0))
    return np.column_stack([np.interp(due, clock, stroke[:, axis]) for axis in (0, 1)])


def grid_spacing(spacing_px: Any, size: tuple[int, int]) -> float:
    """The checked distance between points of a grid; None = four points along the longer side."""
    if spacing_px is None:
        return max(size) / 4
    return checked_number(spacing_px, "spacing_px", above=0.99)


def lattice(size: tuple[int, int], spacing_px: float) -> Float[np.ndarray, "p 2"]:
    """Points every `spacing_px` or a little more, centred in the picture, row by row."""
    height, width = size
    axes = []
    for side in (width, height):
        count = max(1, int(side / spacing_px))
        axes.append((np.arange(count) + 0.5) * side / count)
    return np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)


def _first_bad(array: np.ndarray) -> list[float]:
    return array[~np.isfinite(array).all(1)][0].tolist()
