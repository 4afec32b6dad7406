"""Titles that tell the entries of a story apart, however long their prompts are.

Prompts of a story often begin with the same sentence ("A 3D animated scene."). What all of them share is
left out, sentence by sentence, and the first words of the rest are the title.
"""

import re
from collections.abc import Sequence

from playground.conditioning.timeline_values import Entry, shortened

_SENTENCE = re.compile(r"(?<=[.!?:])\s+")


def titles(entries: Sequence[Entry]) -> dict[int, str]:
    """A title for every entry, by its number."""
    sentences = [_SENTENCE.split(text.strip()) for entry in entries for text, _ in entry.heard]
    shared = _shared(sentences)
    return {
        entry.number: " + ".join(
            shortened(" ".join(_SENTENCE.split(text.strip())[shared:])) for text, _ in entry.heard
        )
        for entry in entries
    }


def _shared(texts: list[list[str]]) -> int:
    """How many first sentences are the same in all texts, with something left of each."""
    if len(texts) < 2:
        return 0
    shared = 0
    while all(len(text) > shared + 1 and text[shared] == texts[0][shared] for text in texts):
        shared += 1
    return shared
