"""A recording: everything that makes a run again, in one readable file.

    with Recording.start(video, "walk.jsonl"):      # from now on every chunk is written down
        ...                                         # knobs, tracks, an Engine: whatever drives it
    for chunk in Recording.load("walk.jsonl").replay(recache="stale"):
        show(chunk.frames)

The file holds what was asked for (seed, model, settings, controls, input frames) and not what was seen, so
an hour of video is a few hundred kilobytes; `recording_journal` tells its lines. `replay` gives the same
frames bit for bit on the same device, or those of a run with some knobs turned otherwise.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, no_type_check

from playground.frames.exporting import Progress, export
from playground.models.fingerprint import fingerprint
from playground.streams import recording_head as heads
from playground.streams.recording_file import read
from playground.streams.recording_journal import Journal
from playground.streams.recording_replay import check_overrides, decoded_knobs, replayed
from playground.streams.recording_values import from_json
from playground.streams.weighted_prompts import in_words


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """A run that was recorded; made by `load`."""

    path: Path
    head: Mapping[str, Any]
    lines: tuple[Mapping[str, Any], ...]
    remarks: tuple[str, ...] = ()  # what a person should know: a line that was cut off
    _models: dict[str, Any] = field(default_factory=dict, repr=False)

    @staticmethod
    @no_type_check  # public entries check in words
    def start(
        stream: Any,
        path: str | Path,
        *,
        on_error: Callable[[Exception], None] | None = None,
    ) -> Journal:
        """Write down every step that `stream` makes, until the journal is stopped.

        The stream must be at its beginning. A file of that name is never written over.
        """
        heads.check_recordable(stream)
        path = heads.checked_path(path)
        journal = Journal(path, heads.head_of(stream), stream.controls, on_error)
        stream.journal = journal
        return journal

    @classmethod
    @no_type_check
    def load(cls, path: str | Path) -> "Recording":
        """Read a recording; a last line that was cut off is left out and named in `remarks`."""
        head, lines, remarks = read(Path(path))
        return cls(path=Path(path), head=head, lines=lines, remarks=remarks)

    # ------------------------------------------------------------ looked at

    @property
    def kind(self) -> str:
        """Of the stream: "image" or "video"."""
        return self.head["kind"]

    @property
    def steps(self) -> int:
        """How many steps, chunks for video."""
        return sum("step" in line for line in self.lines)

    @property
    def seconds(self) -> float:
        """How long the run took."""
        return max((line["s"] for line in self.lines if "s" in line), default=0.0)

    @property
    def fps(self) -> float:
        """Of the video; of pictures, the mean rate at which they came."""
        return self.head["fps"] or min(max(self.steps / max(self.seconds, 1e-3), 1.0), 60.0)

    @property
    def about(self) -> dict[str, Any]:
        """What a clip of this run should say of itself: the first line, without paths and pictures."""
        short = {k: v for k, v in self.head["controls"].items() if not isinstance(v, Mapping)}
        return {**self.head, "controls": short}

    @property
    def controls(self) -> Any:
        """Those of the beginning."""
        return heads.controls_kind(self.kind)(**decoded_knobs(self.head["controls"], heads.SILENT))

    @property
    def prompts(self) -> tuple[tuple[int, str], ...]:
        """(step, prompt in words) of the beginning and of every other prompt."""
        found, at = [(0, in_words(self.controls.prompt))], 0
        for line in self.lines:
            at = line.get("step", at)
            if "prompt" in line.get("knobs", {}):
                found.append((at, in_words(from_json(line["knobs"]["prompt"]))))
        return tuple(found[1:] if len(found) > 1 and found[1][0] == 0 else found)

    # ------------------------------------------------------------ made again

    @no_type_check
    def replay(self, model: Any = None, *, check_model: bool = True, **overrides: Any) -> Iterator:
        """The run again: pictures uint8 [H, W, 3] of an image stream, chunks of a video stream.

        `model` is a model, "tiny" or a folder, by default the one that was recorded; another one is
        refused unless check_model=False. `overrides` are knobs that hold all along, such as
        recache="stale"; without any the frames are the same bit for bit on the same device.
        """
        return (made for made, _ in self._told(model, check_model, overrides))

    @no_type_check
    def frames(self, model: Any = None, **overrides: Any) -> Iterator[tuple[Any, str]]:
        """Every frame of the replay, with the prompt that was asked for when it was made."""
        told = self._told(model, True, overrides)
        return ((frame, text) for made, text in told for frame in _frames(made))

    @no_type_check
    def export(
        self,
        path: str | Path,
        *,
        model: Any = None,
        fps: float | None = None,
        scale: int = 1,
        **overrides: Any,
    ) -> Iterator[Progress]:
        """Replay into a clip, with prompts as subtitles and the settings inside; see `frames.export`.

        `fps` None is the video's own rate, or the mean rate at which pictures came.
        """
        pairs = self.frames(model, **overrides)
        fps = self.fps if fps is None else fps
        return export(pairs, path, fps=fps, scale=scale, about=self.about | overrides)

    def _told(self, model: Any, check_model: bool, overrides: Mapping[str, Any]) -> Iterator[Any]:
        """What every step gives, and its prompt; what is wrong with the arguments is raised at once."""
        check_overrides(overrides, self.controls, f"the recorded {self.kind} stream")
        model = self.model(model, check_model=check_model)
        stream = heads.stream_of(self.head, model, replace(self.controls, **overrides))
        return replayed(stream, self.lines, self.head["controls"], overrides)

    @no_type_check
    def model(self, source: Any = None, *, check_model: bool = True) -> Any:
        """The model of the recording, loaded once; or `source`, after it was compared with it."""
        key = repr(source) if isinstance(source, str | Path | None) else None
        model = self._models.get(key)
        if model is None:
            model = heads.loaded(self.head, source)
        recorded, got = self.head["model"]["fingerprint"], fingerprint(model)
        if check_model and got != recorded:
            raise ValueError(
                f"model must be the recorded one {self.head['model']['name']!r} with the weights "
                f"{recorded}, got {got}; hand in the right one, or replay with this one on purpose: "
                "check_model=False"
            )
        if key is not None:
            self._models[key] = model
        return model

    @no_type_check
    def differences(self, model: Any = None) -> tuple[str, ...]:
        """What is different here from where it was recorded, in words; () = replays bit for bit."""
        here = heads.place_of(self.model(model, check_model=False))
        there = self.head["place"]
        return tuple(
            f"{name} was {there.get(name)!r}, is {here[name]!r}"
            for name in here
            if here[name] != there.get(name)
        )

    def __repr__(self) -> str:
        name = self.head["model"]["name"]
        return f"Recording({self.kind}, {name!r}, {self.steps} steps, {json.dumps(self.prompts[0][1])})"


def _frames(made: Any) -> Any:
    """Single frames of a chunk, a picture, or the pictures of a frame buffer."""
    frames = getattr(made, "frames", made)
    return frames if frames.ndim == 4 else frames[None]
