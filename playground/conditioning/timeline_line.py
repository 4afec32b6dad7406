"""A timeline in one line, quick to type: `a duck on the sea[5s] | a cat on the beach[2.5s]`.

Each piece is a text and how long it holds, one after the other from 0 on. Texts hold no bar; weights,
transitions, gaps, camera moves and paths cannot be said.
"""

import re

from playground.conditioning.timeline import Timeline
from playground.conditioning.timeline_reading import MAX_ENTRIES
from playground.conditioning.timeline_values import Entry

_PIECE = re.compile(r"(.*)\[\s*([^\[\]]*?)\s*\]\s*", re.DOTALL)
_SECONDS = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*s?", re.IGNORECASE)


def looks_like_a_line(text: str) -> bool:
    """Whether the first piece ends with something in brackets."""
    return _PIECE.fullmatch(text.partition("|")[0].strip()) is not None


def read_line(text: str) -> Timeline:
    """The timeline of such a line; line breaks count as spaces."""
    pieces = " ".join(text.split()).split("|")
    if not pieces[-1].strip():
        pieces.pop()  # a bar at the end
    if len(pieces) > MAX_ENTRIES:
        raise ValueError(f"timeline must have 1..{MAX_ENTRIES} entries, got {len(pieces)}")
    entries, start = [], 0.0
    for number, piece in enumerate(pieces, 1):
        said, seconds = _said(piece, number)
        entries.append(Entry(prompts=said, start=start, end=start + seconds, number=number))
        start = entries[-1].end
    return Timeline(tuple(entries))


def line_text(timeline: Timeline) -> str:
    """The line of a timeline; an entry lasts until the next one begins."""
    ends = [entry.start for entry in timeline.entries[1:]] + [timeline.entries[-1].end]
    pieces = []
    for entry, end in zip(timeline.entries, ends, strict=True):
        if "|" in entry.text:
            raise ValueError(f"entry {entry.number}: text must have no bar in this form, got one")
        begins = entry.start if pieces else 0.0
        seconds = f"{end - begins:.6f}".rstrip("0").rstrip(".")
        pieces.append(f"{' '.join(entry.text.split())}[{seconds}s]")
    return " | ".join(pieces) + "\n"


def _said(piece: str, number: int) -> tuple[str, float]:
    found = _PIECE.fullmatch(piece.strip())
    seconds = _SECONDS.fullmatch(found[2]) if found else None
    if seconds is None:
        raise ValueError(
            f"entry {number}: must be a text and its seconds such as 'a duck on the sea[5s]', "
            f"got {piece.strip()!r:.80}"
        )
    value = float(found[2].lower().rstrip("s"))
    if not 0 < value < float("inf"):
        raise ValueError(f"entry {number}: seconds must be above 0, got {found[2]!r:.40}")
    return found[1].strip(), value
