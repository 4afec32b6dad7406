"""Several video streams from one moment on, each with a knob of its own, step by step together.

    before = video.state                                   # then the prompt changes
    what_if = Lockstep(before, {"rewritten": {"recache": "longlive"}, "left": {"recache": "stale"}})
    what_if.update(replace(what_if.controls, prompt="a cat on the sea"))
    what_if.step().picture                                 # the frames side by side

An `Engine` drives it as it drives one stream. All go on from the same past with the same noise and the same
words, so whatever differs between the pictures comes from the knob. They share the network's weights and,
until they differ, the past. The stream that the moment was taken from is not touched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import UInt8

from playground.streams.video_controls import VideoControls
from playground.streams.video_stream import VideoStream
from playground.streams.video_values import Chunk, VideoStep

MOST = 4


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LockstepStep:
    """The same frame of every stream."""

    steps: tuple[VideoStep, ...]

    skipped: bool = False
    slots: None = None

    @property
    def picture(self) -> UInt8[np.ndarray, "H W 3"]:
        """The frames side by side."""
        return np.concatenate([step.picture for step in self.steps], axis=1)

    @property
    def frame(self) -> int:
        """Its number, the same for all."""
        return self.steps[0].frame

    @property
    def is_fresh(self) -> bool:
        """Whether it begins a chunk."""
        return self.steps[0].is_fresh

    @property
    def timings(self) -> dict[str, float]:
        """Of all streams together."""
        names = dict.fromkeys(name for step in self.steps for name in step.timings)
        return {name: sum(step.timings.get(name, 0.0) for step in self.steps) for name in names}

    @property
    def details(self) -> tuple[Chunk, ...]:
        """The chunks, in the order of the variants."""
        return tuple(step.chunk for step in self.steps)


class Lockstep:
    """Streams named by `variants`: {label: the knobs that are its own}; 1 to 4 of them.

    `controls` are common to all but for those knobs. `restore` makes a stream from the moment `state`.
    """

    def __init__(
        self,
        state: Any,  # a VideoSnapshot
        variants: Mapping[str, Mapping[str, Any]],
        *,
        restore: Any = VideoStream.restore,
    ) -> None:
        if not 1 <= len(variants) <= MOST:
            raise ValueError(f"variants must be 1..{MOST} streams, got {len(variants)}")
        self._state, self._restore = state, restore
        self.variants = {label: dict(own) for label, own in variants.items()}
        self.controls = replace(state.controls, paused=False)
        self.streams = {label: restore(state) for label in self.variants}
        self.update(self.controls)

    @property
    def fps(self) -> float | int:
        """Frames a second."""
        return self._first.fps

    @property
    def size(self) -> tuple[int, int]:
        """Pixels (H, W) of the frames side by side."""
        height, width = self._first.size
        return height, width * len(self.streams)

    @property
    def frame(self) -> int:
        """Number of the first frame of the next chunk."""
        return self._first.frame

    def check(self, controls: VideoControls) -> None:
        """Raise ValueError for controls that one of the streams would refuse; changes nothing."""
        for label, stream in self.streams.items():
            stream.check(replace(controls, **self.variants[label]))

    def update(self, controls: VideoControls) -> None:
        """Other controls for all of them, from the next chunk on; on an error the old ones stay."""
        self.check(controls)
        for label, stream in self.streams.items():
            stream.update(replace(controls, **self.variants[label]))
        self.controls = controls

    def step(self, frame: None = None, *, slots: bool = False) -> LockstepStep:
        """The next frame of every stream."""
        return LockstepStep(steps=tuple(s.step(slots=slots) for s in self.streams.values()))

    def reset(self) -> None:
        """All of them back to the moment they began at."""
        self.streams = {label: self._restore(self._state) for label in self.variants}
        self.update(self.controls)

    @property
    def _first(self) -> Any:
        return next(iter(self.streams.values()))
