"""What holds at one time of a timeline: the prompts with their weights, the camera, the paths.

While an entry takes over, its prompts weigh more and more and those of the entry before less and less;
the share is the part of the transition that has passed. Knows neither streams nor chunks.
"""

from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter

from playground.conditioning.timeline_values import CameraEvent, Entry, Event, TrackEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """One time, in seconds, and what holds then."""

    time: float
    entry: Entry | None  # the one that speaks; None before the first
    before: Entry | None  # the one it takes over from, while it does
    share: float  # how far it has taken over, 0..1; 1 = wholly
    events: tuple[Event, ...]  # those that run
    over: bool  # nothing comes any more

    @property
    def prompts(self) -> tuple[tuple[str, float], ...]:
        """Texts and weights that add up to 100, those that weigh nothing left out."""
        mixed: dict[str, float] = {}
        for entry, share in ((self.before, 1 - self.share), (self.entry, self.share)):
            heard = () if entry is None else entry.heard
            total = sum(weight for _, weight in heard)
            for text, weight in heard:
                mixed[text] = mixed.get(text, 0.0) + 100 * share * weight / total
        return tuple((text, weight) for text, weight in mixed.items() if weight > 0)

    @property
    def kind(self) -> str:
        """How the prompts are mixed: "linear" or "slerp"."""
        return "linear" if self.entry is None else self.entry.transition.kind

    @property
    def camera(self) -> CameraEvent | None:
        """The camera move that runs."""
        moves = [event for event in self.events if isinstance(event, CameraEvent)]
        return moves[0] if moves else None

    @property
    def tracks(self) -> tuple[TrackEvent, ...]:
        """The paths that run."""
        return tuple(event for event in self.events if isinstance(event, TrackEvent))


def moment(
    entries: tuple[Entry, ...], events: tuple[Event, ...], time: float, duration: float
) -> Moment:
    """What entries and events, both in the order of time, say at `time`."""
    place = bisect_right(entries, time, key=attrgetter("start")) - 1
    entry, before, share = (entries[place] if place >= 0 else None), None, 1.0
    if place > 0:
        lasts = min(entry.transition.seconds, entry.seconds)
        if time - entry.start < lasts:
            before, share = entries[place - 1], (time - entry.start) / lasts
    running = tuple(event for event in events if event.start <= time < event.end)
    return Moment(
        time=time, entry=entry, before=before, share=share, events=running, over=time >= duration
    )
