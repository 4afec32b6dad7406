"""The only place that writes clips: mp4, gif, webp, numbered png or a zip of them.

A clip grows in a hidden file beside its place and gets its name when it is whole, so what stands under the
name can always be played, and an older clip of that name stays until then. When the disk is full in the
middle of an mp4, what was written so far is kept as `<name>_rescued.mp4`. `about` (a mapping, checked in words) is embedded as
JSON: comment of mp4 and gif, EXIF description of webp, text chunk of png; `clip_about.about_clip` reads it
back. Texts that come with the frames become subtitles: a .vtt beside the clip, in mp4 a track of its own too.
"""

import contextlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from playground.frames.clip_about import checked_about, png_text
from playground.frames.clip_writers import Animation, Film, Folder, Spec, Zip, written_beside
from playground.frames.pixels import as_frame
from playground.frames.subtitles import as_webvtt, cues_of

WRITERS = {".mp4": Film, ".gif": Animation, ".webp": Animation, ".png": Folder, ".zip": Zip}
CLIP_ENDINGS = tuple(WRITERS)
MAX_SCALE, MAX_FPS = 16, 240


def write_picture(path: str | Path, picture: Any, about: Any = None) -> None:
    """One picture as png, pixel by pixel, with its settings; it has its name when it is whole."""
    path, frame, text = Path(path), as_frame(picture), checked_about(about)
    try:
        with written_beside(path, path.with_name(f".{path.stem}.part.png")) as part:
            Image.fromarray(frame).save(part, pnginfo=png_text(text))
    except OSError as error:
        raise OSError(
            f"picture {str(path)!r} could not be written; is the disk full, is writing allowed there? "
            f"{error.strerror or error}"
        ) from error


class ClipFile(contextlib.AbstractContextManager["ClipFile"]):
    """Writes frames to a file whose ending names the format; use it in a `with` block.

    .mp4 is H.264 in 4:2:0 colour, which every player takes: an odd side is made even by repeating the last
    row or column. .gif and .webp loop for ever, .png gives one numbered file a frame. `scale` enlarges
    pixels by a whole number, for tiny pictures.
    """

    def __init__(
        self,
        path: str | Path,
        fps: float | int = 24,
        scale: float | int = 1,
        about: Any = None,
    ) -> None:
        self.path, self.fps, self.scale, self.count = Path(path), fps, scale, 0
        self._check(path, fps, scale)
        self._spec = Spec(path=self.path, fps=fps, about=checked_about(about))
        self._writer: Any = None
        self._texts: list[str] = []
        self._shape: tuple[int, int] | None = None
        self._closed = False

    @staticmethod
    def _check(path: str | Path, fps: float | int, scale: float | int) -> None:
        ending = Path(path).suffix.lower()
        if ending not in CLIP_ENDINGS:
            raise ValueError(f"path must end in {', '.join(CLIP_ENDINGS)}, got {str(path)!r}")
        if not Path(path).parent.is_dir():
            raise FileNotFoundError(
                f"path must be in a folder that exists, got {str(path)!r}; make the folder first"
            )
        if not 0 < fps <= MAX_FPS:
            raise ValueError(f"fps must be above 0 and at most {MAX_FPS}, got {fps}")
        if scale not in range(1, MAX_SCALE + 1):
            raise ValueError(f"scale must be a whole number in 1..{MAX_SCALE}, got {scale!r}")

    def write(self, picture: Any, text: str = "") -> None:
        """Append one frame, and what its subtitle says; all frames must have the size of the first."""
        if self._closed:
            raise ValueError(f"clip {str(self.path)!r} must be open to be written, it is closed")
        frame = as_frame(picture)
        if self._shape is not None and frame.shape[:2] != self._shape:
            raise ValueError(
                f"frame must have the size of the first one {self._shape}, "
                f"got {frame.shape[:2]}; resize it with as_frame(frame, size)"
            )
        self._shape = frame.shape[:2]
        frame = np.ascontiguousarray(np.repeat(np.repeat(frame, self.scale, 0), self.scale, 1))
        with self._told():
            if self._writer is None:
                kind = WRITERS[self.path.suffix.lower()]
                self._writer = kind(self._spec, frame.shape[:2])
            self._writer.write(frame)
        self._texts.append(text)
        self.count += 1

    def close(self) -> None:
        """Finish the file and give it its name; without any frame no file is made."""
        closed, self._closed = self._closed, True
        if closed or self._writer is None:
            return
        subtitles = as_webvtt(cues_of(self._texts, self.fps)) if any(self._texts) else ""
        with self._told():
            self._writer.finish(subtitles)
            if subtitles and not isinstance(self._writer, Zip):
                self.path.with_suffix(".vtt").write_text(subtitles, encoding="utf-8")

    def discard(self) -> None:
        """Leave nothing of this clip; what stood under its name before stays."""
        closed, self._closed = self._closed, True
        if not closed and self._writer is not None:
            self._writer.drop()

    def __exit__(self, *_: Any) -> None:
        self.close()

    @contextlib.contextmanager
    def _told(self) -> Any:
        """A failure to write closes the clip, rescues what can be, and says which file and why."""
        try:
            yield
        except (OSError, zipfile.BadZipFile) as error:
            self._closed = True
            rescued = None if self._writer is None else self._writer.rescued()
            kept = f"; what was written before is kept as {str(rescued)!r}" if rescued else ""
            raise OSError(
                f"clip {str(self.path)!r} could not be written; is the disk full, is writing "
                f"allowed there? {str(error).strip()[:400]}{kept}"
            ) from error
