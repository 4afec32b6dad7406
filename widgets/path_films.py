"""Frames with the commanded paths drawn over them, large enough that the lines are fine."""

import numpy as np
from PIL import Image, ImageDraw

from .path_layer import COMMANDED

SCALE = 3  # how much larger than the video
TAIL = 24  # frames of a path that stay to be seen
PIN_INK = "#2457d6"


def with_paths(frames, tracks):
    """uint8 [T, H, W, 3] enlarged, with the points of `tracks` (T frames of them, or None) and their ways."""
    if tracks is None:
        return np.stack([_large(frame) for frame in frames])
    return np.stack([_drawn(frame, at, tracks) for at, frame in enumerate(frames)])


def _large(frame):
    height, width = frame.shape[:2]
    return np.asarray(Image.fromarray(frame).resize((SCALE * width, SCALE * height), Image.BICUBIC))


def _drawn(frame, at, tracks):
    image = Image.fromarray(_large(frame))
    pen = ImageDraw.Draw(image)
    for point in np.flatnonzero(tracks.visible[at]):
        if tracks.scene[point]:
            _dot(pen, tracks.points[at, point], "#ffffff", 1.5)
            continue
        past = slice(max(0, at - TAIL), at + 1)
        way = tracks.points[past, point][tracks.visible[past, point]]
        still = len(way) > 3 and np.ptp(way, axis=0).max() < 0.01
        ink = PIN_INK if still else COMMANDED
        if not still:
            pen.line([tuple(map(float, SCALE * p)) for p in way], fill=ink, width=2)
        _dot(pen, way[-1], ink, 4)
    return np.asarray(image)


def _dot(pen, point, ink, radius):
    x, y = (float(SCALE * value) for value in point)
    pen.ellipse((x - radius - 1, y - radius - 1, x + radius + 1, y + radius + 1), fill="#ffffff")
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
