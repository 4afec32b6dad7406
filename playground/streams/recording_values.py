"""Controls and frames as JSON that people can read, and back again exactly.

Numbers keep every bit: floats are written as short as they can be and still be the same number. A tuple is
a list, `Tracks` and other frozen dataclasses are objects with a "type", a frame is a PNG in base64
(1 to 4 kB for a drawing of 64 x 64, about 8 kB for a photograph). Knows no streams and no files.
"""

import base64
import dataclasses
import io
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from PIL import Image

from playground.conditioning.tracks import Tracks

OURS = "playground."  # a file may name values of this package and no others
PLATE = "Plate"  # a mask or a condition picture
LIVE = "live paths"  # stands for an object that is asked for its paths at every chunk
FLAGS = ("visible", "identity", "scene", "pinned")


def as_json(value: Any) -> Any:
    """What `from_json` makes the same value of."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [as_json(one) for one in value]
    if isinstance(value, Tracks):
        return {"type": "Tracks", **_tracks_as_json(value)}
    if type(value).__name__ == PLATE:
        return {"type": PLATE, "png": frame_as_text(value.pixels)}
    if dataclasses.is_dataclass(value) and type(value).__module__.startswith(OURS):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        name = f"{type(value).__module__}:{type(value).__qualname__}"
        return {"type": name, **{key: as_json(one) for key, one in fields.items()}}
    if callable(getattr(value, "window", None)):
        return {"type": LIVE}
    raise ValueError(
        f"value must be numbers, texts, tuples, Tracks or a frozen dataclass of this package to be "
        f"recorded, got {type(value).__name__}"
    )


def from_json(data: Any, live: Any = None) -> Any:
    """The value again; `live` takes the place of an object that was asked for its paths."""
    if isinstance(data, list):
        return tuple(from_json(one, live) for one in data)
    if not isinstance(data, Mapping):
        return data
    fields = {key: value for key, value in data.items() if key != "type"}
    if data.get("type") == LIVE:
        return live
    if data.get("type") == "Tracks":
        return _tracks_from_json(fields)
    if data.get("type") == PLATE:
        from playground.streams.plates import Plate

        return Plate(_picture(fields["png"]))
    return _kind(data.get("type"))(**{key: from_json(one, live) for key, one in fields.items()})


def knobs(controls: Any, before: Any = None) -> dict[str, Any]:
    """The knobs that changed, as JSON; all of them without a `before`."""
    changed = {}
    for field in dataclasses.fields(controls):
        value = getattr(controls, field.name)
        old = None if before is None else getattr(before, field.name)
        if before is None or (value is not old and value != old):
            changed[field.name] = as_json(value)
    return changed


def frame_as_text(frame: Any) -> str:
    """A frame uint8 [H, W, 3] or a mask [H, W], without loss."""
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(frame)).save(out, "PNG", compress_level=6)
    return base64.b64encode(out.getvalue()).decode()


def frame_from_text(text: str) -> Any:
    """The frame uint8 [H, W, 3]."""
    frame = _picture(text)
    if frame.ndim != 3:
        raise ValueError(f"frame must be RGB, got a picture of shape {list(frame.shape)}")
    return frame


def _picture(text: str) -> Any:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


def _tracks_as_json(tracks: Tracks) -> dict[str, Any]:
    """Every array as lists; positions as short as they can be and still exact."""
    arrays = {name: getattr(tracks, name).tolist() for name in FLAGS}
    points = [[[float(str(x)), float(str(y))] for x, y in row] for row in tracks.points]
    return {"points": points, **arrays, "fps": tracks.fps, "size": list(tracks.size)}


def _tracks_from_json(fields: dict[str, Any]) -> Tracks:
    points = np.array(fields.pop("points"), np.float32)
    count = len(fields["identity"])
    shaped = {"visible": np.array(fields.pop("visible"), bool).reshape(len(points), count)}
    size = tuple(fields.pop("size"))
    return Tracks(points.reshape(len(points), count, 2), **shaped, **fields, size=size)


def _kind(name: Any) -> type:
    """The dataclass of that name, which must be one of this package."""
    module, _, kind = str(name).partition(":")
    found = None
    if module.startswith(OURS):
        try:
            found = getattr(import_module(module), kind, None)
        except ModuleNotFoundError:
            found = None
    if not isinstance(found, type) or not dataclasses.is_dataclass(found):
        raise ValueError(f"type must be a dataclass of this package, got {str(name)!r:.80}")
    return found
