"""Where pictures go: a mailbox that keeps only the newest. Files are `playground.frames.clip_files`.

The mailbox is the only thing that a running stream and its viewer share. It never grows: what the
viewer did not take in time is dropped and counted. Sinks know nothing of streams and widgets.
"""

import threading
from collections.abc import Callable
from typing import Any


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
