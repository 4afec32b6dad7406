"""Turns whatever a person hands in (array, tensor, picture, path, bytes) into one frame: uint8 RGB [H, W, 3].

Every public entry of the project that takes a picture goes through `as_frame`, so bad input gets the
same message everywhere: the name of the argument, the rule, the value, the fix. Float pictures are
in 0..1 here; the range -1..1 belongs to the networks (`playground.frames.tensors`).

This module knows nothing of networks and never imports torch; `to_tensor` and `from_tensor` are
looked up in `playground.frames.tensors` when first asked for.
"""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

Frame = UInt8[np.ndarray, "_ _ 3"]  # any height, any width
Size = Any  # (H, W) in whole pixels; checked by `check_size`, since people hand in anything

MAX_SIDE_PX = 4096
CHANNELS = (1, 3, 4)  # grey, RGB, RGBA


def __getattr__(name: str) -> Any:
    if name in ("to_tensor", "from_tensor"):
        from playground.frames import tensors

        return getattr(tensors, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def as_frame(picture: Any, size: Size = None, name: str = "frame") -> Frame:
    """Check a picture, convert it, resize it to `size` = (H, W) when that is given.

    uint8 or float (0..1) arrays and tensors [H, W], [H, W, 1|3|4] or [1|3|4, H, W], PIL pictures,
    paths and encoded bytes. Transparency is laid over white. A frame that is right already is
    returned as it is, without a copy.
    """
    if size is not None:
        check_size(size)
    if isinstance(picture, str | os.PathLike):
        picture = _opened(Path(picture), name)
    elif isinstance(picture, bytes | bytearray | memoryview):
        picture = _decoded(io.BytesIO(picture), "encoded bytes", name)
    if isinstance(picture, Image.Image):
        frame = _from_pil(picture, name)
    else:
        frame = _from_array(*_array_of(picture, name), name)
    return frame if size is None or frame.shape[:2] == tuple(size) else resized(frame, size)


def check_size(size: Size) -> None:
    """Refuse anything but (H, W) with whole sides of 1..4096 pixels."""
    whole = isinstance(size, tuple | list) and len(size) == 2
    if not whole or not all(isinstance(side, int | np.integer) for side in size):
        raise ValueError(f"size must be (height, width) in whole pixels, got {size!r}")
    if min(size) < 1 or max(size) > MAX_SIDE_PX:
        raise ValueError(f"size must have sides of 1..{MAX_SIDE_PX} pixels, got {tuple(size)}")


def resized(frame: Frame, size: Size) -> Frame:
    """Resize to (H, W): Lanczos when the area shrinks, bicubic when it grows."""
    height, width = size
    shrinks = height * width < frame.shape[0] * frame.shape[1]
    kind = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(frame).resize((width, height), kind))


def cropped_to(frame: Frame, size: Size) -> Frame:
    """Cut the middle with the aspect of `size` = (H, W) and resize it, so that nothing is stretched."""
    check_size(size)
    (height, width), (rows, columns) = size, frame.shape[:2]
    scale = min(rows / height, columns / width)
    keep_rows, keep_columns = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (rows - keep_rows) // 2, (columns - keep_columns) // 2
    middle = frame[top : top + keep_rows, left : left + keep_columns]
    return resized(np.ascontiguousarray(middle), size)


def _opened(path: Path, name: str) -> Image.Image:
    if not path.exists():
        raise FileNotFoundError(f"{name} must be a picture file that exists, got {str(path)!r}")
    if path.is_dir():
        raise ValueError(
            f"{name} must be one picture file, got the folder {str(path)!r}; "
            "use playground.frames.Folder to stream a folder"
        )
    return _decoded(path, repr(str(path)), name)


def _decoded(file: Path | io.BytesIO, what: str, name: str) -> Image.Image:
    try:
        picture = Image.open(file)
        _check_sides(picture.height, picture.width, name)
        picture.load()
        return ImageOps.exif_transpose(picture)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"{name} must be a picture that can be read (PNG, JPEG, WebP, GIF), got {what}: {error}"
        ) from error


def _from_pil(picture: Image.Image, name: str) -> Frame:
    _check_sides(picture.height, picture.width, name)
    if picture.mode.startswith(("I", "F")):
        raise ValueError(
            f"{name} must have 8 bits a channel, got a picture of mode {picture.mode!r}; "
            "convert it with picture.convert('RGB')"
        )
    if picture.has_transparency_data:
        return _over_white(np.asarray(picture.convert("RGBA")))
    return np.asarray(picture.convert("RGB"))


def _array_of(picture: Any, name: str) -> tuple[np.ndarray, bool]:
    """The numpy array behind an array or tensor, and whether channels are expected first."""
    if isinstance(picture, np.ndarray):
        return picture, False
    if hasattr(picture, "detach") and hasattr(picture, "cpu"):  # a tensor, without importing torch
        picture = picture.detach().cpu()
        plain = picture.float() if picture.is_floating_point() else picture  # numpy has no bfloat16
        return plain.numpy(), True
    raise ValueError(
        f"{name} must be an array, a tensor, a PIL picture, a path or encoded bytes, "
        f"got {type(picture).__name__}"
    )


def _from_array(array: np.ndarray, channels_first: bool, name: str) -> Frame:
    array = _channels_last(array, channels_first, name)
    _check_sides(*array.shape[:2], name)
    array = _as_uint8(array, name)
    if array.shape[2] == 4:
        return _over_white(array)
    if array.shape[2] == 1:
        array = np.repeat(array, 3, axis=2)
    return np.ascontiguousarray(array)


def _channels_last(array: np.ndarray, channels_first: bool, name: str) -> np.ndarray:
    if array.ndim == 2:
        return array[:, :, None]
    if array.ndim == 3:
        first, last = array.shape[0] in CHANNELS, array.shape[2] in CHANNELS
        if last and not (channels_first and first):
            return array
        if first:
            return array.transpose(1, 2, 0)
    fix = f"; hand in {name}[0]" if array.ndim == 4 and array.shape[0] == 1 else ""
    raise ValueError(
        f"{name} must have shape [H, W], [H, W, 1|3|4] or [1|3|4, H, W], "
        f"got {list(array.shape)}{fix}"
    )


def _check_sides(height: int, width: int, name: str) -> None:
    if height < 1 or width < 1:
        raise ValueError(f"{name} must not be empty, got {height} x {width} pixels")
    if max(height, width) > MAX_SIDE_PX:
        raise ValueError(
            f"{name} must have sides of at most {MAX_SIDE_PX} pixels, "
            f"got {height} x {width}; make it smaller first"
        )


def _as_uint8(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        raise ValueError(
            f"{name} must be uint8 (0..255) or float (0..1), got dtype {array.dtype}; "
            "use .astype(np.uint8) for values 0..255"
        )
    low, high = float(array.min()), float(array.max())
    if not np.isfinite(low + high):  # NaN and infinities travel through min and max
        raise ValueError(f"{name} must hold finite numbers, got NaN or infinity")
    if low < -1e-3 or high > 1 + 1e-3:
        raise ValueError(
            f"{name} of floats must be in 0..1, got {low:.4g}..{high:.4g}; "
            "divide 0..255 by 255, or map -1..1 with (x + 1) / 2"
        )
    return np.rint(np.clip(array, 0, 1) * 255).astype(np.uint8)


def _over_white(rgba: np.ndarray) -> Frame:
    alpha = rgba[:, :, 3:].astype(np.uint16)
    mixed = rgba[:, :, :3] * alpha + 255 * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)
