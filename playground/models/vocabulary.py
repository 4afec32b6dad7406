"""Which words a small model was trained on, and which words of a prompt it has never read.

The file `vocabulary.json` beside a model lists objects, backgrounds, colours and further words. A
model without that file (any published one) knows no list, so nothing is ever called unknown.
"""

import json
import re
from pathlib import Path

Vocabulary = dict[str, list[str]]


def read_vocabulary(folder: Path) -> Vocabulary | None:
    """Read `vocabulary.json` of a model folder, None where there is none."""
    file = Path(folder) / "vocabulary.json"
    if not file.is_file():
        return None
    vocabulary = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(vocabulary, dict):
        raise ValueError(
            f"{file.name} must hold one object of word lists, got {type(vocabulary).__name__}"
        )
    return vocabulary


def words_of(text: str) -> tuple[str, ...]:
    """Lower-case words of a text, in order, without punctuation."""
    return tuple(re.findall(r"[^\W_]+", text.lower()))


def unknown_words(text: str, vocabulary: Vocabulary | None) -> tuple[str, ...]:
    """Words of `text` that no list of the vocabulary contains, each once, in order."""
    if vocabulary is None:
        return ()
    known = {
        word for entries in vocabulary.values() for entry in entries for word in words_of(entry)
    }
    return tuple(dict.fromkeys(word for word in words_of(text) if word not in known))
