"""The last seconds of what one saw, kept in memory so that they can be saved after the fact.

Nothing of it goes to the disk by itself. Frames of a video have a rate; pictures come when they come, and
stand as often as they were looked at, a pause counting as a moment. Knows nothing about widgets.
"""

import threading
import time
from collections import deque

PICTURE_FPS = 25  # of a clip of pictures
MOST_S, MOST_BYTES = 30.0, 96 * 2**20  # the oldest go first
STILL_S = 1.0  # how long a picture stands at most


class RecentFrames:
    """`see(shot)` on any thread; `clip(seconds)` gives what came last. `fps` None: as they come."""

    def __init__(self, fps=None, *, words=str):
        self.fps, self.words = fps or PICTURE_FPS, words
        self.seen = 0  # frames so far
        self._gap_s = None if fps is None else 1 / fps
        self._kept, self._bytes = deque(), 0  # (its end in seconds, picture, prompt)
        self._now_s, self._at = 0.0, None
        self._lock = threading.Lock()

    def see(self, shot):
        """Take note of a frame and of the words it was made under."""
        at, details = time.perf_counter(), getattr(shot, "details", None)
        text = getattr(details, "prompt", None) or self.words()
        with self._lock:
            stood_s = 0.0 if self._at is None else min(at - self._at, STILL_S)
            self._now_s += self._gap_s or stood_s
            self._at = at
            self.seen += 1
            self._kept.append((self._now_s, shot.picture, text))
            self._bytes += shot.picture.nbytes
            while self._bytes > MOST_BYTES or self._kept[0][0] < self._now_s - MOST_S:
                self._bytes -= self._kept.popleft()[1].nbytes

    def clip(self, seconds):
        """(picture, prompt) of the last seconds, oldest first, at `fps` frames a second."""
        with self._lock:
            kept, end_s = list(self._kept), self._now_s
        if not kept:
            raise ValueError("there must be a picture before it can be saved, got none yet")
        if self._gap_s:
            return [pair for _, *pair in kept[-max(1, round(seconds * self.fps)) :]]
        kept = [frame for frame in kept if frame[0] >= end_s - seconds]
        shown = []
        for at_s, *pair in kept:
            due = round((at_s - kept[0][0]) * self.fps) + 1
            shown += [pair] * (due - len(shown))
        return shown
