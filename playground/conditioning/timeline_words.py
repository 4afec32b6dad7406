"""What a model with few words hears of a prompt: the words it knows, in their order, each once.

A prompt of hundreds of words would fill a short sentence with articles, so little words ("on", "the") stay
only where a known word follows, with at most one unknown word between. A prompt of known words alone stays
as it is. The model is asked through `unknown_words` and nothing else is known of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from playground.conditioning.timeline_values import Entry
from playground.models.vocabulary import words_of
from playground.world.vocabulary import GRAMMAR_WORDS

SHOWN = 8  # left out words that are named
SKIPPED = 1  # unknown words between a little word and the one it belongs to

Unknown = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Heard:
    """What is left of a prompt, and what is not; `text` is None where nothing is known."""

    text: str | None
    left_out: tuple[str, ...] = ()


def heard_of(text: str, unknown_words: Unknown, limit: int | None = None) -> Heard:
    """A prompt without its unknown words, at most `limit` words of it."""
    words = words_of(text)
    has_strange = bool(unknown_words(text))
    strange = [w for w in dict.fromkeys(words) if has_strange and _is_strange(w, unknown_words)]
    if not has_strange and (limit is None or len(words) <= limit):
        return Heard(text)
    heard, waiting, skipped = [], [], 0
    for word in words:
        if word in strange:
            skipped += 1
            waiting = waiting if skipped <= SKIPPED else []
        elif word in GRAMMAR_WORDS:
            waiting, skipped = [*waiting, word], 0
        else:
            heard += [] if word in heard else [*waiting, word]
            waiting, skipped = [], 0
    return Heard(" ".join(heard[:limit]) or None, tuple(strange))


def _is_strange(word: str, unknown_words: Unknown) -> bool:
    """Asked word by word, since models cut "3D" differently; numbers are no words."""
    return word.isdecimal() or bool(unknown_words(word))


def heard_entry(
    entry: Entry, unknown_words: Unknown | None, limit: int | None = None
) -> tuple[tuple[tuple[str, float], ...], tuple[str, ...]]:
    """The prompts that a model hears of an entry, with their weights, and remarks for the person.

    No prompts at all where it knows no word of any of them.
    """
    if unknown_words is None:
        return entry.heard, ()
    prompts, remarks = [], []
    for text, weight in entry.heard:
        heard = heard_of(text, unknown_words, limit)
        if heard.text is not None:
            prompts.append((heard.text, weight))
        if heard.left_out:
            named = ", ".join(heard.left_out[:SHOWN])
            more = f" and {len(heard.left_out) - SHOWN} more" if heard.left_out[SHOWN:] else ""
            reads = f"it hears {heard.text!r}" if heard.text else "it knows no word of this prompt"
            remarks.append(
                f"entry {entry.number}: words this model does not know: {named}{more}; {reads}"
            )
    if not prompts:
        remarks.append(f"entry {entry.number}: nothing of it is known, so the prompt before stays")
    return tuple(prompts), tuple(remarks)
