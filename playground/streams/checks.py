"""Checks that both kinds of controls share: what is wrong, the rule, and the value, in words."""

import math
from typing import Any

MAX_SEED = 2**32 - 1


def check_text(name: str, text: Any) -> None:
    """Raise ValueError unless it is a text with something in it."""
    check_kind(name, text, str, "a text")
    if not text:
        raise ValueError(f"{name} must not be empty, got ''; use ' ' for a picture of anything")


def check_kind(name: str, value: Any, kind: type, words: str) -> None:
    """Raise ValueError unless it is of that kind, named in words."""
    if not isinstance(value, kind):
        raise ValueError(f"{name} must be {words}, got {value!r:.80}")


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless it is one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r:.80}")


def checked_number(name: str, value: Any, low: float, high: float) -> float:
    """A finite number in `low`..`high`, as float."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} must be a number in {low:g}..{high:g}, got {value!r:.80}"
        ) from None
    if not math.isfinite(number) or not low <= number <= high:
        raise ValueError(f"{name} must be in {low:g}..{high:g}, got {number:g}")
    return number


def checked_pairs(name: str, pairs: Any, low: float, high: float) -> tuple:
    """(name, number) pairs, or a dictionary of them; every name once, every number in range."""
    entries = list(pairs.items()) if isinstance(pairs, dict) else pairs
    is_list = isinstance(entries, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str)
        for pair in entries
    )
    if not is_list:
        raise ValueError(f"{name} must be (name, number) pairs, got {pairs!r:.80}")
    names = [pair[0] for pair in entries]
    if len(set(names)) < len(names):
        raise ValueError(f"{name} must name each one once, got {', '.join(names)}")
    return tuple((key, checked_number(f"{name} {key!r}", n, low, high)) for key, n in entries)


def checked_whole(name: str, value: Any, low: int, high: int) -> int:
    """A whole number in `low`..`high`, as int; True and False are none."""
    whole = hasattr(value, "__index__") and not isinstance(value, bool)
    if not whole:
        raise ValueError(f"{name} must be a whole number in {low}..{high}, got {value!r:.80}")
    if not low <= value.__index__() <= high:
        raise ValueError(f"{name} must be in {low}..{high}, got {value.__index__()}")
    return value.__index__()
