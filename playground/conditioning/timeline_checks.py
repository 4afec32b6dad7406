"""What stands on a timeline must be: times, texts, weights, said once with the item's number.

Everything here takes what a person or a file handed in and gives a checked value, or raises a ValueError.
"""

import math
from typing import Any

from playground.conditioning.track_checks import checked_number

FULL_WEIGHT = 100.0
MAX_SECONDS = 1e6
MAX_CHARACTERS = 20_000  # of one text
MAX_TEXTS = 100  # of one entry


def named(kind: str, number: int) -> str:
    """How an error calls an item: "entry 3"; without a number where it has none yet."""
    return f"{kind} {number}" if number else kind


def checked_seconds(value: Any, name: str) -> float:
    """A time, or a length of time, >= 0."""
    if isinstance(value, bool | str | bytes) or value is None:
        raise ValueError(f"{name} must be a number of seconds, got {value!r:.80}")
    number = checked_number(value, name, most=MAX_SECONDS)
    if number < 0:
        raise ValueError(f"{name} must be >= 0 seconds, got {value!r:.80}")
    return number


def checked_prompts(prompts: Any, name: str = "entry") -> tuple[tuple[str, float], ...]:
    """Pairs of a text and a weight in 0..100, at least one of them above 0."""
    pairs = [(prompts, FULL_WEIGHT)] if isinstance(prompts, str) else prompts
    rule = f"{name}: prompts must be a text or a list of (text, weight) pairs"
    if not isinstance(pairs, tuple | list):
        raise ValueError(f"{rule}, got {prompts!r:.80}")
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise ValueError(f"{rule}, got {prompts!r:.80}")
    if not 1 <= len(pairs) <= MAX_TEXTS:
        raise ValueError(f"{name}: prompts must be 1..{MAX_TEXTS} texts, got {len(pairs)}")
    checked = tuple((_checked_text(text, name), _checked_weight(w, name)) for text, w in pairs)
    if not any(weight for _, weight in checked):
        raise ValueError(f"{name}: prompts must have a weight above 0, got 0 for all of them")
    return checked


def _checked_text(text: Any, name: str) -> str:
    if not isinstance(text, str):
        raise ValueError(f"{name}: text must be a text, got {text!r:.80}")
    if not text.strip():
        raise ValueError(f"{name}: text must not be empty, got {text!r:.80}")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"{name}: text must have at most {MAX_CHARACTERS} characters, got {len(text)}"
        )
    return text


def _checked_weight(weight: Any, name: str) -> float:
    number = (
        weight if isinstance(weight, int | float) and not isinstance(weight, bool) else math.nan
    )
    if not 0 <= number <= FULL_WEIGHT:
        raise ValueError(f"{name}: weight must be a number in 0..100, got {weight!r:.80}")
    return float(number)


def check_number(number: Any) -> None:
    """Refuse a name of an item that is no whole number >= 0."""
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(f"number must be a whole number >= 0, got {number!r:.80}")


def check_range(item: Any, name: str) -> None:
    """Settle `start` and `end` of a frozen item, in order and not before 0."""
    start, end = (
        checked_seconds(getattr(item, side), f"{name}: {side}") for side in ("start", "end")
    )
    if end <= start:
        raise ValueError(f"{name}: end must be after its start {start:g} s, got {end:g} s")
    object.__setattr__(item, "start", start)
    object.__setattr__(item, "end", end)
