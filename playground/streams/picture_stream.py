"""The face that all streams of pictures share, whatever makes the pictures behind it.

A subclass says what a step, a flush and a reset are; size, frame buffer, calling it like a function,
endless pictures and clips follow from these. Knows no diffusion.
"""

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any, no_type_check

from playground.models.image_model import ImageModel
from playground.streams import serving
from playground.streams.controls import Controls
from playground.streams.framing import Framing
from playground.streams.knobs import Knobs
from playground.streams.snapshots import Picture, Step
from playground.streams.stopwatch import waits_for


class PictureStream(Knobs):
    """Frames of one size in, pictures of that size out, by `step`, `flush` and `reset`."""

    __slots__ = ("_announced", "_fed", "_framing", "_wait", "model")

    @no_type_check  # public entries check in words
    def __init__(
        self, model: ImageModel, size: tuple[int, int] | None, frame_buffer: int, unit: int
    ) -> None:
        size = model.size if size is None else size
        self.model, self._wait = model, waits_for(model.device)
        self._framing = Framing(size=size, frames=frame_buffer, unit=unit)
        self._fed: bool | None = None  # whether the last step had a frame
        self._announced: bool | None = None  # what `expect_input` was told

    @property
    def size(self) -> tuple[int, int]:
        """Pixels (H, W) of frames and pictures."""
        return self._framing.size

    @property
    def frame_buffer(self) -> int:
        """Frames that go into one step, 1..4."""
        return self._framing.frames

    @property
    def cannot(self) -> dict[str, str]:
        """Knobs that this model cannot serve, each with the reason in words."""
        return serving.of_pictures(self.model)

    @no_type_check
    def expect_input(self, comes: bool | None) -> None:
        """Say beforehand that steps get a frame (True), or none (False, text to image); None = see.

        Whoever drives the stream knows it before the first step. Raises ValueError for False while
        the controls need a frame. Without a word from outside, the last step is what counts.
        """
        if comes is False:
            self.controls.check_text_to_image()
        self._announced = comes

    @no_type_check
    def check_input(self, controls: Controls) -> None:
        """Raise ValueError for a mask, or a ControlNet without an image, on text to image."""
        comes = self._fed if self._announced is None else self._announced
        if comes is False:
            controls.check_text_to_image()

    def step(self, frame: Any = None, *, slots: bool = False) -> Step:
        """One step with an input frame, or with fresh noise for None (text to image)."""
        raise NotImplementedError

    def flush(self) -> list[Picture]:
        """Pictures of the frames still in flight, oldest first; the stream is empty afterwards."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget the frames in flight and everything seen; the controls stay."""
        raise NotImplementedError

    def __call__(self, frame: Any) -> Picture:
        """The newest picture after `frame` went in: uint8 [H, W, 3], or [b, H, W, 3] for a buffer.

        A frame is anything that `playground.frames.as_frame` takes; a buffer a list of b frames.
        """
        return self.step(frame).picture

    def __iter__(self) -> Iterator[Picture]:
        """Text to image: endless pictures uint8 [H, W, 3], each one from fresh noise."""
        self.controls.check_text_to_image()  # now, not at the first picture
        return self._endless()

    def _endless(self) -> Iterator[Picture]:
        for picture in self._each_once(repeat(None)):
            yield from picture if self.frame_buffer > 1 else [picture]

    def clip(self, frames: Iterable[Any]) -> Iterator[Picture]:
        """One picture uint8 [H, W, 3] for every frame of a clip, in order, none lost at the end.

        Starts with an empty stream. Frames that the similarity filter holds back have no picture.
        """
        if self.frame_buffer > 1:
            raise ValueError(f"frame_buffer must be 1 to make a clip, got {self.frame_buffer}")
        self.reset()
        yield from self._each_once(frames)
        yield from self.flush()

    def _each_once(self, frames: Iterable[Any]) -> Iterator[Picture]:
        """Pictures of all inputs, without the repeats while the slots fill."""
        shown = -1
        for step in map(self.step, frames):
            if step.frame != shown:
                shown = step.frame
                yield step.picture
