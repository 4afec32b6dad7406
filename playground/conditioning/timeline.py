"""A timeline: which prompts, camera moves and paths hold when, as one immutable value.

    story = Timeline.read("a duck on the sea[5s] | a cat on the beach[5s]")
    story = story.add("a fox on snow", seconds=4).split(7).resize(1, end=4)
    story.at(4.5).prompts                 # what holds then: ((text, weight), ...)

Entries follow one another and never overlap. In a gap, and after the last one, the entry before goes on;
before the first one nothing is said. Every verb gives another timeline. `fixed_until(time)` marks what
has been played: from then on a verb that would change it raises ValueError, so the past is fixed and the
future free; an item that is running may change its end only. Times are seconds, `number` names an item
for ever and is what verbs and errors call it by. Knows no stream; what files look like is in `timeline_files`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, no_type_check

from playground.conditioning.timeline_checks import checked_seconds
from playground.conditioning.timeline_moment import Moment, moment
from playground.conditioning.timeline_past import check_past
from playground.conditioning.timeline_titles import titles
from playground.conditioning.timeline_values import (
    ROUNDING_S,
    CameraEvent,
    Entry,
    Event,
    Item,
    TrackEvent,
    Transition,
    first_frame,
)
from playground.conditioning.track_camera import Camera
from playground.conditioning.tracks import SIZE, Tracks

MAX_ITEMS = 10_000


@no_type_check
@dataclass(frozen=True, slots=True)
class Timeline:
    """Entries and events in the order of time; made by `read`, or from nothing by `add`."""

    entries: tuple[Entry, ...] = ()
    events: tuple[Event, ...] = ()
    _: KW_ONLY
    extra: str = "{}"  # what else a file said, as JSON, for its round trip
    fixed_s: float = field(default=0.0, compare=False)  # what lies before is past
    remarks: tuple[str, ...] = field(default=(), compare=False)  # what was repaired, in words

    def __post_init__(self) -> None:
        entries = _checked_items(self.entries, Entry, "entries", "entries")
        events = _checked_items(self.events, Event, "events", "camera and track events")
        entries, events = _numbered(entries, events)
        for first, second in pairwise(entries):
            _check_apart("entry", first, second)
        for first, second in pairwise(e for e in events if isinstance(e, CameraEvent)):
            _check_apart("camera event", first, second)
        object.__setattr__(self, "entries", entries)
        object.__setattr__(self, "events", events)
        object.__setattr__(self, "fixed_s", checked_seconds(self.fixed_s, "fixed_s"))

    @classmethod
    @no_type_check
    def read(cls, source: Any, **more: Any) -> "Timeline":
        """Out of a path, a text or bytes, in any known format (`timeline_files`).

        `more` is for LongLive's stories: story, switch_frames, fps, frames (`read_story`).
        """
        from playground.conditioning.timeline_files import read

        return read(source, **more)

    @no_type_check
    def save(self, path: str | Path, format: str | None = None) -> tuple[str, ...]:
        """Write a file: "playground", "scope", "longlive" or "line"; tells what that cannot hold."""
        from playground.conditioning.timeline_files import save

        return save(self, path, format)

    # ------------------------------------------------------------ looked at

    def __repr__(self) -> str:
        lines = [f"Timeline({len(self.entries)} entries, {self.duration:g} s)"]
        told = self.titles
        for item in sorted((*self.entries, *self.events), key=lambda item: item.start):
            times = f"{item.start:g} - {item.end:g} s"
            lines.append(f"{item.number:3}  {times}  {told[item.number]}")
        return "\n".join(lines)

    @property
    def titles(self) -> dict[int, str]:
        """A few words for every item by its number; what all entries begin with is left out."""
        return titles(self.entries) | {event.number: event.title for event in self.events}

    @property
    def duration(self) -> float:
        """When the last item ends, in seconds."""
        return max((item.end for item in (*self.entries, *self.events)), default=0.0)

    def item(self, number: int) -> Item:
        """The entry or event of that number."""
        for item in (*self.entries, *self.events):
            if item.number == number:
                return item
        known = ", ".join(str(item.number) for item in (*self.entries, *self.events)) or "none"
        raise ValueError(f"number must be that of an entry or event ({known:.80}), got {number!r}")

    def at(self, time: float) -> Moment:
        """What holds at that time."""
        return moment(self.entries, self.events, checked_seconds(time, "time"), self.duration)

    def changes_after(self, time: float) -> tuple[float, ...]:
        """The times after `time` at which something begins, stops, or has taken over, ascending."""
        starts = {item.start for item in (*self.entries, *self.events)}
        ends = {event.end for event in self.events} | {self.duration}
        blended = {e.start + min(e.transition.seconds, e.seconds) for e in self.entries}
        return tuple(sorted(t for t in starts | ends | blended if t > time))

    def switch_frames(self, fps: float) -> tuple[int, ...]:
        """The frame at which each entry but the first is asked for."""
        return tuple(first_frame(entry.start, fps) for entry in self.entries[1:])

    # ------------------------------------------------------------ edited

    @no_type_check
    def add(
        self,
        prompts: Any,
        start: Any = None,
        end: Any = None,
        *,
        seconds: Any = 5.0,
        transition: Transition | None = None,
    ) -> "Timeline":
        """One more entry, an `Entry` or its prompts; without `start` behind the last one."""
        if isinstance(prompts, Entry):
            return self._with(replace(prompts, number=0))
        if start is None:
            start = max(self.entries[-1].end if self.entries else 0.0, self.fixed_s)
        start = checked_seconds(start, "start")
        end = start + checked_seconds(seconds, "seconds") if end is None else end
        transition = Transition() if transition is None else transition
        return self._with(Entry(prompts=prompts, start=start, end=end, transition=transition))

    @no_type_check
    def add_camera(
        self, start: Any, end: Any, *, size: tuple[int, int] = SIZE, **move: Any
    ) -> "Timeline":
        """The camera moves for a while: pan_px_s, zoom_per_s, rotate_deg_s as for `Camera`."""
        return self._with(CameraEvent(camera=Camera(**move), start=start, end=end, size=size))

    @no_type_check
    def add_tracks(self, tracks: Tracks, start: Any, end: Any = None) -> "Timeline":
        """Points follow these tracks from `start` on."""
        return self._with(TrackEvent(tracks=tracks, start=start, end=end))

    @no_type_check
    def change(self, number: int, **fields: Any) -> "Timeline":
        """Other fields of one item: prompts, transition, start, end, camera, tracks."""
        changed = replace(self.item(number), **fields, number=number)
        return self._each(lambda item: changed if item.number == number else item)

    @no_type_check
    def move(self, number: int, start: Any) -> "Timeline":
        """One item begins at another time and keeps its length."""
        item, start = self.item(number), checked_seconds(start, "start")
        return self.change(number, start=start, end=start + (item.end - item.start))

    @no_type_check
    def resize(self, number: int, *, start: Any = None, end: Any = None) -> "Timeline":
        """One item begins or ends at another time."""
        sides = {"start": start, "end": end}
        return self.change(number, **{k: side for k, side in sides.items() if side is not None})

    @no_type_check
    def split(self, at: Any) -> "Timeline":
        """The entry that runs at that time becomes two; the second one begins there with a cut."""
        at = checked_seconds(at, "at")
        found = [e for e in self.entries if e.start < at < e.end]
        if not found:
            raise ValueError(f"at must be inside an entry, got {at:g} s")
        kind = found[0].transition.kind
        rest = replace(found[0], start=at, number=0, transition=Transition(0.0, kind))
        entries = [replace(e, end=at) if e is found[0] else e for e in self.entries]
        return self._edited((*entries, rest), self.events)

    @no_type_check
    def duplicate(self, number: int, start: Any = None) -> "Timeline":
        """A copy at `start`; without it right behind, and entries in its way move back."""
        item = self.item(number)
        place = item.end if start is None else checked_seconds(start, "start")
        copy = replace(item, number=0, start=place, end=place + (item.end - item.start))
        if start is not None or not isinstance(item, Entry):
            return self._with(copy)
        free, entries = copy.end, [copy]
        for entry in self.entries:
            if entry.start >= item.end and entry.start < free:
                entry = replace(entry, start=free, end=free + entry.seconds)
            entries.append(entry)
            free = max(free, entry.end)
        return self._edited(tuple(entries), self.events)

    @no_type_check
    def remove(self, number: int) -> "Timeline":
        """Without one entry or event; the entry before it goes on."""
        gone = self.item(number)
        entries, events = (
            tuple(item for item in items if item is not gone)
            for items in (self.entries, self.events)
        )
        return self._edited(entries, events)

    @no_type_check
    def fixed_until(self, time: Any) -> "Timeline":
        """The same timeline, played up to `time`: what lies before can no longer be changed."""
        return replace(self, fixed_s=time)

    def check_edit(self, edited: "Timeline", time: float | None = None) -> None:
        """Raise ValueError where `edited` differs before `time` (without it, where this is fixed)."""
        time = self.fixed_s if time is None else time
        check_past((*self.entries, *self.events), (*edited.entries, *edited.events), time)

    def _with(self, item: Item) -> "Timeline":
        if isinstance(item, Entry):
            return self._edited((*self.entries, item), self.events)
        return self._edited(self.entries, (*self.events, item))

    def _each(self, changed: Callable[[Item], Item]) -> "Timeline":
        return self._edited(tuple(map(changed, self.entries)), tuple(map(changed, self.events)))

    def _edited(self, entries: tuple[Entry, ...], events: tuple[Event, ...]) -> "Timeline":
        edited = replace(self, entries=entries, events=events, remarks=())
        self.check_edit(edited)
        return edited


def _checked_items(items: Any, kind: Any, name: str, words: str) -> tuple[Any, ...]:
    """Sorted by their start."""
    if not isinstance(items, tuple | list) or not all(isinstance(item, kind) for item in items):
        raise ValueError(f"{name} must be a list of {words}, got {items!r:.80}")
    if len(items) > MAX_ITEMS:
        raise ValueError(f"{name} must be at most {MAX_ITEMS}, got {len(items)}")
    return tuple(sorted(items, key=lambda item: item.start))


def _numbered(entries: tuple[Entry, ...], events: tuple[Event, ...]) -> tuple[tuple, tuple]:
    """Items without a number get the next ones, in the order of time, entries first."""
    items = [*entries, *events]
    taken = [item.number for item in items if item.number]
    twice = [number for number, times in Counter(taken).items() if times > 1]
    if twice:
        raise ValueError(f"number must be different for each item, got {twice[0]} twice")
    fresh = max(taken, default=0)
    for place, item in enumerate(items):
        if not item.number:
            fresh += 1
            items[place] = replace(item, number=fresh)
    return tuple(items[: len(entries)]), tuple(items[len(entries) :])


def _check_apart(kind: str, first: Item, second: Item) -> None:
    if second.start < first.end - ROUNDING_S:
        raise ValueError(
            f"{kind} {second.number}: start must be at or after {first.end:g} s, where {kind} "
            f"{first.number} ends, got {second.start:g} s; move it or shorten one of them"
        )
