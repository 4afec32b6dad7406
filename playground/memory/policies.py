"""What stays in the cache, what a new chunk sees of it and where that stands in time.

A policy is a frozen set of sizes with two verbs. `view` says which slots the next frames may look at
and the temporal positions of both; `commit` writes the frames and evicts. Positions are either absolute
frame numbers ("frame") or places in the visible cache ("slot"); the first grow without end, the second
are always those of training. What a prompt switch does is the same for all of them: `switching`.

    everything    all frames, absolute positions           Self Forcing (arXiv 2506.08009)
    sliding       the newest frames                        the plain window
    sink_window   the first frames and the newest          StreamingLLM (2309.17453)
    longlive      the same, absolute positions             LongLive (2509.22622)
    motionstream  sizes in chunks, positions by place      MotionStream (2511.01266, section 3.2)

`window` counts everything a chunk attends to, itself included; an anchor (`anchors`) comes on top.
This module runs no network.
"""

from dataclasses import dataclass
from typing import Any

from playground.memory import anchors
from playground.memory.cache import Cache
from playground.models.causal_wan import KeyValues

BY_FRAME, BY_SLOT = "frame", "slot"


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """What the next frames see: slots of the cache, their positions, and those of the frames."""

    slots: tuple[int, ...]
    positions: tuple[int, ...]
    query: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The two verbs for every policy of the form "the first `sink` entries and the newest"."""

    chunk: int = 3  # latent frames a step

    def __post_init__(self) -> None:
        _check(self.chunk >= 1, f"chunk must be >= 1, got {self.chunk}")
        _check(self.sinks >= 0, f"sink must be >= 0, got {self.sinks}; 0 switches it off")
        least = self.sinks + self.chunk
        if self.capacity is not None and self.capacity < least:
            raise ValueError(
                f"window must be >= {least}, a sink of {self.sinks} and a chunk of {self.chunk}, "
                f"got {self.capacity}"
            )

    @property
    def capacity(self) -> int | None:
        """The largest number of entries kept; None: no limit."""
        return None

    @property
    def sinks(self) -> int:
        """How many first frames are never evicted by age."""
        return 0

    @property
    def positions_by(self) -> str:
        """Whether positions are absolute frame numbers ("frame") or places ("slot")."""
        return BY_FRAME

    @property
    def reach(self) -> int:
        """Positions that sink, anchor and the rest share; as few as there are entries."""
        return self.capacity + self.chunk

    def view(self, cache: Cache, start: int, count: int) -> View:
        """What frames `start` to `start + count` may look at besides themselves, and where."""
        room = None if self.capacity is None else max(self.capacity - count, 0)
        if room is not None and anchors.is_seen(cache, self.sinks, room):
            slots = anchors.slots(cache, room)
            positions, query = anchors.tri_region(cache, len(slots), count, self.reach)
            return View(slots=slots, positions=positions, query=query)
        slots = _first_and_newest(len(cache), self.sinks, room)
        if self.positions_by == BY_SLOT:
            total = len(slots) + count
            return View(
                slots=slots,
                positions=tuple(range(len(slots))),
                query=tuple(range(len(slots), total)),
            )
        frames = tuple(cache.frames[slot] for slot in slots)
        return View(slots=slots, positions=frames, query=tuple(range(start, start + count)))

    def commit(self, cache: Cache, fresh: KeyValues, start: int, prompt: int) -> Cache:
        """Write clean frames from `start` on, then evict the oldest outside of the sink."""
        written = cache.append(fresh, start, prompt).with_sink(self.sinks)
        kept = _first_and_newest(len(written), self.sinks, self.capacity)
        if len(kept) < len(written) and written.pinned:
            return anchors.settled(written, kept)
        return written.with_anchor(0).keep(kept)


@dataclass(frozen=True, kw_only=True)
class Everything(Policy):
    """Nothing is ever evicted: exact, and slower with every chunk."""


@dataclass(frozen=True, kw_only=True)
class Sliding(Policy):
    """The newest `window` frames."""

    window: int = 12
    positions: str = BY_SLOT  # or "frame"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_positions(self.positions)

    @property
    def capacity(self) -> int | None:
        """The window."""
        return self.window

    @property
    def positions_by(self) -> str:
        """As set."""
        return self.positions


@dataclass(frozen=True, kw_only=True)
class SinkWindow(Sliding):
    """The first `sink` frames and the newest `window` - `sink`."""

    sink: int = 3

    @property
    def sinks(self) -> int:
        """As set."""
        return self.sink


@dataclass(frozen=True, kw_only=True)
class LongLive(SinkWindow):
    """Sink and window at absolute positions, as in training on clips of 21 frames."""

    positions: str = BY_FRAME

    @property
    def reach(self) -> int:
        """In the proportion of Anchor Forcing's released sizes: 21 positions for a window of 12."""
        return max(self.window * 7 // 4, super().reach)


@dataclass(frozen=True, kw_only=True)
class MotionStream(Policy):
    """Sink and window in chunks; the current chunk stands at the end, always at the same places."""

    sink_chunks: int = 1
    window_chunks: int = 1

    def __post_init__(self) -> None:
        _check(self.sink_chunks >= 0, f"sink_chunks must be >= 0, got {self.sink_chunks}")
        _check(self.window_chunks >= 0, f"window_chunks must be >= 0, got {self.window_chunks}")
        super().__post_init__()

    @property
    def capacity(self) -> int | None:
        """Sink, window and the current chunk."""
        return (self.sink_chunks + self.window_chunks + 1) * self.chunk

    @property
    def sinks(self) -> int:
        """Frames of the sink chunks."""
        return self.sink_chunks * self.chunk

    @property
    def positions_by(self) -> str:
        """By place."""
        return BY_SLOT


POLICIES: dict[str, type[Policy]] = {
    "everything": Everything,
    "sliding": Sliding,
    "sink_window": SinkWindow,
    "longlive": LongLive,
    "motionstream": MotionStream,
}


def policy(name: str, chunk: int = 3, **sizes: Any) -> Policy:
    """The policy of that name; `sizes` are the fields of its class."""
    if name not in POLICIES:
        raise ValueError(f"policy must be one of {', '.join(POLICIES)}; got {name!r}")
    kind = POLICIES[name]
    known = [field for field in kind.__dataclass_fields__ if field != "chunk"]
    foreign = sorted(set(sizes) - set(known))
    if foreign:
        has = ", ".join(known) or "no sizes"
        raise ValueError(f"sizes of policy {name!r} must be among: {has}; got {foreign[0]!r}")
    return kind(chunk=chunk, **sizes)


def _first_and_newest(count: int, sink: int, room: int | None) -> tuple[int, ...]:
    """Slots of `count` entries that fit into `room`: the sink, then as many of the newest."""
    if room is None or count <= room:
        return tuple(range(count))
    first = min(sink, room)
    return (*range(first), *range(count - (room - first), count))


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def _check_positions(positions: str) -> None:
    _check(
        positions in (BY_FRAME, BY_SLOT),
        f"positions must be {BY_FRAME!r} or {BY_SLOT!r}, got {positions!r}",
    )
