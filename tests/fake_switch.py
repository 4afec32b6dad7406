"""A video stream without networks for prompt switches: real sprites before real scenes, as the words say."""

import functools
from dataclasses import dataclass, replace

import numpy as np

from fake_video import FakeVideo
from playground.streams.video_values import CacheView, Switch
from playground.world.clips import VIDEO_OBJECTS, VIDEO_SCENES, render_take, sample_take

WINDOW = 6


@functools.cache
def painted(thing, scene):
    """The sprite in the middle of its scene, which is the same for all sprites."""
    take = sample_take(np.random.default_rng(3), 1, pairs=((thing, scene),), two=0.0, mist=None)
    return render_take(replace(take, seed=9))[0]


@dataclass(frozen=True)
class State:
    """A moment of the stream."""

    model: object
    controls: object
    kept: dict


class FakeSwitch(FakeVideo):
    """Shows what the prompt says from the next chunk on, and tells what the switch rewrote."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.model.words.words = ("a", "on", "the", "in", "at", *VIDEO_OBJECTS, *VIDEO_SCENES)

    def unknown_words(self, prompt):
        return tuple(word for word in prompt.split() if word not in self.model.words.words)

    def cut_short(self):
        self.impatient = True

    def update(self, controls):
        super().update(controls)
        if getattr(self, "impatient", False) and self.chunk is not None:
            self.shown, self.impatient = len(self.chunk.frames), False

    @property
    def state(self):
        names = ("frame", "index", "chunk", "shown", "prompts")
        kept = {name: getattr(self, name) for name in names}
        return State(self.model, self.controls, {**kept, "prompts": list(self.prompts)})

    @classmethod
    def restored(cls, state):
        return cls().go_back(state)

    def go_back(self, state):
        self.model, self.controls = state.model, state.controls
        vars(self).update(state.kept)
        self.prompts = list(self.prompts)
        return self

    restore = restored

    def _made(self, slots):
        old = self.prompts[-1] if self.prompts else None
        chunk = super()._made(slots)
        if old is None or old == chunk.prompt:
            return chunk
        frames = tuple(range(max(0, chunk.frame - WINDOW), chunk.frame))
        rewrites = self.controls.recache != "stale"
        switch = Switch(
            recache=self.controls.recache, kept=(0, 1, 2), rewritten=frames if rewrites else (),
            forgotten=(), positions=(), ms=41.0,
        )  # fmt: skip
        told = [
            p if f not in switch.rewritten else chunk.prompt for f, p in enumerate(self.prompts)
        ]
        self.prompts = told
        cache = chunk.cache
        cache = CacheView(
            roles=cache.roles, frames=cache.frames, attention=cache.attention,
            prompts=tuple(told[frame] for frame in cache.frames),
            rewritten=tuple(frame in switch.rewritten for frame in cache.frames), recache_ms=41.0,
        )  # fmt: skip
        return replace(chunk, switch=switch, cache=cache)

    def _frame(self, window, place):
        words = self.controls.prompt.split()
        thing = next((word for word in words if word in VIDEO_OBJECTS), "duck")
        scene = next((word for word in words if word in VIDEO_SCENES), "sea")
        shift = (self.frame + place) % 2
        return np.roll(painted(thing, scene), shift, axis=0)  # it breathes, so that frames differ
