"""What a track must be, said in one place: name, rule, value, fix.

Everything here takes what a person handed in and gives a checked, read-only numpy array or number, or
raises a ValueError. It knows nothing of where tracks come from.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int64

MAX_FRAMES = 100_000


def checked_points(points: Any, name: str = "points") -> Float32[np.ndarray, "t p 2"]:
    """Positions [frames, points, 2], all of them finite; at least one frame."""
    array = numbers(points, name)
    if array.ndim != 3 or array.shape[2] != 2:
        fix = "; put one axis in front for a single frame" if array.ndim == 2 else ""
        raise ValueError(
            f"{name} must have shape [frames, points, 2] with (x, y) in pixels, "
            f"got {list(array.shape)}{fix}"
        )
    if not 1 <= len(array) <= MAX_FRAMES:
        raise ValueError(f"{name} must have 1..{MAX_FRAMES} frames, got {len(array)}")
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        frame, point = np.argwhere(~np.isfinite(array).all(-1))[0]
        raise ValueError(
            f"{name} must be finite, got {array[frame, point].tolist()} at frame {frame}, point "
            f"{point}; give such points any position and set visible to False there"
        )
    return sealed(array)


def numbers(values: Any, name: str) -> np.ndarray:
    """An array of real numbers out of lists, tuples, arrays or tensors."""
    if hasattr(values, "detach"):  # a tensor, without importing torch
        values = values.detach().cpu().numpy()
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{name} must be numbers in a regular array, got rows of different lengths"
        ) from error
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be real numbers, got dtype {array.dtype}")
    return array


def checked_flags(
    flags: Any, name: str, shape: tuple[int, ...], default: bool
) -> Bool[np.ndarray, "..."]:
    """Yes or no for every entry of `shape`; None = `default` everywhere, one value = that one."""
    array = np.full(shape, default) if flags is None else numbers(flags, name)
    if array.ndim == 0:
        array = np.broadcast_to(array, shape)
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {list(shape)}, got {list(array.shape)}")
    if array.dtype != bool and not np.isin(array, (0, 1)).all():
        raise ValueError(f"{name} must be True or False (1 or 0), got {_odd_one(array)}")
    return sealed(array.astype(bool))


def checked_identity(identity: Any, count: int) -> Int64[np.ndarray, " p"]:
    """A whole number for every point; None = all different."""
    array = np.arange(count) if identity is None else numbers(identity, "identity")
    array = array.astype(np.int64) if array.size == 0 else array
    if array.shape != (count,) or array.dtype.kind not in "iu":
        raise ValueError(
            f"identity must be {count} whole numbers, one a point, "
            f"got {array.dtype} of shape {list(array.shape)}"
        )
    if (array < 0).any():
        raise ValueError(f"identity must be >= 0, got {array.min()}")
    return sealed(array.astype(np.int64))


def checked_fps(fps: Any, name: str = "fps") -> float:
    """Frames a second."""
    return checked_number(fps, name, above=0, most=1000)


def checked_number(
    value: Any, name: str, *, above: float | None = None, most: float | None = None
) -> float:
    """A finite number, larger than `above` and at most `most` where these are given."""
    rule = "" if above is None else f" above {above:g}"
    rule += "" if most is None else f"{' and' if rule else ''} at most {most:g}"
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    low = above is not None and number <= above
    if not np.isfinite(number) or low or (most is not None and number > most):
        raise ValueError(f"{name} must be a finite number{rule}, got {value!r}")
    return number


def checked_spot(x: Any, y: Any) -> tuple[float, float]:
    """A position of a pointer."""
    return checked_number(x, "x"), checked_number(y, "y")


def check_window(start: int, count: int) -> None:
    """Refuse frames before the first one, and nothing at all."""
    if start < 0:
        raise ValueError(f"start must be >= 0, got {start}")
    if not 1 <= count <= MAX_FRAMES:
        raise ValueError(f"count must be in 1..{MAX_FRAMES} frames, got {count}")


def inside(points: Float32[np.ndarray, "t p 2"], size: tuple[int, int]) -> Bool[np.ndarray, "t p"]:
    """Whether a point lies in the picture: 0 <= x < W and 0 <= y < H."""
    height, width = size
    return ((points >= 0) & (points < np.float32([width, height]))).all(-1)


def sealed(array: np.ndarray) -> np.ndarray:
    """A copy that nobody can write to."""
    array = np.array(array, order="C")
    array.setflags(write=False)
    return array


def _odd_one(array: np.ndarray) -> Any:
    return array[~np.isin(array, (0, 1))].flat[0].item()
