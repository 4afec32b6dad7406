"""Plays a timeline on a video stream: what holds at each chunk's start is set through its controls.

    player = TimelinePlayer(video, Timeline.read("a duck on the sea[5s] | a cat on the beach[5s]"))
    chunk = next(player)                       # or Engine(player, max_fps=player.fps)
    player.timeline = player.timeline.split(7) # edited while it plays; the past is refused

A prompt asked for at frame f fires at the first chunk that starts at f or later, as in LongLive's released
code. Paths and camera moves are told frame by frame. A person's knobs stay as they are, except for the
prompt when an entry begins: a prompt set by hand holds until the next entry. The player has the face of
a stream, so an `Engine` drives it; its verbs may be called from any thread. Knows no network.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any, no_type_check

from playground.conditioning.timeline import Timeline
from playground.conditioning.timeline_checks import checked_seconds
from playground.conditioning.timeline_tracks import CameraGrids, Clock, PlayedTracks
from playground.conditioning.timeline_values import ROUNDING_S, Entry, first_frame
from playground.streams.timeline_speech import chunk_frames, has_frames_left, speech_of
from playground.streams.video_knobs import VideoKnobs


class TimelinePlayer(VideoKnobs):
    """A video stream under a timeline; everything else of the stream is reached through it."""

    @no_type_check
    def __init__(
        self, stream: Any, timeline: Timeline | None = None, *, playing: bool = True
    ) -> None:
        _check_timeline(timeline := Timeline() if timeline is None else timeline)
        self._lock = threading.RLock()
        self.stream, self._timeline, self.remarks = stream, timeline, timeline.remarks
        self._hand = stream.controls  # what a person set; the timeline's words are laid over it
        self._hand_from = stream.frame
        self._spoken: str | None = None  # the timeline's prompt, where it rules
        self._making_to = 0  # first frame after the chunk that is being made
        self._clock, self._grids = Clock(since=stream.frame), CameraGrids()
        self._silent = True  # until it is played for the first time, and after `stop`
        self._with_tracks = False  # once a path was played, the stream keeps asking the player
        self._forget()
        if playing:
            self.play()

    # ------------------------------------------------------------ what people do

    @property
    def timeline(self) -> Timeline:
        """What is played, marked with what is past; setting another one keeps the past."""
        return self._timeline.fixed_until(self.fixed_s)

    @timeline.setter
    @no_type_check
    def timeline(self, edited: Timeline) -> None:
        _check_timeline(edited)
        with self._lock:
            self._timeline.check_edit(edited, self.fixed_s)
            self._timeline, self.remarks = edited, edited.remarks

    @no_type_check
    def load(self, timeline: Timeline) -> None:
        """Another timeline from its beginning; the video goes on without a cut."""
        _check_timeline(timeline)
        with self._lock:
            self._timeline, self.remarks = timeline, timeline.remarks
            self.seek(0)

    def play(self) -> None:
        """Go on from where the timeline stands."""
        with self._lock:
            self._silent = False
            self._tick(running=True)

    def pause(self) -> None:
        """The timeline stands still from the next chunk on; the video itself goes on."""
        with self._lock:
            self._tick(running=False)

    @no_type_check
    def seek(self, seconds: float) -> None:
        """Jump to another time of the timeline; the video goes on without a cut."""
        seconds = checked_seconds(seconds, "seconds")
        with self._lock:
            frame, running = first_frame(seconds, self.stream.fps), self._clock.running
            self._clock = Clock(since=self._next, first=frame, seen=frame, running=running)
            self._forget()

    def restart(self) -> None:
        """The video and its timeline from the beginning: the same frames again."""
        with self._lock:
            self.reset()
            self.play()

    def stop(self) -> None:
        """Say nothing any more: the prompt stays, the timeline's paths and camera end."""
        with self._lock:
            self._clock, self._silent = Clock(since=self._next), True
            self._hand = replace(self._hand, prompt=self.stream.controls.prompt)
            self._spoken = None
            self._forget()
            self._apply(self._laid_over(self._hand_way))

    # ------------------------------------------------------------ where it stands

    @property
    def playing(self) -> bool:
        """Whether the timeline goes on with the video."""
        return self._clock.running

    @property
    def time(self) -> float:
        """Seconds on the timeline of the next chunk's first frame."""
        return self._clock.frame(self._next) / self.stream.fps

    @property
    def fixed_s(self) -> float:
        """What lies before has been played, or is being made."""
        return self.time

    @property
    def over(self) -> bool:
        """Whether nothing comes any more."""
        return self.time >= self._timeline.duration

    # ------------------------------------------------------------ the face of a stream

    @property
    def controls(self) -> Any:
        """The stream's, with what the timeline says."""
        return self.stream.controls

    @no_type_check
    def check(self, controls: Any) -> None:
        """Raise ValueError for what the stream would refuse; changes nothing."""
        self.stream.check(controls)

    @no_type_check
    def update(self, controls: Any) -> None:
        """A person's knobs; they hold wherever the timeline says nothing."""
        with self._lock:
            hand, now = self._hand_controls(controls), self.stream.controls
            spoken = self._spoken if controls.prompt == now.prompt else None
            from_frame = self._hand_from if hand.tracks is self._hand.tracks else self._next
            before = self._hand, self._spoken, self._hand_from
            self._hand, self._spoken, self._hand_from = hand, spoken, from_frame
            try:
                self._apply(self._laid_over(controls.transition))
            except ValueError:
                self._hand, self._spoken, self._hand_from = before
                raise

    def step(self, frame: None = None, **wants: Any) -> Any:
        """The stream's next frame, under what the timeline says."""
        with nullcontext() if has_frames_left(self.stream) else self._chunk():
            return self.stream.step(frame, **wants)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        """The stream's next chunk, under what the timeline says."""
        with self._chunk():
            return next(self.stream)

    def reset(self) -> None:
        """Video and timeline at their beginning, the hand's knobs as a person left them."""
        with self._lock:
            self.stream.reset()
            self._clock, self._making_to = Clock(running=self._clock.running), 0
            self._hand_from, self._with_tracks = 0, False
            self._grids = CameraGrids()
            self._spoken = None
            self._forget()
            self._apply(self._hand)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "stream":
            raise AttributeError(name)
        return getattr(self.stream, name)

    # ------------------------------------------------------------ at a chunk's start

    @property
    def _next(self) -> int:
        """First frame that no chunk has, nor is about to have."""
        return max(self.stream.frame, self._making_to)

    @contextmanager
    def _chunk(self) -> Iterator[None]:
        """Around the making of a chunk: what holds is said before, and no edit reaches its frames."""
        with self._lock:
            self._speak()
            self._making_to = self.stream.frame + chunk_frames(self.stream)
        try:
            yield
        finally:
            self._making_to = 0

    def _speak(self) -> None:
        """Set what holds now; what the stream refuses of it is a remark, and all stays as it was."""
        before = self._spoken
        way = self._way if self.stream.frame < self._way_until else self._hand_way
        if self._clock.running:
            frame = self._clock.frame(self.stream.frame)
            entry = self._timeline.at((frame + ROUNDING_S) / self.stream.fps).entry
            if entry is not None and entry.number != self._said:
                way = self._begin(entry)
        try:
            self._apply(self._laid_over(way))
        except ValueError as error:
            self._spoken, remark = before, f"the stream refused: {error}"
            self.remarks = (*(r for r in self.remarks if r != remark), remark)

    def _begin(self, entry: Entry) -> Any:
        """An entry takes over; gives the way in which its words come in."""
        speech = speech_of(entry, self.stream)
        self._said, self.remarks = entry.number, (*self._timeline.remarks, *speech.remarks)
        if speech.prompt is None:
            return self._hand_way
        self._spoken, self._way = speech.prompt, speech.way
        self._way_until = self.stream.frame + speech.frames
        return speech.way

    @property
    def _hand_way(self) -> Any:
        return getattr(self._hand, "transition", None)

    def _laid_over(self, way: Any) -> Any:
        """The hand's controls under the timeline's words and paths."""
        told = {"transition": way} if hasattr(self._hand, "transition") else {}
        if self._spoken is not None:
            told["prompt"] = self._spoken
        events = () if self._silent else self._timeline.events
        self._with_tracks |= bool(events)
        if self._with_tracks:
            told["tracks"] = PlayedTracks(
                events=events, clock=self._clock, fps=self.stream.fps,
                size=self.stream.size, hand=self._hand.tracks, hand_from=self._hand_from,
                grids=self._grids,
            )  # fmt: skip
        return replace(self._hand, **told)

    def _hand_controls(self, controls: Any) -> Any:
        """What of these controls a person set, rather than the timeline."""
        now, kept = self.stream.controls, {}
        if isinstance(controls.tracks, PlayedTracks):
            kept["tracks"] = self._hand.tracks
        for name in ("prompt", "transition"):
            if getattr(controls, name, None) == getattr(now, name, None):
                kept[name] = getattr(self._hand, name, None)
        return replace(controls, **{k: v for k, v in kept.items() if hasattr(controls, k)})

    def _apply(self, controls: Any) -> None:
        if controls != self.stream.controls:
            self.stream.update(controls)

    def _tick(self, running: bool) -> None:
        """Let the clock run, or stand, from the next chunk on."""
        if running != self._clock.running:
            frame = self._clock.frame(self._next)
            goes_on = self._said is not None
            self._clock = replace(
                self._clock, since=self._next, first=frame, running=running, goes_on=goes_on
            )

    def _forget(self) -> None:
        """The entry that holds is said anew with the next chunk."""
        self._said: int | None = None
        self._way, self._way_until = None, 0


def _check_timeline(timeline: Any) -> None:
    if not isinstance(timeline, Timeline):
        raise ValueError(
            f"timeline must be a Timeline, got {type(timeline).__name__}; use Timeline.read(...)"
        )
