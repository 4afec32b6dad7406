"""Tracks as a JSON that people can read and write:

    {"format": "playground tracks", "version": 1, "fps": 20, "size": [height, width],
     "points": [{"identity": 0, "scene": false, "pinned": false, "path": [[x, y], null, [x, y]]}]}

null is a frame in which nothing is said; only `path` must be there, and it may end early: a pinned point
then stays. Where a point is while nothing is said of it is not kept.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from playground.conditioning.track_sightings import held

FORMAT, VERSION = "playground tracks", 1


def read_json(path: Path) -> dict:
    """The arguments of `Tracks` in a file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"file {str(path)!r} must be a whole JSON file, got one that is truncated or something "
            f"else; save it again ({str(error)[:200]})"
        ) from error
    return told_by(data, f"file {str(path)!r}")


def told_by(data: Any, name: str) -> dict:
    """The arguments of `Tracks` in the value of a JSON text."""
    form = data.get("format") if isinstance(data, Mapping) else None
    if form != FORMAT or data.get("version") != VERSION:
        got = f"{form!r} version {data.get('version')!r}" if form else "another one"
        raise ValueError(f"{name} must have the format {FORMAT!r} version {VERSION}, got {got}")
    points, visible = _paths(data.get("points"), f"points in {name}")
    told = {flag: [point.get(flag, off) for point in data["points"]] for flag, off in _FLAGS}
    identity = [point.get("identity", k) for k, point in enumerate(data["points"])]
    size = data.get("size")
    return {
        "points": points, "visible": visible, "identity": identity, **told,
        "fps": data.get("fps"), "size": tuple(size) if isinstance(size, list) else size,
    }  # fmt: skip


_FLAGS = (("scene", False), ("pinned", False))


def write_json(tracks: Any, path: Path) -> None:
    """Write one line a point; numbers as short as they can be and still exact."""
    path.write_text(text_of(tracks), encoding="utf-8")


def text_of(tracks: Any) -> str:
    """The JSON text of tracks."""
    points = []
    for k in range(tracks.count):
        spots = zip(tracks.points[:, k], tracks.visible[:, k], strict=True)
        points.append({
            "identity": int(tracks.identity[k]),
            "scene": bool(tracks.scene[k]),
            "pinned": bool(tracks.pinned[k]),
            "path": [[float(str(x)), float(str(y))] if told else None for (x, y), told in spots],
        })  # fmt: skip
    head = {"format": FORMAT, "version": VERSION, "fps": tracks.fps, "size": list(tracks.size)}
    lines = ",\n  ".join(json.dumps(point) for point in points)
    return json.dumps(head)[:-1] + f', "points": [\n  {lines}\n]}}\n'


def _paths(points: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Positions [T, N, 2] and whether they are told."""
    good = isinstance(points, list) and all(isinstance(point, Mapping) for point in points)
    paths = [point.get("path") for point in points] if good else []
    if not paths or not all(isinstance(way, list) and way for way in paths):
        raise ValueError(f"{name} must be a list of points with a path [[x, y], null, ...]")
    array = np.zeros((max(map(len, paths)), len(paths), 2))
    visible = np.zeros(array.shape[:2], bool)
    for k, way in enumerate(paths):
        rest = [way[-1]] * (len(array) - len(way)) if points[k].get("pinned") else []
        for frame, spot in enumerate(way + rest):
            if spot is not None:
                array[frame, k] = _spot(spot, f"{name}, path {k}, frame {frame}")
                visible[frame, k] = True
    return held(array, visible), visible


def _spot(spot: Any, name: str) -> list[float]:
    good = isinstance(spot, list) and len(spot) == 2
    if not good or not all(type(value) in (int, float) for value in spot):
        raise ValueError(f"{name} must be [x, y] or null, got {json.dumps(spot)[:80]}")
    return spot
