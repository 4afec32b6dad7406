"""The KV cache of a video stream as a frozen value: one entry a latent frame, nothing in place.

Keys are kept un-rotated (`KeyValues`), and every entry knows which frame it is of and which prompt was
heard when it was written. Since every verb gives another cache, a state can be copied, branched and
restored by keeping a reference to it. Normal form of LongLive (arXiv 2509.22622), MotionStream
(2511.01266, section 3.2) and StreamingLLM (2309.17453).

This module does not know which entries are worth keeping: policies do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from playground.models.causal_wan import KeyValues

ROLES = ("sink", "window", "current")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Cache:
    """Entries in time order; the first `sink` of them are never evicted by age."""

    entries: KeyValues | None = None  # None: nothing has been written yet
    frames: tuple[int, ...] = ()  # absolute frame number of every entry
    prompts: tuple[int, ...] = ()  # number of the prompt under which it was written
    sink: int = 0

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def end(self) -> int:
        """The number of the frame that comes next; 0 for an empty cache."""
        return self.frames[-1] + 1 if self.frames else 0

    def read(self, slots: Sequence[int]) -> KeyValues | None:
        """Keys and values in these slots, in that order; None where there are none."""
        if self.entries is None or not len(slots):
            return None
        return self.entries if self._is_all(slots) else self.entries.take(list(slots))

    def keep(self, slots: Sequence[int]) -> "Cache":
        """Only these slots, given in ascending order; sink entries among them stay sink."""
        if self._is_all(slots):
            return self
        return Cache(
            entries=self.read(slots),
            frames=tuple(self.frames[slot] for slot in slots),
            prompts=tuple(self.prompts[slot] for slot in slots),
            sink=sum(slot < self.sink for slot in slots),
        )

    def append(self, fresh: KeyValues, start: int, prompt: int) -> "Cache":
        """With the entries of frames `start`, `start` + 1, ... at the end."""
        if start < self.end:
            raise ValueError(
                f"start must be >= {self.end}, the frame after the newest entry, got {start}; "
                "evict what is to be written anew"
            )
        entries = fresh if self.entries is None else KeyValues.join([self.entries, fresh])
        return Cache(
            entries=entries,
            frames=(*self.frames, *range(start, start + fresh.frames)),
            prompts=self.prompts + (prompt,) * fresh.frames,
            sink=self.sink,
        )

    def with_sink(self, sink: int) -> "Cache":
        """With that many leading entries as the sink, or as many as there are."""
        return replace(self, sink=min(sink, len(self)))

    def roles(self, current: int) -> tuple[str, ...]:
        """ "sink", "window" or "current" for every entry, where the last `current` were just written."""
        newest = len(self) - current
        return tuple(
            "sink" if slot < self.sink else "window" if slot < newest else "current"
            for slot in range(len(self))
        )

    def _is_all(self, slots: Sequence[int]) -> bool:
        return tuple(slots) == tuple(range(len(self)))
