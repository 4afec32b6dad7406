"""A stream without networks: it tints its input by the prompt, cheap enough for any machine."""

import time
import zlib
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from playground.streams.controls import Controls

WORDS = {
    "objects": ["fox", "cat", "car", "apple"],
    "backgrounds": ["snow", "sea", "grass", "red"],
    "colours": ["red", "blue"],
    "words": ["a", "an", "the", "on", "in"],
}


@dataclass(frozen=True)
class FakeStep:
    picture: np.ndarray
    slots: np.ndarray | None = None
    skipped: bool = False
    timings: dict = field(default_factory=lambda: {"encode": 1.0, "unet": 8.0, "decode": 2.0})


class FakeStream:
    """The interface of an image stream; `fail_on` makes a step raise, `work_s` makes it slow."""

    def __init__(self, side=64, work_s=0.02, words=WORDS):
        self.size = (side, side)
        self.work_s = work_s
        self.controls = Controls()
        self.model = SimpleNamespace(vocabulary=words)
        self.fail_with = None
        self.lag = 1
        self.count = 0

    def update(self, controls):
        if controls.seed == 666:
            raise ValueError("seed must not be 666, got 666; take another")
        self.controls = controls

    def step(self, frame, slots=False):
        if self.fail_with is not None:
            error, self.fail_with = self.fail_with, None
            raise error
        time.sleep(self.work_s)
        self.count += 1
        tint = np.frombuffer(zlib.crc32(self.controls.prompt.encode()).to_bytes(4, "big"), np.uint8)
        picture = (0.6 * frame + 0.4 * tint[:3]).astype(np.uint8)
        picture[-1, self.count % picture.shape[1]] = 255  # something moves, hardly to be seen
        many = np.stack([picture // (slot + 1) for slot in range(self.controls.steps)][::-1])
        return FakeStep(picture, many if slots else None)

    def reset(self):
        self.count = 0
