"""Writes the run of an app down, so that it can be made again frame by frame.

It stores what was asked for, and the input frames of an image stream. A recording begins at a stream's
beginning, so beginning one on a wish starts the stream anew. An app may also begin one unasked with its
first step: a line of some thirty bytes and 0.03 ms a chunk of video, which takes 25. Such runs lie in a
folder of their own, where only the newest stay. Knows nothing about widgets.
"""

import time
from pathlib import Path

from playground.streams.recording import Recording

UNASKED, KEPT = "runs", 20  # folder of the runs that nobody asked for, and how many of them stay


class RunRecord:
    """The recording of `stream`, a stream or a player around one."""

    def __init__(self, stream, place, *, on_error=None):
        self._stream, self._place, self._on_error = stream, place, on_error
        self._journal = None

    @property
    def path(self):
        """The file of this run; None where none was written."""
        return None if self._journal is None else self._journal.path

    @property
    def runs(self):
        """Whether every step is written down."""
        return self._journal is not None and self._journal.is_open

    def begin(self, name):
        """Start the stream anew, whose loop must stand, and write it down; gives the path."""
        stream = getattr(self._stream, "stream", self._stream)
        if hasattr(self._stream, "reset"):
            self._stream.reset()
        self._journal = Recording.start(stream, self._place(name), on_error=self._on_error)
        return self.path

    def begin_unasked(self, folder):
        """Write a stream at its beginning down, as one of the few newest in `folder`; gives the path."""
        stream = getattr(self._stream, "stream", self._stream)
        path = _free_path(Path(folder) / UNASKED)
        self._journal = Recording.start(stream, path, on_error=self._on_error)
        for old in _oldest_first(path.parent)[:-KEPT]:
            old.unlink(missing_ok=True)
        return self.path

    def stop(self):
        """The file is whole; what runs goes on."""
        if self._journal is not None:
            self._journal.stop()

    def frames(self):
        """(frame, prompt) of the whole run, made again on whatever thread asks."""
        yield from Recording.load(self.path).frames(self._stream.model)

    @property
    def fps(self):
        """Of the run."""
        return Recording.load(self.path).fps


def _free_path(folder):
    """A name that tells the time, in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    stem, number = time.strftime("run_%Y-%m-%d_%H-%M-%S"), 1
    while (path := folder / f"{stem}_{number}.jsonl").exists():
        number += 1
    return path


def _oldest_first(folder):
    """By when they were written last, so that runs that still go on are the newest."""
    return sorted(folder.glob("run_*.jsonl"), key=lambda path: path.stat().st_mtime)
