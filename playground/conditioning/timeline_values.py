"""What stands on a timeline, as frozen values: prompts that hold for a while, camera moves, paths.

Times are seconds from the beginning of the stream; `first_frame` says which frame a second falls on, in
the sense of LongLive's switch frames: what begins at second s is asked for at the first frame that is not
before s. Weights are relative, 0..100, as Daydream Scope writes them. Knows no stream and no file.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any, no_type_check

import numpy as np

from playground.conditioning.timeline_checks import (
    check_number,
    check_range,
    checked_prompts,
    checked_seconds,
    named,
)
from playground.conditioning.track_camera import Camera
from playground.conditioning.track_checks import checked_number
from playground.conditioning.tracks import SIZE, Tracks
from playground.frames.pixels import check_size

KINDS = ("linear", "slerp")
TITLE_WORDS = 6
ROUNDING_S = 1e-6  # two times that are as near as that are the same


@no_type_check
@dataclass(frozen=True, slots=True)
class Transition:
    """How an entry takes over from the one before: at once, or more and more over some seconds."""

    seconds: float = 0.0  # >= 0; 0 = a cut
    kind: str = "linear"  # how texts are mixed, here and by the weights of the entry; or "slerp"

    def __post_init__(self) -> None:
        seconds = checked_seconds(self.seconds, "transition seconds")
        if self.kind not in KINDS:
            raise ValueError(
                f"transition kind must be one of {', '.join(KINDS)}; got {self.kind!r:.80}"
            )
        object.__setattr__(self, "seconds", seconds)


@no_type_check
@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One or several weighted prompts from `start` to `end`, in seconds."""

    prompts: Any  # a text, or (text, weight 0..100) pairs; kept as pairs
    start: float
    end: float
    transition: Transition = Transition()  # into this entry
    number: int = 0  # its name, from 1, unique in a timeline; 0 = the timeline gives it one
    extra: str = "{}"  # what else a file said about it, as JSON, for its round trip

    def __post_init__(self) -> None:
        check_number(self.number)
        name = named("entry", self.number)
        object.__setattr__(self, "prompts", checked_prompts(self.prompts, name))
        check_range(self, name)
        if not isinstance(self.transition, Transition):
            raise ValueError(
                f"{name}: transition must be a Transition, got {self.transition!r:.80}; "
                "use Transition(seconds, kind)"
            )

    @classmethod
    def of_frames(cls, prompts: Any, first: int, after: int, *, fps: Any, **more: Any) -> "Entry":
        """For the frames `first` .. `after` - 1 of a stream with `fps` frames a second."""
        fps = checked_number(fps, "fps", above=0)
        return cls(prompts=prompts, start=first / fps, end=after / fps, **more)

    def frames(self, fps: float) -> tuple[int, int]:
        """Its first frame, and the first one after it."""
        return first_frame(self.start, fps), first_frame(self.end, fps)

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start

    @property
    def heard(self) -> tuple[tuple[str, float], ...]:
        """The prompts that weigh something."""
        return tuple((text, weight) for text, weight in self.prompts if weight > 0)

    @property
    def text(self) -> str:
        """The prompt that weighs most, the first of equals."""
        return max(self.prompts, key=lambda prompt: prompt[1])[0]

    @property
    def title(self) -> str:
        """A few words of each prompt, to be shown where there is little room."""
        return " + ".join(shortened(text) for text, _ in self.heard)


@no_type_check
@dataclass(frozen=True, kw_only=True, slots=True)
class CameraEvent:
    """The camera moves from `start` to `end`; pixels are those of a picture of `size` = (H, W)."""

    camera: Camera
    start: float
    end: float
    size: tuple[int, int] = SIZE
    number: int = 0

    def __post_init__(self) -> None:
        check_number(self.number)
        name = named("camera event", self.number)
        if not isinstance(self.camera, Camera):
            raise ValueError(f"{name}: camera must be a Camera, got {self.camera!r:.80}")
        check_size(self.size)
        object.__setattr__(self, "size", (int(self.size[0]), int(self.size[1])))
        check_range(self, name)

    def camera_for(self, size: tuple[int, int]) -> Camera:
        """The same move in pixels of a picture of another size."""
        right, down = self.camera.pan_px_s
        scale = size[1] / self.size[1], size[0] / self.size[0]
        return replace(self.camera, pan_px_s=(right * scale[0], down * scale[1]))

    @property
    def title(self) -> str:
        """What the camera does."""
        right, down = self.camera.pan_px_s
        zoom, turn = self.camera.zoom_per_s, self.camera.rotate_deg_s
        parts = [f"pan {right:g}, {down:g} px/s" if right or down else ""]
        parts += [f"zoom {zoom:+g}/s" if zoom else "", f"turn {turn:+g}°/s" if turn else ""]
        return "camera: " + (", ".join(filter(None, parts)) or "still")


@no_type_check
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TrackEvent:
    """Points follow their tracks from `start` on; without `end`, as long as the tracks last.

    Two are equal when they tell the same: where a point is while nothing is said of it does not count.
    """

    tracks: Tracks = field(repr=False)
    start: float
    end: float | None = None
    number: int = 0

    def __post_init__(self) -> None:
        check_number(self.number)
        name = named("track event", self.number)
        if not isinstance(self.tracks, Tracks):
            raise ValueError(
                f"{name}: tracks must be Tracks, got {self.tracks!r:.80}; "
                "make some with Tracks.from_strokes"
            )
        if self.end is None:
            start = checked_seconds(self.start, f"{name}: start")
            object.__setattr__(self, "end", start + self.tracks.frames / self.tracks.fps)
        check_range(self, name)

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, TrackEvent):
            return NotImplemented
        times = (self.start, self.end, self.number) == (other.start, other.end, other.number)
        return times and _tell_the_same(self.tracks, other.tracks)

    def __hash__(self) -> int:
        return hash((self.start, self.end, self.number))

    @property
    def title(self) -> str:
        """How many points move."""
        return f"paths: {self.tracks.count} points"


Event = CameraEvent | TrackEvent
Item = Entry | CameraEvent | TrackEvent


def first_frame(seconds: float, fps: float) -> int:
    """The first frame that is not before that time."""
    return math.ceil(seconds * fps - ROUNDING_S)


def shortened(text: str, words: int = TITLE_WORDS) -> str:
    """The first words of a text."""
    first = text.split(maxsplit=words)
    return " ".join(first[:words]) + (" …" if len(first) > words else "")


def _tell_the_same(first: Tracks, second: Tracks) -> bool:
    if (first.fps, first.size) != (second.fps, second.size):
        return False
    names = ("visible", "identity", "scene", "pinned")
    if not all(np.array_equal(getattr(first, name), getattr(second, name)) for name in names):
        return False
    return np.array_equal(first.points[first.visible], second.points[second.visible])
