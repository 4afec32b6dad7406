"""Where things really are: points followed from frame to frame by optical flow (Lucas-Kanade).

A point is followed as a small cross of neighbours whose median step counts, since a generated picture
flickers. It starts where it was told to be when it is named for the first time, and is forgotten when it
is named no more. This module does not know what a stream was told to do, and corrects nothing.
"""

from collections.abc import Mapping

import cv2
import numpy as np
from jaxtyping import UInt8

Place = tuple[float, float]
ARM_PX = 4.0  # of the cross, in pixels of a 64-pixel picture
WINDOW_PX = 15  # side of the patch that is compared: half of a sprite, also where that is smooth


class Following:
    """`step(picture, named)` at every frame gives where the named points have come to."""

    def __init__(self) -> None:
        self._grey: np.ndarray | None = None
        self._places: dict[int, Place] = {}

    def step(
        self, picture: UInt8[np.ndarray, "H W 3"], named: Mapping[int, Place]
    ) -> dict[int, Place]:
        """Places in this frame, by name; a name that was not there before starts where `named` says."""
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        old = {name: place for name, place in self._places.items() if name in named}
        moved = self._moved(grey, old)
        self._places = {name: moved.get(name, named[name]) for name in named}
        self._grey = grey
        return dict(self._places)

    def _moved(self, grey: np.ndarray, places: Mapping[int, Place]) -> dict[int, Place]:
        if not places or self._grey is None or self._grey.shape != grey.shape:
            return {}
        starts = np.concatenate([_cross(place, grey.shape) for place in places.values()])
        ends, found, _ = cv2.calcOpticalFlowPyrLK(
            self._grey, grey, starts, None, winSize=(WINDOW_PX, WINDOW_PX), maxLevel=2
        )
        steps = (ends - starts).reshape(len(places), -1, 2)
        seen = found.reshape(len(places), -1).astype(bool)
        answer = {}
        for (name, place), step, good in zip(places.items(), steps, seen, strict=True):
            middle = np.median(step[good], axis=0) if good.any() else np.zeros(2)
            answer[name] = (float(place[0] + middle[0]), float(place[1] + middle[1]))
        return answer


def _cross(place: Place, shape: tuple[int, ...]) -> np.ndarray:
    """A point and its four neighbours, inside the picture."""
    arm = ARM_PX * shape[1] / 64
    offsets = np.array([(0, 0), (arm, 0), (-arm, 0), (0, arm), (0, -arm)], np.float32)
    limit = np.array([shape[1] - 1, shape[0] - 1], np.float32)
    return np.clip(np.float32(place) + offsets, 0, limit)
