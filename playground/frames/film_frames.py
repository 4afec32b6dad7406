"""The frames of a video file, one after the other, decoded when they are asked for.

    with FilmFrames("walk.mp4") as film:
        for frame in film: ...                # uint8 [H, W, 3]; film.fps, film.size

ffmpeg hands every frame over as a PPM picture, which says its own size, so that turned films come upright.
The decoder ends with the file, with `close`, or with the `with` block, and leaves no pipe open.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from playground.frames.pixels import Frame

RATE = re.compile(r"Video: .* (\d+(?:\.\d+)?) (?:fps|tbr)")
WAIT_S = 10


class FilmFrames(AbstractContextManager["FilmFrames"]):
    """An iterator over the frames; `name` is what errors call the path."""

    def __init__(self, path: str | Path, name: str = "path") -> None:
        if not Path(path).is_file():
            raise FileNotFoundError(f"{name} must be a video file that exists, got {str(path)!r}")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the decoder)
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-i", str(path)]
        self._decoder = subprocess.Popen(
            [*command, "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        self._first = self._decoded()
        rate = RATE.search(self._told())
        if self._first is None or rate is None:
            self.close()
            raise ValueError(
                f"{name} must be a video that can be read (mp4, webm, gif), got {str(path)!r}"
            )
        self.fps, self.size = float(rate[1]), self._first.shape[:2]

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        frame, self._first = self._first, None
        frame = self._decoded() if frame is None else frame
        if frame is None:
            self.close()
            raise StopIteration
        return frame

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_decoder"):  # a source that was dropped rather than closed
            self.close()

    def close(self) -> None:
        """End the decoder; no frame comes any more."""
        self._first = None
        self._log.close()
        self._decoder.stdout.close()
        self._decoder.kill()  # does nothing to one that has ended
        self._decoder.wait(timeout=WAIT_S)

    def _decoded(self) -> Frame | None:
        """The next frame; None at the end, also at that of a file that was cut off."""
        pipe = self._decoder.stdout
        if pipe.closed or pipe.readline() != b"P6\n":
            return None
        width, height = map(int, pipe.readline().split())
        pipe.readline()  # the largest value, always 255
        data = pipe.read(3 * width * height)
        if len(data) < 3 * width * height:
            return None
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)

    def _told(self) -> str:
        """What ffmpeg said so far: it tells of the file before the first frame."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")
