"""A video stream without networks: a ball that goes where the tracks say, before a striped scene."""

import time
from types import SimpleNamespace

import numpy as np

from playground.models.video_settings import VideoSettings
from playground.streams.video_controls import VideoControls
from playground.streams.video_values import CacheView, Chunk, VideoStep

WORDS = ("a", "on", "the", "duck", "fox", "cat", "sea", "snow", "grass", "night", "at")
RADIUS_PX = 7
BALL, SCENE = np.array([230, 60, 30]), np.array([60, 120, 160])


class FakeVideo:
    """The interface of a video stream; `fail_with` makes a step raise, `work_s` is the time of a chunk."""

    def __init__(self, work_s=0.03, fps=20, side=64):
        self.fps, self.size, self.work_s = fps, (side, side), work_s
        self.controls = VideoControls()
        self.model = SimpleNamespace(
            settings=VideoSettings(fps=fps, timesteps=(1000.0, 500.0)),
            words=SimpleNamespace(words=WORDS),
        )
        self.fail_with = None
        self.reset()

    def reset(self):
        self.frame, self.index, self.chunk, self.shown = 0, 0, None, 0
        self.ball, self.shift = np.array([32.0, 40.0]), np.zeros(2)
        self.prompts = []

    def check(self, controls):
        if controls.seed == 666:
            raise ValueError("seed must not be 666, got 666; take another")

    def update(self, controls):
        self.check(controls)
        self.controls = controls

    def step(self, frame=None, *, slots=False):
        if self.fail_with is not None:
            error, self.fail_with = self.fail_with, None
            raise error
        if self.chunk is None or self.shown == len(self.chunk.frames):
            self.chunk, self.shown = self._made(slots), 0
        self.shown += 1
        return VideoStep(chunk=self.chunk, place=self.shown - 1)

    def _made(self, slots):
        time.sleep(self.work_s)
        count, start = self.controls.chunk or 3, self.frame
        tracks = self.controls.tracks
        lead = int(start > 0)
        told = None if tracks is None else tracks.window(start - lead, count + lead)
        frames = np.stack([self._frame(told, place + lead) for place in range(count)])
        self.frame, self.index = start + count, self.index + 1
        self.prompts += [self.controls.prompt] * count
        return Chunk(
            frames=frames,
            index=self.index - 1,
            frame=start,
            prompt=self.controls.prompt,
            timings={"network": 20.0, "decode": 4.0, "total": 25.0},
            cache=self._cache(count, slots),
            tracks=None if told is None else told.window(lead, count),
        )

    def _frame(self, window, place):
        if window is not None:
            told = window.visible[place]
            things, scene = told & ~window.scene, told & window.scene
            self.ball = window.points[place][things][0] if things.any() else self.ball
            if scene.any() and place:
                both = scene & window.visible[place - 1]
                self.shift = self.shift + (window.points[place] - window.points[place - 1])[
                    both
                ].mean(0)
        y, x = np.mgrid[: self.size[0], : self.size[1]] + 0.5
        stripes = (np.floor((x - self.shift[0]) / 8) + np.floor((y - self.shift[1]) / 8)) % 2
        picture = SCENE + 10 * stripes[..., None]
        dx, dy = x - self.ball[0], y - self.ball[1]
        ball = BALL + 45 * (np.sin(1.2 * dx) * np.cos(1.1 * dy))[..., None]  # something to follow
        inside = np.hypot(dx, dy) < RADIUS_PX
        return np.where(inside[..., None], ball, picture).clip(0, 255).astype(np.uint8)

    def _cache(self, count, slots):
        end = self.frame  # the chunk is counted already
        frames = [*range(min(3, end)), *range(max(3, end - 2 * count), end)]
        roles = ["sink" if f < 3 else "current" if f >= end - count else "window" for f in frames]
        told = self.prompts
        attention = ((0.3, 0.4, 0.3), (0.1, 0.2, 0.7)) if slots else None
        prompts = tuple(told[f] for f in frames)
        return CacheView(
            roles=tuple(roles), frames=tuple(frames), prompts=prompts, attention=attention
        )
