"""Tracks in files: what trackers save as .npz and .npy, our own .npz, and our JSON (`track_json`).

CoTracker's users save tracks [T, N, 2] or [1, T, N, 2] in pixels and visibility [T, N] or [T, N, 1]; the
names differ, all usual ones are known. A file is never unpickled. Our .npz has the names of `Tracks`
and keeps all.
"""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from playground.conditioning.track_checks import checked_points, numbers
from playground.conditioning.track_json import read_json, write_json

TRACK_KEYS = ("tracks", "pred_tracks", "points", "track", "trajectories")
SEEN_KEYS = ("visibility", "pred_visibility", "visibles", "visible", "visibilities", "vis")
OUR_KEYS = ("identity", "scene", "pinned")
OCCLUDED = ("unspecified", "keep")
BROKEN = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, MemoryError)
OUTSIDE = 0.5  # more than that share of points outside the picture is the wrong size


def read(path: Path, *, fps: Any = None, size: Any = None, occluded: str = "unspecified") -> dict:
    """The arguments of `Tracks`."""
    if occluded not in OCCLUDED:
        raise ValueError(f"occluded must be one of {', '.join(OCCLUDED)}, got {occluded!r}")
    readers = {".npz": _read_npz, ".npy": _read_npy, ".json": read_json}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"path must end in {', '.join(readers)}, got {str(path)!r}")
    if not path.is_file():
        raise FileNotFoundError(f"path must be a file that exists, got {str(path)!r}")
    found = reader(path)
    foreign = found.get("size") is None
    for name, given in (("fps", fps), ("size", size)):
        found[name] = _agreed(name, given, found.get(name), path)
    if foreign:
        _check_place(found, path)
    if occluded == "keep":
        found["visible"] = None
    return found


def write(tracks: Any, path: Path) -> None:
    """Write `Tracks` as .json or .npz."""
    writers = {".json": write_json, ".npz": _write_npz}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise ValueError(f"path must end in {' or '.join(writers)}, got {str(path)!r}")
    if not tracks.count:
        raise ValueError("tracks must have at least one point to be saved, got none")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path must be in a folder that exists, got {str(path)!r}; make the folder first"
        )
    writer(tracks, path)


# ---------------------------------------------------------------- numpy


def _read_npz(path: Path) -> dict:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except BROKEN as error:
        raise _broken(path, error) from error
    names = {name.lower(): name for name in arrays}
    track_key = next((names[key] for key in TRACK_KEYS if key in names), None)
    if track_key is None:
        raise ValueError(
            f"file {str(path)!r} must hold tracks under one of {', '.join(TRACK_KEYS)}, "
            f"got {', '.join(arrays) or 'nothing'}; save with np.savez(path, tracks=..., visibility=...)"
        )
    seen_key = next((names[key] for key in SEEN_KEYS if key in names), None)
    least = 1 if "pinned" in arrays else 2  # pins of our own need no second frame
    points = _checked_tracks(arrays[track_key], path, least)
    found = {name: arrays[name] for name in OUR_KEYS if name in arrays}
    found |= {"points": points, "visible": None}
    if seen_key is not None:
        found["visible"] = _checked_seen(arrays[seen_key], points.shape[:2], path)
    if "fps" in arrays:
        found["fps"] = arrays["fps"].item() if arrays["fps"].size == 1 else None
    if "size" in arrays:
        found["size"] = tuple(arrays["size"].tolist())
    return found


def _read_npy(path: Path) -> dict:
    try:
        array = np.load(path, allow_pickle=False)
    except BROKEN as error:
        raise _broken(path, error) from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise ValueError(f"file {str(path)!r} must be one array, got an archive; name it .npz")
    return {"points": _checked_tracks(array, path), "visible": None}


def _checked_tracks(array: np.ndarray, path: Path, least: int = 2) -> np.ndarray:
    """Tracks [T, N, 2] without the batch axis."""
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim != 3 or array.shape[2] != 2:
        raise ValueError(
            f"tracks in {str(path)!r} must have shape [T, N, 2] or [1, T, N, 2], got "
            f"{list(array.shape)}{'; save one video' if array.ndim == 4 else ''}"
        )
    if len(array) < least:
        raise ValueError(
            f"tracks in {str(path)!r} must have at least {least} frames, got {len(array)}; "
            "for points that stay use Tracks.pins"
        )
    return checked_points(array, f"tracks in {str(path)!r}")


def _checked_seen(array: np.ndarray, shape: tuple[int, int], path: Path) -> np.ndarray:
    """Visibility [T, N], from True and False or from shares in 0..1."""
    name = f"visibility in {str(path)!r}"
    seen = numbers(array, name)
    if seen.ndim == 4 or (seen.ndim == 3 and seen.shape[1:] == shape):
        seen = seen[0] if len(seen) == 1 else seen
    seen = seen[..., 0] if seen.ndim == 3 and seen.shape[2] == 1 else seen
    if seen.shape != shape:
        fix = "; transpose it" if seen.shape == shape[::-1] else ""
        raise ValueError(
            f"{name} must have the tracks' shape {list(shape)}, got {list(array.shape)}{fix}"
        )
    if not ((seen >= 0) & (seen <= 1)).all():  # NaN is in no range
        raise ValueError(f"{name} must be True, False or in 0..1, got {seen.min()}..{seen.max()}")
    return seen > 0.5


def _broken(path: Path, error: BaseException) -> ValueError:
    if "object arrays" in str(error).lower():
        return ValueError(
            f"file {str(path)!r} must hold plain arrays, got Python objects, which could run code "
            "when loaded; save with np.savez(path, tracks=..., visibility=...)"
        )
    return ValueError(
        f"file {str(path)!r} must be a whole {path.suffix} file, got one that is truncated or "
        f"something else; save it again ({str(error)[:200]})"
    )


def _agreed(name: str, given: Any, said: Any, path: Path) -> Any:
    """What a person says and what the file says must be the same."""
    given = tuple(given) if isinstance(given, list) else given
    if given is None and said is None:
        example = "30" if name == "fps" else "(480, 640), height first"
        raise ValueError(
            f"{name} must be given, {str(path)!r} does not say it; "
            f"pass that of the video that was tracked, like {name}={example}"
        )
    if given is not None and said is not None and given != said:
        raise ValueError(
            f"{name} must be what {str(path)!r} says, {said}, got {given}; "
            f"read it as it is, then use .resample({name}={given})"
        )
    return said if given is None else given


def _check_place(found: dict, path: Path) -> None:
    """Refuse positions in fractions, and those of another picture size."""
    points, size = found["points"], found["size"]
    if not points.size or not isinstance(size, tuple | list) or len(size) != 2:
        return
    low, high = points.min((0, 1)), points.max((0, 1))
    if low.min() >= 0 and high.max() <= 1 and min(size) > 4:
        raise ValueError(
            f"tracks in {str(path)!r} must be in pixels, got all in 0..1; "
            "multiply x by the width and y by the height"
        )
    seen = np.ones(points.shape[:2], bool) if found["visible"] is None else found["visible"]
    out = ((points < 0) | (points >= np.float32([size[1], size[0]]))).any(-1)
    if (out & seen).sum() > OUTSIDE * max(1, seen.sum()):
        raise ValueError(
            f"tracks in {str(path)!r} must lie in the picture of size {tuple(size)}, got most outside, "
            f"up to ({high[0]:.0f}, {high[1]:.0f}); pass the size (H, W) of the video that was tracked"
        )


def _write_npz(tracks: Any, path: Path) -> None:
    arrays = {name: getattr(tracks, name) for name in OUR_KEYS}
    np.savez_compressed(
        path,
        tracks=tracks.points,
        visibility=tracks.visible,
        fps=tracks.fps,
        size=tracks.size,
        **arrays,
    )
