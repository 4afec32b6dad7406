"""The drawing as pixels: strokes, fills and pictures into a uint8 [H, W, 3] array, with undo and redo.

Python's own copy of what one sees on the pad, so that the stream reads no pixels back from a browser.
This module knows neither widgets nor threads.
"""

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from playground.frames.pixels import as_frame

HISTORY = 40  # drawings kept for undo
FINER = 4  # strokes are drawn this much larger, then reduced: smooth edges


class Raster:
    """One drawing and the ways to change it. Points are (x, y) in pixels, origin top left."""

    def __init__(self, side_px=384, paper="#eef4fa"):
        if side_px < 1:
            raise ValueError(f"side_px must be >= 1, got {side_px}")
        self.paper = paper
        self._image = Image.new("RGB", (side_px, side_px), paper)
        self._undone, self._done = [], []

    @property
    def side_px(self):
        """Width and height of the drawing."""
        return self._image.width

    @property
    def can_undo(self):
        """Whether there is a step to take back."""
        return bool(self._done)

    @property
    def can_redo(self):
        """Whether there is a step to bring back."""
        return bool(self._undone)

    def pixels(self):
        """A uint8 [H, W, 3] copy of the drawing."""
        return np.array(self._image)

    def remember(self):
        """Make what stands there now the point that undo comes back to."""
        self._done = [*self._done[-HISTORY + 1 :], self._image.copy()]
        self._undone = []

    def forget(self):
        """Nothing to undo or redo any more."""
        self._done, self._undone = [], []

    def undo(self):
        """Take the last change back."""
        if self._done:
            self._undone.append(self._image)
            self._image = self._done.pop()

    def redo(self):
        """Bring the last undone change back."""
        if self._undone:
            self._done.append(self._image)
            self._image = self._undone.pop()

    def stroke(self, points, colour, size_px):
        """A round pen drawn through `points`."""
        box = _around(points, size_px / 2 + 1, self.side_px)
        if box[0] < box[2] and box[1] < box[3]:
            self._image.paste(colour, box, _pen_mask(points, size_px / 2, box))

    def fill(self, colour):
        """The whole sheet in one colour, which becomes the paper that the eraser shows."""
        self._image = Image.new("RGB", self._image.size, colour)
        self.paper = colour

    def flood(self, point, colour, tolerance=48):
        """Fill the connected patch around `point`."""
        pixels = self.pixels()
        patch = connected_patch(pixels, point, tolerance)
        pixels[_one_wider(patch)] = ImageColor.getrgb(colour)[:3]
        self._image = Image.fromarray(pixels)

    def load(self, picture):
        """A square uint8 [H, W, 3] picture in place of the drawing."""
        frame = as_frame(picture, (self.side_px, self.side_px), name="picture")
        self._image = Image.fromarray(frame)


def _around(points, margin, side):
    """The box (left, top, right, bottom) of whole pixels inside the sheet that holds a stroke."""
    xs, ys = zip(*points, strict=True)
    low = (max(0, int(min(values) - margin)) for values in (xs, ys))
    high = (min(side, int(max(values) + margin) + 1) for values in (xs, ys))
    return (*low, *high)


def _pen_mask(points, radius, box):
    """How much of every pixel of `box` a round pen covers, as a grey picture."""
    left, top, right, bottom = box
    mask = Image.new("L", (FINER * (right - left), FINER * (bottom - top)))
    draw = ImageDraw.Draw(mask)
    places = [(FINER * (x - left), FINER * (y - top)) for x, y in points]
    radius = max(0.5, radius) * FINER
    if len(places) > 1:
        draw.line(places, fill=255, width=round(2 * radius), joint="curve")
    for x, y in places:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return mask.reduce(FINER)


def _one_wider(patch):
    """`patch` and its neighbours: the smooth edge of a stroke is filled as well."""
    wide = patch.copy()
    wide[1:] |= patch[:-1]
    wide[:-1] |= patch[1:]
    wide[:, 1:] |= patch[:, :-1]
    wide[:, :-1] |= patch[:, 1:]
    return wide


def connected_patch(pixels, point, tolerance):
    """The [H, W] mask of pixels like the one at `point`, reached without crossing other colours."""
    height, width = pixels.shape[:2]
    column, row = (
        min(max(int(value), 0), limit - 1)
        for value, limit in zip(point, (width, height), strict=True)
    )
    away = np.abs(pixels.astype(np.int16) - pixels[row, column].astype(np.int16))
    alike = away.max(axis=2) <= tolerance
    along, across = _runs(alike), _runs(alike.T).T
    patch = np.zeros_like(alike)
    patch[row, column] = True
    while True:
        grown = _spread(_spread(patch, along), across) & alike
        if grown.sum() == patch.sum():
            return patch
        patch = grown


def _runs(alike):
    """Number the runs of equal value in every row."""
    starts = np.ones_like(alike)
    starts[:, 1:] = alike[:, 1:] != alike[:, :-1]
    return np.cumsum(starts).reshape(alike.shape)


def _spread(patch, runs):
    """Everything that lies in a run which `patch` touches."""
    touched = np.zeros(runs.max() + 1, dtype=bool)
    touched[runs[patch]] = True
    return touched[runs]
