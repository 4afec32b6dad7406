"""A stream of a few lines for the tests of the engine, and a way to wait for what a thread does."""

import threading
import time
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

FRAME = np.zeros((8, 8, 3), np.uint8)


@dataclass(frozen=True, kw_only=True)
class Knobs:
    prompt: str = "a fox"
    speed: float = 1.0
    paused: bool = False

    def __post_init__(self):
        if self.speed < 0:
            raise ValueError(f"speed must be >= 0, got {self.speed}")


class FakeStream:
    """Gives back the frame that went in `lag` steps ago, with its prompt noted."""

    size = (8, 8)

    def __init__(self, lag=0, step_s=0.002):
        self.controls, self.lag, self.step_s = Knobs(), lag, step_s
        self.frames, self.prompts, self.resets = [], [], 0
        self.threads = set()

    def update(self, controls):
        if controls.prompt == "forbidden":
            raise ValueError("prompt must be allowed, got 'forbidden'")
        if controls.prompt == "crash":
            raise RuntimeError("text encoder on fire")
        self.controls = controls

    def step(self, frame, slots=False):
        self.threads.add(threading.current_thread())
        time.sleep(self.step_s)
        if self.controls.prompt == "explode":
            raise ArithmeticError("the step exploded")
        self.prompts.append(self.controls.prompt)
        self.frames.append(frame)
        picture = self.frames[-1 - self.lag] if len(self.frames) > self.lag else None
        shown = np.stack([frame] * (self.lag + 1)) if slots else None
        return SimpleNamespace(
            picture=picture, slots=shown, skipped=False, timings={"unet": self.step_s * 1e3}
        )

    def reset(self):
        self.resets += 1
        self.frames.clear()


def flat(level):
    return np.full((8, 8, 3), level, np.uint8)


def until(condition, timeout_s=30):
    end = time.perf_counter() + timeout_s
    while time.perf_counter() < end:
        if condition():
            return
        time.sleep(0.002)
    raise AssertionError("what was waited for did not happen")
