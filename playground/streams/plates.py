"""A picture as a value: it never changes, and two that show the same are equal.

Masks and condition images are knobs like any other, so they must compare, hash and stay as they
were when they were set. Knows no networks and no streams.
"""

import hashlib
from typing import Any

import numpy as np

from playground.frames.pixels import as_frame


class Plate:
    """Unchangeable pixels, uint8 [H, W] or [H, W, 3]."""

    __slots__ = ("_digest", "pixels")

    def __init__(self, pixels: np.ndarray) -> None:
        own = np.array(pixels, dtype=np.uint8, order="C")
        own.flags.writeable = False
        self.pixels = own
        self._digest = hashlib.sha1(own.tobytes(), usedforsecurity=False).digest()

    @property
    def size(self) -> tuple[int, int]:
        """Pixels (H, W)."""
        return self.pixels.shape[:2]

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, Plate) and self.pixels.shape == other.pixels.shape
        return same and self._digest == other._digest

    def __hash__(self) -> int:
        return hash((self.pixels.shape, self._digest))

    def __repr__(self) -> str:
        return f"Plate({'x'.join(map(str, self.pixels.shape))})"


def as_mask(mask: Any) -> Plate | None:
    """Where to paint: white (255, 1.0 or True) is painted anew, black is kept, grey is between."""
    if mask is None or isinstance(mask, Plate):
        return mask
    if getattr(mask, "dtype", None) is not None and str(mask.dtype).endswith("bool"):
        mask = np.asarray(mask).astype(np.uint8) * 255
    return Plate(as_frame(mask, name="mask").max(axis=2))


def as_plate(picture: Any, name: str) -> Plate | None:
    """Anything that `as_frame` takes, in RGB."""
    if picture is None or isinstance(picture, Plate):
        return picture
    return Plate(as_frame(picture, name=name))
