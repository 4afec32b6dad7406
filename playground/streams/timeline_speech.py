"""What an entry of a timeline says to one stream: the prompt it can hear, how it comes in, and remarks.

A transition of some seconds becomes one of whole chunks. A stream of words hears one prompt at a time: of
several the heaviest that it knows. Knows the stream only by its face.
"""

from dataclasses import dataclass
from typing import Any

from playground.conditioning.timeline_values import Entry
from playground.conditioning.timeline_words import heard_entry
from playground.streams.transition import MOST_CHUNKS, Transition


@dataclass(frozen=True, kw_only=True, slots=True)
class Speech:
    """An entry as a stream takes it; `prompt` is None where it knows no word of it."""

    prompt: str | None
    way: Transition | None = None  # None = at once
    frames: int = 0  # how long the way is
    remarks: tuple[str, ...] = ()


def speech_of(entry: Entry, stream: Any) -> Speech:
    """What the stream hears of this entry."""
    words = getattr(getattr(stream, "model", None), "words", None)
    unknown = getattr(stream, "unknown_words", None)
    prompts, remarks = heard_entry(entry, unknown, getattr(words, "length", None))
    if not prompts:
        return Speech(prompt=None, remarks=remarks)
    prompt = max(prompts, key=lambda pair: pair[1])[0]
    if len(prompts) > 1:
        one = f"entry {entry.number}: the video hears one prompt, the heaviest: {prompt!r:.60}"
        remarks = (*remarks, one)
    chunk = chunk_frames(stream)
    wanted = round(entry.transition.seconds * stream.fps / chunk)
    count = min(max(1, wanted), MOST_CHUNKS)
    way = Transition(chunks=count, kind=entry.transition.kind) if count > 1 else None
    return Speech(prompt=prompt, way=way, frames=count * chunk, remarks=remarks)


def chunk_frames(stream: Any) -> int:
    """How many frames the next chunk will have."""
    chunk = stream.controls.chunk or stream.model.settings.chunk
    config = getattr(getattr(stream.model, "transformer", None), "config", None)
    return chunk * getattr(config, "track_fold", 1)


def has_frames_left(stream: Any) -> bool:
    """Whether the next step of a stream needs no chunk; False where it does not tell."""
    flight = getattr(getattr(stream, "state", None), "flight", None)
    return flight is not None and flight.has_frames_left
