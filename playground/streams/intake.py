"""What goes into a step: the newest good frame of a source, in the size that the stream wants.

A frame is checked and resized once, when it is new, not at every step. A bad one is left out and
the last good one stays, so a broken picture never stops a stream. Knows no threads and no streams.
"""

import time
from collections import deque
from typing import Any

from playground.frames import Frame, Look, as_frame

NOTHING = Look(None, 0, 0.0)


class Intake:
    """Looks at one source; the source has look() or, if plain, only latest().

    `count` frames go into a step; with more than one they are the last that came, oldest first.
    """

    def __init__(self, source: Any, size: Any = None, count: int = 1) -> None:
        self.source, self.size = source, size
        self._last: deque[Frame] = deque(maxlen=count)
        self.refused: ValueError | None = None  # what is wrong with the newest frame
        self._good = NOTHING
        self._seen = -1
        self._plain: tuple[Any, int, float] = (None, 0, 0.0)  # frame as it came, index, born

    def newest(self) -> Look:
        """The newest good frame; a newer bad one is named in `refused`."""
        frame, index, born = self._newest_as_it_came()
        if index == self._seen:
            return self._good
        self._seen, self.refused = index, None
        try:
            fitted = frame if frame is None else as_frame(frame, self.size, "the source's frame")
            self._good = Look(fitted, index, born)
            self._last.append(fitted)
        except ValueError as error:
            self.refused = error
        return self._good

    @property
    def input(self) -> Any:
        """What a step takes: the newest good frame, or a list where several go into a step."""
        if self._last.maxlen == 1:
            return self._good.frame
        frames = [frame for frame in self._last if frame is not None]
        return [frames[0]] * (self._last.maxlen - len(frames)) + frames

    def _newest_as_it_came(self) -> tuple[Any, int, float]:
        if hasattr(self.source, "look"):
            look = self.source.look()
            return look.frame, look.index, look.born
        frame = self.source.latest()  # a plain source: a new object is a new frame
        if frame is not self._plain[0]:
            self._plain = (frame, self._plain[1] + 1, time.perf_counter())
        return self._plain
