"""Writes frames that come one by one to a clip, and tells how far it is.

    for progress in export(frames, "walk.mp4", fps=20, about=settings):
        bar.value = progress.share

    with BackgroundExport(frames, "walk.mp4", fps=20) as job:     # the same on a thread of its own
        ...                                                       # job.progress, job.cancel()

`frames` may be any iterable, also one that makes them (a replay); an item is a picture, or a pair (picture,
text for the subtitle). The clip gets its name when it is whole: whoever stops early, by closing the
generator or by `cancel`, leaves no half file. Knows nothing of what makes the frames.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, no_type_check

from playground.frames.clip_files import ClipFile


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far an export is."""

    path: Path
    done: int  # frames
    total: int | None  # None where nobody knows
    finished: bool = False

    @property
    def share(self) -> float | None:
        """0..1; None where nobody knows."""
        if self.finished:
            return 1.0
        return min(self.done / self.total, 1.0) if self.total else None


@no_type_check  # ClipFile checks, in words
def export(
    frames: Iterable[Any],
    path: str | Path,
    *,
    fps: float = 24,
    scale: int = 1,
    about: Mapping[str, Any] | None = None,
    total: int | None = None,
) -> Iterator[Progress]:
    """Write a clip, one `Progress` a frame and a last one when it has its name.

    Raises at once what is wrong with the arguments, and while it runs what is wrong with the disk.
    """
    clip = ClipFile(path, fps=fps, scale=scale, about=about)
    if total is None and hasattr(frames, "__len__"):
        total = len(frames)
    return _exported(clip, frames, total)


def _exported(clip: ClipFile, frames: Iterable[Any], total: int | None) -> Iterator[Progress]:
    try:
        for item in frames:
            picture, text = item if isinstance(item, tuple) else (item, "")
            clip.write(picture, text)
            yield Progress(path=clip.path, done=clip.count, total=total)
        if not clip.count:
            raise ValueError(f"frames must be at least one to make {str(clip.path)!r}, got none")
        clip.close()
    finally:
        clip.discard()  # does nothing to a clip that is closed
    yield Progress(path=clip.path, done=clip.count, total=clip.count, finished=True)


class BackgroundExport(AbstractContextManager["BackgroundExport"]):
    """The same on a thread of its own, which ends when it is done, cancelled, or the program ends.

    `on_progress(job)` is called on that thread after every frame and at the end, however it ended, and
    must only hand on the news. `error` holds what went wrong; the frames of the caller are untouched.
    """

    def __init__(
        self,
        frames: Iterable[Any],
        path: str | Path,
        *,
        on_progress: Callable[["BackgroundExport"], None] | None = None,
        **options: Any,
    ) -> None:
        self._steps = export(frames, path, **options)  # raises here what is wrong
        self.path, self._on_progress = Path(path), on_progress
        self.progress = Progress(path=self.path, done=0, total=options.get("total"))
        self.error: Exception | None = None
        self._cancelled = False
        self._thread = threading.Thread(target=self._run, name="playground-export")
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop before it was done."""
        return self._cancelled and not self.progress.finished

    def cancel(self) -> None:
        """Stop after the frame that is written now, and leave no file; wait for it."""
        self._cancelled = True
        self.join()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until it has ended; False when time is up."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is not None:
            self._cancelled = True
        self.join()

    def _run(self) -> None:
        try:
            for progress in self._steps:
                self.progress = progress
                if self._on_progress is not None:
                    self._on_progress(self)
                if self._cancelled or not threading.main_thread().is_alive():
                    self._cancelled = True
                    break
        except Exception as error:  # whatever it is, the viewer must hear of it
            self.error = error
        finally:
            self._steps.close()
        if self._on_progress is not None and not self.progress.finished:
            self._on_progress(self)
