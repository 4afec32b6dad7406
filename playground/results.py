"""Results as text: one JSON line for machines, aligned lines for people.

A result is a dictionary of numbers, texts, lists and further dictionaries. Knows no command.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any


def as_json(results: Mapping[str, Any]) -> str:
    """One line of strict JSON: numbers of any library become plain, NaN and infinity become null."""
    return json.dumps(_plain(results), ensure_ascii=False, allow_nan=False)


def as_lines(results: Mapping[str, Any]) -> str:
    """One aligned line a value; nested names are joined with dots."""
    rows = list(_rows(results))
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"{name:{width}}  {value}" for name, value in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "tolist"):  # numpy and torch: numbers and arrays
        return _plain(value.tolist())
    return str(value)


def _rows(results: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in results.items():
        if isinstance(value, Mapping):
            yield from _rows(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", f"{value:.4g}" if isinstance(value, float) else str(value)
