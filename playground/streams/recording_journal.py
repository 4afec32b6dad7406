"""Writes a run down while it goes: one line of JSON a step, out of the process before the next step begins.

    {"format": "playground recording", "version": 1, "kind": "video", "model": {...}, "controls": {...}}
    {"step": 0, "s": 0.031}
    {"step": 1, "s": 0.063, "knobs": {"prompt": "a cat on the beach"}}
    {"step": 2, "s": 0.094, "window": {...}}

A line says what this step was the first to be made with: knobs that changed, another input frame (PNG in
base64), the paths that live tracks commanded, which networks answered. A step of video is a chunk. A step
that failed changed nothing and has no line. When the file cannot be written (a full disk) the journal
ends and the stream goes on: `error` says why, and what was written stays readable.
"""

import dataclasses
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from playground.conditioning.tracks import Tracks
from playground.frames.tensors import from_tensor
from playground.models import network_choice
from playground.streams.recording_values import as_json, frame_as_text, knobs

FORMAT, VERSION = "playground recording", 1


class Journal(AbstractContextManager["Journal"]):
    """The journal of one stream; `Recording.start` makes it and hands it to the stream.

    `on_error(exception)` is called on the thread that steps and must only hand on the news.
    """

    def __init__(
        self,
        path: Path,
        head: dict[str, Any],
        controls: Any,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        self.path, self.on_error = path, on_error
        self.steps, self.error = 0, None
        self._controls, self._settings = controls, dict(head["settings"])
        self._frame: np.ndarray | None = None
        self._letters = ""
        self._ear: Ear | None = None
        self._lock, self._began = threading.Lock(), time.perf_counter()
        head = {"format": FORMAT, "version": VERSION, **head, "controls": knobs(controls)}
        try:
            self._file: Any = path.open("w", encoding="utf-8", buffering=1)  # a line at a time
            self._file.write(json.dumps(head, ensure_ascii=False) + "\n")
        except OSError as error:
            raise OSError(_unwritable(path, error)) from error

    @property
    def is_open(self) -> bool:
        """Whether steps are still written down."""
        return self._file is not None

    def stop(self) -> None:
        """Write nothing any more; the file is whole."""
        with self._lock:
            file, self._file = self._file, None
            if file is not None:
                file.close()

    def __exit__(self, *_: Any) -> None:
        self.stop()

    # ------------------------------------------------------------ what a stream tells

    def listening(self, controls: Any) -> Any:
        """The controls with an ear on live paths: what they command cannot be asked for again."""
        tracks = getattr(controls, "tracks", None)
        if tracks is None or isinstance(tracks, Tracks):
            return controls
        if self._ear is None or self._ear.tracks is not tracks:
            self._ear = Ear(tracks)
        return dataclasses.replace(controls, tracks=self._ear)

    @contextmanager
    def step(self, controls: Any, pixels: Tensor | None = None, **settings: Any) -> Iterator[None]:
        """Around one step: write it down when it was made, and nothing when it failed."""
        with network_choice.noted() as letters:
            yield
        self._note({"step": self.steps}, controls, pixels, settings, "".join(letters))

    @contextmanager
    def flush(self, controls: Any, **settings: Any) -> Iterator[None]:
        """Around a flush, as `step`."""
        with network_choice.noted() as letters:
            yield
        self._note({"flush": True}, controls, self._frame, settings, "".join(letters))

    def reset(self) -> None:
        """The stream begins anew."""
        self._write({"reset": True})

    def went_back(self) -> None:
        """The stream went to a snapshot, whose past is not in this file: the recording ends."""
        self._write({"end": "the stream went to a snapshot"})
        self.stop()

    # ------------------------------------------------------------ lines

    def _note(
        self, line: dict[str, Any], controls: Any, pixels: Any, settings: dict, letters: str
    ) -> None:
        if not self.is_open:
            return
        try:
            line = {**line, "s": round(time.perf_counter() - self._began, 3)}
            line |= self._changes(controls, settings, letters) | self._input(pixels)
        except ValueError as error:  # a value that no file can hold
            self._end(error)
            return
        self.steps += "step" in line
        self._write(line)

    def _changes(self, controls: Any, settings: dict, letters: str) -> dict[str, Any]:
        changed = {
            "knobs": knobs(controls, self._controls) if controls is not self._controls else {},
            "settings": {k: v for k, v in settings.items() if v != self._settings.get(k)},
        }
        if letters != self._letters:
            changed["networks"] = letters
        if self._ear is not None and self._ear.told is not None:
            (start, count, window), self._ear.told = self._ear.told, None
            changed["window"] = {"start": start, "count": count, "tracks": as_json(window)}
        self._controls, self._letters = controls, letters
        self._settings |= settings
        return {name: value for name, value in changed.items() if value or name == "networks"}

    def _input(self, pixels: Any) -> dict[str, Any]:
        """The frames that went in, when they are others than the step before."""
        frames = from_tensor(pixels) if isinstance(pixels, Tensor) else pixels
        before, self._frame = self._frame, frames
        if frames is before or (
            frames is not None and before is not None and np.array_equal(frames, before)
        ):
            return {}
        return {"frames": None if frames is None else [frame_as_text(one) for one in frames]}

    def _write(self, line: dict[str, Any]) -> None:
        with self._lock:
            if self._file is None:
                return
            try:
                self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
                return
            except OSError as error:
                failure = OSError(_unwritable(self.path, error))
        self._end(failure)

    def _end(self, error: Exception) -> None:
        self.error = error
        try:
            self.stop()
        except OSError:  # the rest of a line that the disk did not take
            self._file = None
        if self.on_error is not None:
            self.on_error(error)


class Ear:
    """Live tracks, with the last window that they told."""

    def __init__(self, tracks: Any) -> None:
        self.tracks, self.told = tracks, None

    def window(self, start: int, count: int) -> Any:
        """What the tracks say."""
        window = self.tracks.window(start, count)
        self.told = (start, count, window)
        return window


def _unwritable(path: Path, error: OSError) -> str:
    return (
        f"recording {str(path)!r} could not be written; is the disk full, is writing allowed there? "
        f"{error.strerror or error}"
    )
