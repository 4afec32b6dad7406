"""Back-pressure between a fast producer and browsers that may be slow, hidden, hung or gone.

Nothing in Jupyter slows a producer down, so the sender does: at most `window` frames are on their way
unacknowledged, at most `max_fps` leave in a second, and whatever comes in between stays in the mailbox
where the next one replaces it (the mailbox counts those). What is `urgent`, the first picture that
answers a hand, may leave one turn early, and the next one then waits longer. A browser acknowledges in
groups, because a message from browser to kernel costs far more than a frame. When an answer takes
longer than the quickest did, frames wait somewhere on the way: then fewer leave, until those that leave
are fresh again.
When acknowledgements stay away for `patience_s` nobody is watching; the first sign of life starts it.
Which pages there are, and what each of them has seen, is `audience`'s business. The first frame leaves
in any case, so that no page stays empty.

This module knows nothing about pictures, widgets or Jupyter.
"""

import threading
import time

from .audience import EXPECTED, Audience
from .kernel_loop import kernel_loop

QUEUE_MS = 40.0  # how much later than the quickest answer one may come before the pace slows
SLOWER, FASTER = 1.25, 0.95  # what the gap between two frames is multiplied by
MAX_GAP_S = 0.125
LEAST = 4  # items that may be on their way at the slowest pace


class PacedSender:
    """Takes the newest item out of a mailbox and transmits it, never faster than it is seen.

    `on_watched(bool)` is called when somebody starts or stops watching.
    """

    def __init__(
        self,
        mailbox,
        transmit,
        *,
        window=24,
        max_fps=60.0,
        patience_s=4.0,
        urgent=lambda item: False,
        on_error=None,
        loop=None,
    ):
        self.mailbox = mailbox
        self.window = window
        self.min_gap_s = self.gap_s = 1.0 / max_fps
        self.patience_s = patience_s
        self.sent = 0
        self.round_trip_ms = 0.0
        self.on_watched = None
        self.audience = Audience(time.perf_counter())
        self._told = True
        self._transmit = transmit
        self._urgent = urgent
        self._on_error = on_error
        self._loop = loop or kernel_loop()
        self._lock = threading.Lock()
        self._woken = self._waits = False  # a turn of the loop is asked for: now, when it is due
        self._due = 0.0
        self._sent_at = {}

    @property
    def in_flight(self):
        """How many items left that some page which looks has not acknowledged yet."""
        return self.sent - self.audience.seen_by_all(self.sent)

    @property
    def watched(self):
        """Whether somebody watches, or the first item has not left yet."""
        return self.audience.looks or not self.sent

    @property
    def room(self):
        """How many may be on their way: the window, less at a slower pace, so that none waits long."""
        return min(self.window, max(LEAST, int(self.window * self.min_gap_s / self.gap_s)))

    def wake(self, *_):
        """There is something in the mailbox; safe from every thread, cheap, never blocks."""
        with self._lock:
            if self._woken:
                return
            self._woken = True
        self._loop.call_soon(self._on_wake)

    def acknowledge(self, index, page=EXPECTED, painted=None):
        """The page has seen everything up to `index`, and painted that many since the last time."""
        now = time.perf_counter()
        with self._lock:
            before = self.sent - self.audience.unseen_by(page, self.sent)
            who = self.audience.acknowledge(page, index, self.sent, now)
            left = self._sent_at.get(int(index))
            seen = self.audience.seen_by_all(self.sent)
            self._sent_at = {i: t for i, t in self._sent_at.items() if i > seen}
        if left is not None:
            overtaken = painted is not None and painted < (who.acknowledged - before) / 2
            self._adapt(1000 * (now - left), who, overtaken)
        self._news()

    def reset(self, page=EXPECTED):
        """The page was opened, loaded again, or came into sight: what was on its way is lost."""
        with self._lock:
            self.audience.arrive(page, self.sent, time.perf_counter())
        self._told = None  # say it again: whoever rests must not miss it
        self._news()

    def leave(self, page=EXPECTED):
        """The page went out of sight: do not wait for the window to fill."""
        with self._lock:
            self.audience.leave(page, self.sent, time.perf_counter())
        self._news()

    def forget(self, page=EXPECTED):
        """The page took the viewer away."""
        with self._lock:
            self.audience.forget(page)
        self._news()

    def _adapt(self, round_trip_ms, page, overtaken=False):
        """Slow down while frames queue up on the way, and quicken again when they do not.

        They do when answers come later than the quickest, or most were overtaken by newer ones.
        """
        self.round_trip_ms = round_trip_ms
        page.quickest_ms = min(1.02 * page.quickest_ms, round_trip_ms)
        waits = overtaken or round_trip_ms > page.quickest_ms + QUEUE_MS
        gap_s = self.gap_s * (SLOWER if waits else FASTER)
        self.gap_s = min(max(gap_s, self.min_gap_s), max(MAX_GAP_S, self.min_gap_s))

    def _news(self):
        """Something was heard of a page, or of none for long."""
        watched = self.watched
        if watched != self._told:
            self._told = watched
            if self.on_watched:
                self.on_watched(watched)
        if watched:
            self.wake()

    def _on_wake(self):
        with self._lock:
            self._woken = False
        wait_s = self._due - time.perf_counter()
        early_s = self.gap_s if self._urgent(self.mailbox.newest) else 0.0
        if wait_s <= early_s:
            self._pump()
        elif not self._waits:
            self._waits = True
            self._loop.call_later(wait_s, self._on_due)

    def _on_due(self):
        self._waits = False
        self._on_wake()

    def _pump(self):
        with self._lock:
            if self.in_flight >= self.room:
                self.audience.doze(time.perf_counter(), self.patience_s)
        if not self.watched:
            self._news()
        elif self.in_flight < self.room:
            self._send_newest()

    def _send_newest(self):
        item = self.mailbox.take()
        if item is None:
            return
        now = time.perf_counter()
        with self._lock:
            if not self.in_flight:  # after a quiet spell patience starts anew
                self.audience.breathe(now)
            self.sent += 1
            self._sent_at[self.sent] = now
            self._due = max(now, self._due) + self.gap_s
        self._deliver(item, self.sent)
        if not self.watched:
            self._news()

    def _deliver(self, item, index):
        try:
            self._transmit(item, index)
        except Exception as error:
            if self._on_error is None:
                raise
            self._on_error(error)
