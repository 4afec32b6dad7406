"""The KV cache of a video stream as a frozen value: one entry a latent frame, nothing in place.

Keys are kept un-rotated (`KeyValues`), and every entry knows which frame it is of and which prompt was
heard when it was written. Since every verb gives another cache, a state can be copied, branched and
restored by keeping a reference to it. Normal form of LongLive (arXiv 2509.22622), MotionStream
(2511.01266, section 3.2), StreamingLLM (2309.17453) and, with anchors, Anchor Forcing (2603.13405).

This module does not know which entries are worth keeping: policies do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from playground.models.causal_wan import KeyValues

ROLES = ("sink", "anchor", "window", "current")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Cache:
    """Entries in time order: the sink, which age never evicts, then the anchor, then the rest."""

    written: tuple[KeyValues, ...] = ()  # of every entry; evicting copies nothing
    frames: tuple[int, ...] = ()  # absolute frame number of every entry
    prompts: tuple[int, ...] = ()  # number of the prompt under which it was written
    sink: int = 0
    anchor: int = 0  # entries after the sink: the pinned chunk that the next frames look at
    pinned: tuple[
        int, ...
    ] = ()  # frames that become the anchor when age evicts them; may be to come

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def end(self) -> int:
        """The number of the frame that comes next; 0 for an empty cache."""
        return self.frames[-1] + 1 if self.frames else 0

    @property
    def entries(self) -> KeyValues | None:
        """Keys and values of all entries; None where nothing has been written yet."""
        return self.read(range(len(self)))

    def read(self, slots: Sequence[int]) -> KeyValues | None:
        """Keys and values in these slots, in that order; None where there are none."""
        return KeyValues.join([self.written[slot] for slot in slots]) if len(slots) else None

    def keep(self, slots: Sequence[int]) -> "Cache":
        """Only these slots, given in ascending order; sink, anchor and pins among them stay so."""
        frames = tuple(self.frames[slot] for slot in slots)
        return Cache(
            written=tuple(self.written[slot] for slot in slots),
            frames=frames,
            prompts=tuple(self.prompts[slot] for slot in slots),
            sink=sum(slot < self.sink for slot in slots),
            anchor=sum(self.sink <= slot < self.sink + self.anchor for slot in slots),
            pinned=tuple(pin for pin in self.pinned if pin in frames or pin >= self.end),
        )

    def append(self, fresh: KeyValues, start: int, prompt: int) -> "Cache":
        """With the entries of frames `start`, `start` + 1, ... at the end."""
        if start < self.end:
            raise ValueError(
                f"start must be >= {self.end}, the frame after the newest entry, got {start}; "
                "evict what is to be written anew"
            )
        return replace(
            self,
            written=(*self.written, *fresh.each()),
            frames=(*self.frames, *range(start, start + fresh.frames)),
            prompts=self.prompts + (prompt,) * fresh.frames,
        )

    def with_sink(self, sink: int) -> "Cache":
        """With that many leading entries as the sink, or as many as there are."""
        return replace(self, sink=min(sink, len(self)))

    def with_pinned(self, frames: Sequence[int]) -> "Cache":
        """With these frames pinned besides those that are; they may be frames to come."""
        return replace(self, pinned=tuple(sorted({*self.pinned, *frames})))

    def with_anchor(self, anchor: int) -> "Cache":
        """With that many entries after the sink as the anchor."""
        return self if anchor == self.anchor else replace(self, anchor=anchor)

    def roles(self, current: int) -> tuple[str, ...]:
        """One of `ROLES` for every entry, where the last `current` were just written."""
        ends = {"sink": self.sink, "anchor": self.sink + self.anchor, "window": len(self) - current}
        return tuple(
            next((role for role, end in ends.items() if slot < end), "current")
            for slot in range(len(self))
        )
