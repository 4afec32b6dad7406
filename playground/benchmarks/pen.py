"""A drawing for measurements: a red blob that goes round on white paper, a new frame at every look."""

import time

import numpy as np

from playground.frames import Frame, Look

ROUND = 32  # frames until the blob is back


class Pen:
    """A source whose frames are drawn beforehand, so that looking costs nothing."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._frames = [_drawn(size, place / ROUND) for place in range(ROUND)]
        self._index = 0

    def look(self) -> Look:
        """The next frame."""
        self._index += 1
        return Look(self._frames[self._index % ROUND], self._index, time.perf_counter())

    def latest(self) -> Frame:
        """The next frame."""
        return self.look().frame


def _drawn(size: tuple[int, int], turn: float) -> Frame:
    height, width = size
    rows, columns = np.mgrid[:height, :width]
    row = height * (0.5 + 0.25 * np.sin(2 * np.pi * turn))
    column = width * (0.5 + 0.25 * np.cos(2 * np.pi * turn))
    blob = (rows - row) ** 2 + (columns - column) ** 2 < (min(size) / 5) ** 2
    frame = np.full((height, width, 3), 250, np.uint8)
    frame[blob] = (220, 60, 40)
    return frame
