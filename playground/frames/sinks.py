"""Where pictures go: a mailbox that keeps only the newest, and files (mp4, gif, webp, png).

The mailbox is the only thing that a running stream and its viewer share. It never grows: what the
viewer did not take in time is dropped and counted. Sinks know nothing of streams and widgets.
"""

import contextlib
import subprocess
import tempfile
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import Any

import imageio_ffmpeg
import numpy as np
from PIL import Image

from playground.frames.pixels import Frame, as_frame

CLIP_ENDINGS = (".mp4", ".gif", ".webp", ".png")
MAX_SCALE = 16


class Mailbox:
    """Newest wins: `put` replaces what nobody took yet and counts it in `dropped`.

    `on_put` is called without arguments after every put, on the thread that puts: it must only
    hand on the news (for example loop.call_soon_threadsafe), never work.
    """

    def __init__(self, on_put: Callable[[], None] | None = None) -> None:
        self.on_put = on_put
        self.dropped = 0
        self._item: Any = None
        self._full = False
        self._news = threading.Condition()

    def put(self, item: Any) -> None:
        """Make `item` the one that the next `take` gives."""
        with self._news:
            self.dropped += self._full
            self._item, self._full = item, True
            self._news.notify_all()
        tell = self.on_put
        if tell is not None:
            tell()

    def take(self) -> Any | None:
        """The newest item, which is then no longer in the box; None when there is none."""
        with self._news:
            item, self._item, self._full = self._item, None, False
            return item

    @property
    def newest(self) -> Any | None:
        """The item that `take` would give; it stays in the box."""
        return self._item

    def wait(self, timeout_s: float | int) -> Any | None:
        """As `take`, but waits up to `timeout_s` seconds for an item; for scripts and tests."""
        with self._news:
            self._news.wait_for(lambda: self._full, timeout_s)
        return self.take()


class ClipFile:
    """Writes frames to a file whose ending names the format; use it in a `with` block.

    .mp4 is H.264, .gif and .webp loop for ever, .png gives one numbered file a frame. Sizes are
    kept: an odd side switches the video from 4:2:0 to 4:4:4 colour instead of being rounded.
    `scale` enlarges pixels by a whole number, for tiny pictures.
    """

    def __init__(self, path: str | Path, fps: float | int = 24, scale: float | int = 1) -> None:
        self.path, self.fps, self.scale, self.count = Path(path), fps, scale, 0
        ending = self.path.suffix.lower()
        if ending not in CLIP_ENDINGS:
            raise ValueError(f"path must end in {', '.join(CLIP_ENDINGS)}, got {str(path)!r}")
        if not self.path.parent.is_dir():
            raise FileNotFoundError(
                f"path must be in a folder that exists, got {str(path)!r}; make the folder first"
            )
        if not 0 < fps <= 240:
            raise ValueError(f"fps must be above 0 and at most 240, got {fps}")
        if scale not in range(1, MAX_SCALE + 1):
            raise ValueError(f"scale must be a whole number in 1..{MAX_SCALE}, got {scale!r}")
        writers = {".mp4": self._film, ".png": self._stills}
        self._writer = writers.get(ending, self._animation)()
        self._shape: tuple[int, int] | None = None
        self._closed = False

    def write(self, picture: Any) -> None:
        """Append one frame; all frames must have the size of the first."""
        if self._closed:
            raise ValueError(f"clip {str(self.path)!r} must be open to be written, it is closed")
        frame = as_frame(picture)
        if self._shape is None:
            self._shape = frame.shape[:2]
            next(self._writer)
        if frame.shape[:2] != self._shape:
            raise ValueError(
                f"frame must have the size of the first one {self._shape}, "
                f"got {frame.shape[:2]}; resize it with as_frame(frame, size)"
            )
        self._send(np.repeat(np.repeat(frame, self.scale, 0), self.scale, 1))
        self.count += 1

    def close(self) -> None:
        """Finish the file; without any frame no file is made."""
        if not self._closed and self._shape is not None:
            self._closed = True
            self._send(None)
        self._closed = True

    def __enter__(self) -> "ClipFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, frame: Frame | None) -> None:
        try:
            self._writer.send(frame)
        except StopIteration:
            pass
        except OSError as error:
            self._closed = True
            raise OSError(
                f"clip {str(self.path)!r} could not be written; is the disk full, is writing "
                f"allowed there? {str(error).strip()[:400]}"
            ) from error

    def _film(self) -> Generator[None, Frame | None, None]:
        height, width = (side * self.scale for side in self._shape)
        colours = "yuv420p" if height % 2 == 0 and width % 2 == 0 else "yuv444p"
        # fmt: off
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(self.fps),
            "-i", "-", "-c:v", "libx264", "-preset", "veryfast", "-crf", "18",
            "-pix_fmt", colours, "-f", "mp4", str(self.path),
        ]
        # fmt: on
        with tempfile.TemporaryFile() as log:
            encoder = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log
            )
            try:
                while (frame := (yield)) is not None:
                    encoder.stdin.write(np.ascontiguousarray(frame))
            except BrokenPipeError:  # the encoder gave up; it says why in its log
                pass
            finally:
                failed = _ended(encoder)
            if failed:
                log.seek(0)
                raise OSError(log.read().decode(errors="replace"))

    def _animation(self) -> Generator[None, Frame | None, None]:
        frames = []  # both formats need all frames at once for their palettes and lengths
        while (frame := (yield)) is not None:
            frames.append(Image.fromarray(frame))
        frames[0].save(
            self.path,
            save_all=True,
            append_images=frames[1:],
            duration=round(1000 / self.fps),
            loop=0,
            **({"quality": 85} if self.path.suffix.lower() == ".webp" else {"optimize": False}),
        )

    def _stills(self) -> Generator[None, Frame | None, None]:
        while (frame := (yield)) is not None:
            number = f"{self.path.stem}_{self.count:05d}.png"
            Image.fromarray(frame).save(self.path.with_name(number))


def _ended(encoder: subprocess.Popen) -> int:
    """Close the encoder's input, wait for it, give its exit status."""
    with contextlib.suppress(BrokenPipeError):
        encoder.stdin.close()
    return encoder.wait(timeout=60)
