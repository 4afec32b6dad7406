"""Writes the run of an app down, so that it can be made again frame by frame; off until it is asked for.

It stores what was asked for (and the input frames of an image stream), never by itself. A recording begins
at a stream's beginning, so beginning one starts the stream anew. Knows nothing about widgets.
"""

from playground.streams.recording import Recording


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
