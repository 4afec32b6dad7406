"""Makes the frames of a recording again, line by line.

On the same device, with as many threads and the same versions the frames are the same bit for bit: every
random number is a function of seeds and counters, controls act at the step at which they acted, and every
call is answered by the network that answered it then. With `overrides` the run is another one under the
same commands: a fair comparison. Knows no files; the lines are what `recording_journal` wrote.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields, replace
from typing import Any

from playground.conditioning.tracks import Tracks
from playground.models import network_choice
from playground.streams.recording_values import frame_from_text, from_json
from playground.streams.weighted_prompts import in_words

LATER = ("resink", "camera_memory", "emphasis")  # knobs that the oldest recordings do not have


class Told:
    """What live paths commanded, chunk by chunk."""

    def __init__(self) -> None:
        self._windows: dict[tuple[int, int], Tracks] = {}

    def hear(self, window: Mapping[str, Any]) -> None:
        """Of the next chunk; older ones are not asked for again."""
        self._windows = {(window["start"], window["count"]): from_json(window["tracks"])}

    def window(self, start: int, count: int) -> Tracks:
        """The recorded window of these frames."""
        if (start, count) not in self._windows:
            raise ValueError(
                f"chunks must be as long as they were recorded to hear live paths again, got frames "
                f"{start}..{start + count - 1}; replay without another chunk"
            )
        return self._windows[start, count]


def replayed(
    stream: Any,
    lines: Sequence[Mapping[str, Any]],
    first: Mapping[str, Any],
    overrides: Mapping[str, Any],
) -> Iterator[tuple[Any, str]]:
    """What every step gave, and its prompt: pictures of an image stream, chunks of a video stream.

    `stream` is a fresh one under the recorded settings, `first` the knobs of the beginning.
    """
    told, letters, frames = Told(), "", None
    if hasattr(stream, "expect_input"):
        stream.expect_input(True)  # what a step had comes with its own line
    wanted = type(stream.controls)(
        **{**_since(first, stream.controls), **decoded_knobs(first, told)}
    )
    for line in lines:
        if line.get("reset"):
            stream.reset()
            continue
        wanted = replace(wanted, **decoded_knobs(line.get("knobs", {}), told))
        stream.update(replace(wanted, **overrides))
        if "mode" in line.get("settings", {}):
            stream.mode = line["settings"]["mode"]
        if "window" in line:
            told.hear(line["window"])
        letters = line.get("networks", letters)
        frames = line.get("frames", frames)
        with nullcontext() if overrides else network_choice.dictated(letters):
            made = _made(stream, line, frames)
        for one in made:
            yield one, in_words(stream.controls.prompt)


def _since(told: Mapping[str, Any], controls: Any) -> dict[str, bool]:
    """Knobs that came later than the recording: off, as streams were without them."""
    return {name: False for name in LATER if name not in told and hasattr(controls, name)}


def decoded_knobs(knobs: Mapping[str, Any], live: Any) -> dict[str, Any]:
    """Values of knobs as a line holds them."""
    return {name: from_json(value, live) for name, value in knobs.items()}


def check_overrides(overrides: Mapping[str, Any], controls: Any, recorded: str) -> None:
    """Raise ValueError for knobs that do not exist, or that a replay cannot turn."""
    known = [field.name for field in fields(controls)]
    foreign = sorted(set(overrides) - set(known))
    if foreign:
        raise ValueError(
            f"overrides must be knobs of {recorded}: {', '.join(known)}; got {foreign[0]!r}"
        )
    if "chunk" in overrides:
        raise ValueError(
            "chunk must stay as it was recorded, since steps are counted in chunks, "
            f"got {overrides['chunk']!r}"
        )
    replace(controls, **overrides)  # refuses bad values before anything is made


def _made(stream: Any, line: Mapping[str, Any], frames: Any) -> list[Any]:
    if line.get("flush"):
        return stream.flush()
    if not hasattr(stream, "frame_buffer"):
        return [next(stream)]
    pictures = None if frames is None else [frame_from_text(text) for text in frames]
    if pictures is not None and stream.frame_buffer == 1:
        (pictures,) = pictures
    return [stream(pictures)]
