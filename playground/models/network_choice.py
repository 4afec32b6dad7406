"""Which network answered each call, the plain or the faster one: noted while recording, dictated in a replay.

A faster network takes over in the background at any moment (`playground.models.runtime`), and its numbers
differ in the last bits. A run can be repeated bit for bit only when every call is answered by the same
one again. Both hold for the calling thread alone. Knows no networks.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

FAST, PLAIN = "f", "p"

_OF_THREAD = threading.local()


@contextmanager
def noted() -> Iterator[list[str]]:
    """A list that gets one letter for every call of a network in this block."""
    letters: list[str] = []
    before, _OF_THREAD.noted = getattr(_OF_THREAD, "noted", None), letters
    try:
        yield letters
    finally:
        _OF_THREAD.noted = before


@contextmanager
def dictated(letters: str) -> Iterator[None]:
    """Every call in this block is answered as the letters say; what comes behind them is free."""
    before, _OF_THREAD.dictated = getattr(_OF_THREAD, "dictated", None), iter(letters)
    try:
        yield
    finally:
        _OF_THREAD.dictated = before


def wanted() -> str | None:
    """The letter that is dictated for the next call; None where the call is free."""
    return next(getattr(_OF_THREAD, "dictated", None) or iter(()), None)


def note(letter: str) -> None:
    """Say who answers the call that is made now."""
    letters = getattr(_OF_THREAD, "noted", None)
    if letters is not None:
        letters.append(letter)
