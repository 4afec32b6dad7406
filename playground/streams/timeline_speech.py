"""What an entry of a timeline says to one stream: the prompt it can hear, how it comes in, and remarks.

A transition of some seconds becomes one of whole chunks. Of several prompts, those that the stream knows a
word of are heard by their weights. Knows the stream only by its face.
"""

from dataclasses import dataclass
from typing import Any

from playground.conditioning.timeline_values import Entry
from playground.conditioning.timeline_words import heard_entry
from playground.streams.transition import MOST_CHUNKS, Transition
from playground.streams.weighted_prompts import Prompt, shares_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Speech:
    """An entry as a stream takes it; `prompt` is None where it knows no word of it."""

    prompt: Prompt | None
    way: Transition | None = None  # None = at once, and texts are mixed along the line
    frames: int = 0  # how long the way is
    remarks: tuple[str, ...] = ()


def speech_of(entry: Entry, stream: Any) -> Speech:
    """What the stream hears of this entry."""
    words = getattr(getattr(stream, "model", None), "words", None)
    unknown = getattr(stream, "unknown_words", None)
    prompts, remarks = heard_entry(entry, unknown, getattr(words, "length", None))
    if not prompts:
        return Speech(prompt=None, remarks=remarks)
    prompt = prompts if len(shares_of(prompts)) > 1 else prompts[0][0]
    chunk = chunk_frames(stream)
    wanted = round(entry.transition.seconds * stream.fps / chunk)
    count = min(max(1, wanted), MOST_CHUNKS)
    way = Transition(chunks=count, kind=entry.transition.kind)
    if count == 1 and (isinstance(prompt, str) or way.kind == "linear"):
        way = None
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
