"""One class a format; `ClipFile` checks, enlarges and calls them. All write beside the clip's place first.

A film is written twice: frames into an mp4 of short fragments, which can be played up to its last one
whatever happens, then without encoding again into the clip itself, with its texts in front. A GIF counts time
in hundredths of a second, so its gaps alternate where the rate does not fit, and no more than 50 frames a
second are kept.
"""

import contextlib
import math
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image

from playground.frames.clip_about import exif_of, png_text

MAX_GIF_FPS = 50
MAX_ANIMATION_PIXELS = 400_000_000  # gif and webp hold all frames until the end, 3 bytes a pixel
PALETTE_FRAMES = 16
FRAGMENT_S = 2  # what a crash can cost of a film
WAIT_S = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """What is written where."""

    path: Path
    fps: float
    about: str  # JSON, "" = nothing

    def beside(self, ending: str) -> Path:
        """A hidden file in the same folder, so that giving it its name is one step."""
        return self.path.with_name(f".{self.path.stem}.part{ending}")


class Film:
    """mp4: H.264, 4:2:0."""

    def __init__(self, spec: Spec, shape: tuple[int, int]) -> None:
        self.spec, self._part = spec, spec.beside(".mp4")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the encoder)
        height, width = (side + side % 2 for side in shape)
        self._odd = [(0, side % 2) for side in shape]
        # fmt: off
        self._encoder = subprocess.Popen(
            [
                imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error",
                "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(spec.fps),
                "-i", "-", "-c:v", "libx264", "-preset", "veryfast", "-crf", "18",
                "-pix_fmt", "yuv420p", "-g", str(math.ceil(FRAGMENT_S * spec.fps)),
                "-movflags", "+frag_keyframe+empty_moov", "-f", "mp4", str(self._part),
            ],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._log,
        )
        # fmt: on

    def write(self, frame: np.ndarray) -> None:
        """Append one frame."""
        if any(odd for _, odd in self._odd):
            frame = np.pad(frame, [*self._odd, (0, 0)], mode="edge")
        try:
            self._encoder.stdin.write(np.ascontiguousarray(frame))
        except BrokenPipeError:  # the encoder gave up; it says why in its log
            self._end()

    def finish(self, subtitles: str) -> None:
        """Put the film together, with its texts, under its name."""
        self._end()
        texts = self.spec.beside(".vtt")
        told = ["-metadata", f"comment={self.spec.about}"] if self.spec.about else []
        inputs = ["-i", str(self._part)]
        if subtitles:
            texts.write_text(subtitles, encoding="utf-8")
            inputs += ["-i", str(texts), "-c:s", "mov_text", "-metadata:s:s:0", "language=eng"]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *inputs]
        command += ["-map", "0:v", *(["-map", "1:s"] if subtitles else []), "-c:v", "copy", *told]
        command += ["-movflags", "+faststart", "-f", "mp4"]
        try:
            with written_beside(self.spec.path, self.spec.beside(".whole.mp4")) as whole:
                made = subprocess.run([*command, str(whole)], capture_output=True, timeout=WAIT_S)
                if made.returncode:
                    raise OSError(made.stderr.decode(errors="replace"))
        finally:
            take_away(texts)
        take_away(self._part)

    def drop(self) -> None:
        """Leave nothing."""
        with contextlib.suppress(OSError):
            self._end()
        take_away(self._part)

    def rescued(self) -> Path | None:
        """What can be played of the film, under a name that tells; None where there is nothing."""
        with contextlib.suppress(OSError):
            self._end()
        kept = self.spec.path.with_name(f"{self.spec.path.stem}_rescued.mp4")
        if self._part.is_file() and not self._part.is_symlink() and _frames_in(self._part):
            self._part.replace(kept)
            return kept
        take_away(self._part)
        return None

    def _end(self) -> None:
        """Close the encoder's input, wait for it, raise what it says."""
        if self._log.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            self._encoder.stdin.close()
        status = self._encoder.wait(timeout=WAIT_S)
        self._log.seek(0)
        said = self._log.read().decode(errors="replace")
        self._log.close()
        if status:
            raise OSError(said or f"the encoder ended with status {status}")


class Animation:
    """gif and webp, which loop for ever; a gif has one palette for the whole clip, without dots."""

    def __init__(self, spec: Spec, shape: tuple[int, int]) -> None:
        self.spec = spec
        self._part = spec.beside(spec.path.suffix.lower())
        self._frames: list[np.ndarray] = []
        self._room = MAX_ANIMATION_PIXELS // (shape[0] * shape[1])

    def write(self, frame: np.ndarray) -> None:
        """Append one frame."""
        if len(self._frames) >= self._room:
            raise ValueError(
                f"frames must be at most {self._room} of this size in a "
                f"{self.spec.path.suffix[1:]}, got one more; write an mp4, or a smaller scale"
            )
        self._frames.append(frame)

    def finish(self, subtitles: str) -> None:
        """Write it under its name."""
        is_gif = self.spec.path.suffix.lower() == ".gif"
        every = math.ceil(self.spec.fps / MAX_GIF_FPS) if is_gif else 1
        frames, unit_ms = self._frames[::every], 10 if is_gif else 1
        gaps = gaps_ms(len(frames), self.spec.fps / every, unit_ms)
        images = _in_one_palette(frames) if is_gif else [Image.fromarray(f) for f in frames]
        more = {"optimize": False} if is_gif else {"quality": 85}
        if self.spec.about:
            more |= (
                {"comment": self.spec.about.encode()}
                if is_gif
                else {"exif": exif_of(self.spec.about)}
            )
        rest = {"append_images": images[1:], "duration": gaps, "loop": 0}
        with written_beside(self.spec.path, self._part) as part:
            images[0].save(part, save_all=True, **rest, **more)
        self._frames = []

    def drop(self) -> None:
        """Leave nothing."""
        self._frames = []
        take_away(self._part)

    def rescued(self) -> None:
        """Half an animation cannot be shown."""
        self.drop()


class Folder:
    """One numbered png a frame, named after the clip."""

    def __init__(self, spec: Spec, shape: tuple[int, int]) -> None:
        self.spec, self._count = spec, 0

    def write(self, frame: np.ndarray) -> None:
        """Write one file."""
        path = self.spec.path.with_name(f"{self.spec.path.stem}_{self._count:05d}.png")
        with written_beside(path, self.spec.beside(".png")) as part:
            Image.fromarray(frame).save(part, pnginfo=png_text(self.spec.about))
        self._count += 1

    def finish(self, subtitles: str) -> None:
        """All files are whole already."""

    def drop(self) -> None:
        """Take all of them away."""
        for number in range(self._count):
            name = f"{self.spec.path.stem}_{number:05d}.png"
            self.spec.path.with_name(name).unlink(missing_ok=True)

    def rescued(self) -> Path | None:
        """Every file that was written is whole."""
        return self.spec.path.parent if self._count else None


class Zip:
    """All frames as png in one file, with the settings and the subtitles beside them."""

    def __init__(self, spec: Spec, shape: tuple[int, int]) -> None:
        self.spec, self._part, self._count = spec, spec.beside(".zip"), 0
        self._zip = zipfile.ZipFile(self._part, "w", zipfile.ZIP_STORED)  # png is small already

    def write(self, frame: np.ndarray) -> None:
        """Append one frame."""
        with self._zip.open(f"{self.spec.path.stem}_{self._count:05d}.png", "w") as file:
            Image.fromarray(frame).save(file, "PNG", pnginfo=png_text(self.spec.about))
        self._count += 1

    def finish(self, subtitles: str) -> None:
        """Give it its name."""
        for name, text in (("settings.json", self.spec.about), ("subtitles.vtt", subtitles)):
            if text:
                self._zip.writestr(name, text)
        self._zip.close()
        self._part.replace(self.spec.path)

    def drop(self) -> None:
        """Leave nothing."""
        with contextlib.suppress(OSError, ValueError):
            self._zip.close()
        take_away(self._part)

    def rescued(self) -> None:
        """A zip without its end cannot be opened."""
        self.drop()


@contextlib.contextmanager
def written_beside(path: Path, part: Path) -> Iterator[Path]:
    """Write to `part`; it gets the name `path` when the block is done, and is taken away when it fails."""
    try:
        yield part
        part.replace(path)
    finally:
        take_away(part)


def take_away(path: Path) -> None:
    """Delete a file; quiet where there is none or where nothing can be deleted."""
    with contextlib.suppress(OSError):
        path.unlink()


def gaps_ms(count: int, fps: float | int, unit_ms: int) -> list[int]:
    """Milliseconds that every frame stands: whole units whose sum never drifts from the clock."""
    ends = [round((at + 1) * 1000 / fps / unit_ms) * unit_ms for at in range(count)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _in_one_palette(frames: list[np.ndarray]) -> list[Image.Image]:
    some = np.vstack(frames[:: max(len(frames) // PALETTE_FRAMES, 1)])
    palette = Image.fromarray(some).quantize(256, Image.Quantize.MEDIANCUT)
    plain = Image.Dither.NONE  # dots would double the file
    return [Image.fromarray(f).quantize(palette=palette, dither=plain) for f in frames]


def _frames_in(path: Path) -> int:
    """Frames of a film that can be read; 0 for a file that is none."""
    try:
        return imageio_ffmpeg.count_frames_and_secs(str(path))[0]
    except (RuntimeError, OSError):
        return 0
