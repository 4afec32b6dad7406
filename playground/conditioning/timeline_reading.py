"""What every format of a timeline needs: strict JSON, fields with the entry's number, order, repairs.

Files of other programs are seldom clean. What cannot be meant otherwise is repaired and said as a remark:
entries in another order are sorted, overlaps of rounding are closed, a gap keeps the prompt before it.
Everything else is refused with the number of the entry, counted from 1 as in the file.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NoReturn

from playground.conditioning.timeline_values import Entry, shortened

CLOSED_S = 0.05  # overlaps up to that are closed, gaps up to that are not worth a word
MAX_ENTRIES = 10_000


def parsed(text: str, what: str = "timeline") -> Any:
    """The value of a JSON text; NaN and Infinity, which JSON does not know, are refused."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError(f"{what} must be JSON of some levels, got one nested too deeply") from None
    except ValueError as error:
        raise ValueError(
            f"{what} must be whole JSON, got one that is cut off or damaged ({error!s:.120})"
        ) from None


def packed(fields: dict[str, Any]) -> str:
    """Further fields of a file as the text that entries and timelines keep."""
    return json.dumps(fields, ensure_ascii=False)


def field(fields: dict[str, Any], name: str, kind: Any, words: str, entry: str) -> Any:
    """A field that must be there and be of that kind."""
    value = fields.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        got = f"{value!r:.80}" if name in fields else "none"
        raise ValueError(f"{entry}: {name} must be {words}, got {got}")
    return value


def number(fields: dict[str, Any], name: str, entry: str) -> float:
    """A field that must be a number; which ones are right is checked by the values."""
    return field(fields, name, int | float, "a number", entry)


def objects(values: Any, name: str) -> list[dict[str, Any]]:
    """A list of JSON objects, not empty and not endless."""
    if not isinstance(values, list):
        raise ValueError(f"{name} must be a list of entries, got {values!r:.80}")
    if not 1 <= len(values) <= MAX_ENTRIES:
        raise ValueError(f"{name} must have 1..{MAX_ENTRIES} entries, got {len(values)}")
    for place, value in enumerate(values, 1):
        if not isinstance(value, dict):
            raise ValueError(f"entry {place}: must be an object in braces, got {value!r:.80}")
    return values


def settled(entries: Sequence[Entry]) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Entries in the order of time without overlaps of rounding, and remarks on what was done."""
    ordered, remarks = sorted(entries, key=lambda entry: entry.start), []
    if ordered != list(entries):
        remarks.append("the entries were not in the order of time and have been sorted")
    for place, (first, second) in enumerate(pairwise(ordered)):
        late = first.end - second.start
        if 0 < late <= CLOSED_S and second.start > first.start:
            ordered[place] = replace(first, end=second.start)
            remarks.append(
                f"entry {first.number}: ends {late:.3g} s after entry {second.number} begins; its end "
                f"was moved to {second.start:g} s"
            )
    return tuple(ordered), (*remarks, *_gaps(ordered), *_silent(ordered))


def _gaps(entries: Sequence[Entry]) -> list[str]:
    remarks = []
    if entries and entries[0].start > CLOSED_S:
        remarks.append(
            f"nothing is said before {entries[0].start:g} s: the stream keeps the prompt it has"
        )
    for first, second in pairwise(entries):
        if second.start - first.end > CLOSED_S:
            remarks.append(
                f"nothing is said from {first.end:g} to {second.start:g} s: "
                f"entry {first.number} goes on"
            )
    return remarks


def _silent(entries: Sequence[Entry]) -> list[str]:
    return [
        f"entry {entry.number}: {shortened(text)!r} weighs 0 and is not heard"
        for entry in entries
        for text, weight in entry.prompts
        if weight == 0
    ]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")
