"""What lies in the past of a timeline is fixed: it has been seen, so no edit may change it.

An item that began before the line is past. One that still runs there may change its end, though not to
before the line; everything else about it has been heard already. What begins at the line or later is free.
"""

from collections.abc import Sequence
from dataclasses import replace

from playground.conditioning.timeline_values import Entry, Item


def check_past(old: Sequence[Item], edited: Sequence[Item], time: float) -> None:
    """Raise ValueError, naming the item, where `edited` tells another past than `old` before `time`."""
    was = {item.number: item for item in old if item.start < time}
    became = {item.number: item for item in edited}
    for number, item in was.items():
        _check_same(item, became.get(number), time)
    for number, item in became.items():
        if item.start < time and number not in was:
            raise ValueError(
                f"{_name(item)}: start must be at or after {time:g} s, since what lies before has "
                f"been played, got {item.start:g} s"
            )


def _check_same(old: Item, edited: Item | None, time: float) -> None:
    if edited is old or edited == old:
        return
    if edited is None or old.end <= time or not _same_but_end(old, edited):
        does = "is running" if old.end > time else "has been played"
        may = "only its end may" if old.end > time else "it may not"
        raise ValueError(
            f"{_name(old)}: must stay as it is, since it {does} at {time:g} s and {may} change"
        )
    if edited.end < time:
        raise ValueError(
            f"{_name(old)}: end must be at or after {time:g} s, since what lies before has been "
            f"played, got {edited.end:g} s"
        )


def _same_but_end(old: Item, edited: Item) -> bool:
    return edited.start == old.start and replace(edited, end=old.end) == old


def _name(item: Item) -> str:
    return f"{'entry' if isinstance(item, Entry) else 'event'} {item.number}"
