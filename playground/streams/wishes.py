"""Controls as people want them, and as the stream has taken them.

Anybody asks, from any thread, for whole controls or for some knobs; the newest wish replaces the one
before. The thread that drives the stream grants it between two steps. When the stream refuses, what
it takes of the wish is kept, knob by knob, and the refusal is raised. Knows no threads of its own.
"""

import contextlib
import dataclasses
import threading
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Wish:
    """Controls, the number of the wish, and its birth (time.perf_counter)."""

    controls: Any
    version: int = 0
    born: float = field(default_factory=time.perf_counter)


class Wishes:
    """The newest wish and the last one that was granted, for one stream."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._lock = threading.RLock()
        self._newest = self.granted = Wish(stream.controls)

    @property
    def controls(self) -> Any:
        """What was asked for last; what the stream has, when nothing is left to grant."""
        newest, granted = self._newest, self.granted
        return self._stream.controls if newest is granted else newest.controls

    def ask(self, controls: Any) -> None:
        """Make these controls the newest wish; raise ValueError for what is known to be refused."""
        kind = type(self._newest.controls)
        if not isinstance(controls, kind):
            raise ValueError(f"controls must be {kind.__name__}, got {type(controls).__name__}")
        check = getattr(self._stream, "check", None)
        if check is not None:
            check(controls)
        with self._lock:
            self._newest = Wish(controls, self._newest.version + 1)

    def ask_some(self, **knobs: Any) -> None:
        """Change some knobs and keep the others, even when several threads change different ones."""
        with self._lock:
            self.ask(dataclasses.replace(self.controls, **knobs))

    def grant(self) -> bool:
        """Hand the newest wish to the stream; raise what it refuses, keep what it takes of it."""
        wish = self._newest
        if wish is self.granted:
            return False
        refusal = None
        try:
            self._stream.update(wish.controls)
        except Exception as error:  # whatever it is, the stream still has its old controls
            refusal = error
            wish = self._acceptable(wish)
        with self._lock:
            if self._newest.version == wish.version:
                self._newest = wish
            self.granted = wish
        if refusal is not None:
            raise refusal
        return True

    def _acceptable(self, wish: Wish) -> Wish:
        """One bad knob spoils no other that was asked for in the same moment."""
        taken = self._stream.controls
        for knob in dataclasses.fields(taken):
            value = getattr(wish.controls, knob.name)
            if value == getattr(taken, knob.name):
                continue
            candidate = dataclasses.replace(taken, **{knob.name: value})
            with contextlib.suppress(Exception):  # the refusal itself was caught already
                self._stream.update(candidate)
                taken = candidate
        return dataclasses.replace(wish, controls=taken)
