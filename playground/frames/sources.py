"""Where frames come from. A source is asked, never pushes: whoever asks gets the newest frame or None.

`latest()` gives the frame; `look()` gives it with its number and the moment it came into being, so
that the engine can say how long a drawing took to become a picture. Frames that nobody asked for
in time are gone: nothing queues up. Sources know nothing of streams and networks.
"""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from playground.frames.film_frames import FilmFrames
from playground.frames.pixels import MAX_SIDE_PX, Frame, Size, as_frame, check_size, cropped_to

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")


@dataclass(frozen=True, slots=True)
class Look:
    """The newest frame of a source, its number (0 = none yet) and its birth (time.perf_counter)."""

    frame: Frame | None
    index: int
    born: float


class Source(Protocol):
    """What the engine needs of a source."""

    def latest(self) -> Frame | None:
        """The newest frame, None when there is none yet."""

    def look(self) -> Look:
        """The newest frame with its number and its birth."""


class Drawing:
    """The newest frame that somebody put; safe to use from any thread.

    `size` = (H, W) resizes at `put`, on the caller's thread; None keeps the frame's own size.
    """

    def __init__(self, size: Size = None) -> None:
        if size is not None:
            check_size(size)
        self.size = size
        self._look = Look(None, 0, time.perf_counter())
        self._lock = threading.Lock()

    def put(self, picture: Any) -> None:
        """Check the picture, copy it and make it the newest; a bad one raises and changes nothing."""
        frame = as_frame(picture, self.size).copy()
        frame.setflags(write=False)
        with self._lock:
            self._look = Look(frame, self._look.index + 1, time.perf_counter())

    def clear(self) -> None:
        """Forget the frame: `latest()` is None until the next `put`."""
        with self._lock:
            self._look = Look(None, self._look.index + 1, time.perf_counter())

    def look(self) -> Look:
        """The newest frame with its number and its birth."""
        return self._look  # one reference, replaced whole: no lock needed to read it

    def latest(self) -> Frame | None:
        """The newest frame, None when there is none yet."""
        return self._look.frame


class Webcam(Drawing):
    """Frames that a browser's camera pushes: arrays or encoded JPEG bytes, middle cut to `size`."""

    def put(self, picture: Any) -> None:
        """As `Drawing.put`, but nothing is stretched."""
        frame = as_frame(picture)
        super().put(frame if self.size is None else cropped_to(frame, self.size))


class Still(Drawing):
    """One picture for ever: an array, a PIL picture or a path."""

    def __init__(self, picture: Any, size: Size = None) -> None:
        super().__init__(size)
        self.put(picture)


class Noise:
    """Seeded random frames, a new one at every look: an input for measurements."""

    def __init__(self, size: Size = (64, 64), seed: int = 0) -> None:
        check_size(size)
        self.size = size
        self._random = np.random.default_rng(seed)
        self._index = 0

    def look(self) -> Look:
        """A new frame, its number and its birth."""
        self._index += 1
        frame = self._random.integers(0, 256, (*self.size, 3), dtype=np.uint8)
        return Look(frame, self._index, time.perf_counter())

    def latest(self) -> Frame | None:
        """The newest frame, None when there is none yet."""
        return self.look().frame


class _Sequence:
    """Frames with numbers, played by the clock (`fps`) or one a look (`fps=None`), over and over."""

    def __init__(self, fps: float | int | None) -> None:
        if fps is not None and not 0 < fps <= 1000:
            raise ValueError(f"fps must be in 0..1000, or None for a frame a look, got {fps}")
        self.fps = fps
        self._look = Look(None, 0, time.perf_counter())
        self._started: float | None = None

    def look(self) -> Look:
        """The frame that is due, its number and the moment it came due."""
        now = time.perf_counter()
        self._started = now if self._started is None else self._started
        due = self._look.index if self.fps is None else int((now - self._started) * self.fps)
        if due + 1 != self._look.index:
            self._look = Look(self._frame(due), due + 1, now)
        return self._look

    def latest(self) -> Frame | None:
        """The newest frame, None when there is none yet."""
        return self.look().frame

    def _frame(self, number: int) -> Frame:
        raise NotImplementedError


class Folder(_Sequence):
    """The pictures of a folder in the order of their names."""

    def __init__(self, path: str | Path, size: Size = None, fps: float | int | None = None) -> None:
        super().__init__(fps)
        if not Path(path).is_dir():
            raise FileNotFoundError(f"path must be a folder that exists, got {str(path)!r}")
        files = sorted(Path(path).iterdir())
        self.files = [file for file in files if file.suffix.lower() in PICTURE_ENDINGS]
        if not self.files:
            raise ValueError(
                f"path must be a folder with pictures ({', '.join(PICTURE_ENDINGS)}), "
                f"got {str(path)!r} with none"
            )
        self.size = size

    def _frame(self, number: int) -> Frame:
        frame = as_frame(self.files[number % len(self.files)])
        return frame if self.size is None else cropped_to(frame, self.size)


class VideoFile(_Sequence):
    """A video file, middle cut to `size`; `fps="file"` plays it at its own speed."""

    def __init__(
        self,
        path: str | Path,
        size: Size = None,
        fps: float | int | str | None = None,
    ) -> None:
        super().__init__(None if fps == "file" else fps)
        self.path, self.size, self._next = Path(path), size, 0
        self._frames = self._opened()
        if fps == "file":
            self.fps = self._frames.fps

    def close(self) -> None:
        """Stop the decoder; the next look starts the file again."""
        self._frames.close()

    def _opened(self) -> FilmFrames:
        film = FilmFrames(self.path)
        if max(film.size) > MAX_SIDE_PX:
            film.close()
            raise ValueError(
                f"path must be a video with sides of at most {MAX_SIDE_PX} pixels, "
                f"got {film.size[0]} x {film.size[1]}"
            )
        return film

    def _frame(self, number: int) -> Frame:
        frame = None
        while self._next <= number:  # frames that came due unseen are decoded and dropped
            frame = next(self._frames, None)
            if frame is None:
                self._frames = self._opened()
                frame = next(self._frames)
            self._next += 1
        if frame is None:  # played from an earlier number on: never asked for by look()
            raise RuntimeError(f"frame {number} was played already")
        return frame if self.size is None else cropped_to(frame, self.size)
