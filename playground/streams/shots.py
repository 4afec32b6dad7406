"""What comes out of a step: a picture with its history, and which change it is the first to answer.

A control acts on every slot at once, so the next picture answers it; a stroke travels through the
slots and is answered some steps later. Knows no threads, no networks, no viewer.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from playground.frames import Look
from playground.streams.intake import NOTHING

IN_FLIGHT = 64  # more than any stream keeps


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """One picture on its way to the viewer.

    `born` is the moment (time.perf_counter) of the newest change this picture answers, a stroke or
    a control; `first` says whether it is the first picture to do so. `frame` and `details` are what
    the stream tells of it: the number it gives the picture, and for video the whole chunk.
    """

    picture: np.ndarray  # uint8 [H, W, 3]
    index: int
    slots: np.ndarray | None  # uint8 [s, H, W, 3], when somebody wants to see them
    timings: dict[str, float]  # ms a stage, and "step" for all of them
    controls_version: int
    born: float
    first: bool
    frame: int = -1
    details: Any = None


class Answers:
    """Matches pictures with the changes they answer."""

    def __init__(self, version: int = 0, born: float = 0.0) -> None:
        self._version, self._control_born = version, born
        self._in_flight: deque[Look] = deque(maxlen=IN_FLIGHT)
        self._frame = NOTHING

    @property
    def born(self) -> float:
        """Birth of the newest change that was answered so far."""
        return max(self._frame.born, self._control_born)

    def entered(self, look: Look) -> None:
        """Note that a frame went into the stream."""
        self._in_flight.append(look)

    def to_picture(self, lag: int, version: int, born: float) -> list[float]:
        """Births of the changes first answered by the picture that comes out now.

        `lag` counts the steps between a frame and its picture; `version` and `born` are those of
        the controls that made the picture.
        """
        changes = []
        if version > self._version:
            self._version, self._control_born = version, born
            changes.append(born)
        while len(self._in_flight) > lag + 1:
            self._in_flight.popleft()
        due = self._in_flight[0] if len(self._in_flight) == lag + 1 else self._frame
        if due is not self._frame and due is not NOTHING:
            self._frame = due
            changes.append(due.born)
        return changes
