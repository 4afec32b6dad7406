"""Reads the file of a recording; every way in which it can be wrong has its message, with the line.

A last line that was cut off (the kernel died, the disk was full) is left out and told: it is a step that
nobody saw. Anything else that is wrong in the middle is an error, since what follows would be another run.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playground.streams.recording_head import SILENT, controls_kind
from playground.streams.recording_journal import FORMAT, VERSION
from playground.streams.recording_replay import decoded_knobs

KINDS = {
    "kind": str, "playground": str, "model": Mapping, "place": Mapping, "settings": Mapping, "controls": Mapping,
}  # fmt: skip
Line = Mapping[str, Any]


def read(path: Path) -> tuple[Line, tuple[Line, ...], tuple[str, ...]]:
    """The first line, the lines of the steps, and remarks."""
    if not path.is_file():
        raise FileNotFoundError(f"recording must be a file that exists, got {str(path)!r}")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(_foreign(path, "a file that is no text")) from error
    rows = text.split("\n")
    cut = rows.pop()  # what stands behind the last line break: nothing, or a line that was cut off
    if not rows:
        raise ValueError(_foreign(path, "an empty file" if not cut else "one line without an end"))
    head = _head(rows[0], path)
    lines = [_object(row, number, path) for number, row in enumerate(rows[1:], 2)]
    remarks = (f"line {len(rows) + 1} was cut off and is left out: {cut[:60]}",) if cut else ()
    _check(lines, head, path)
    ends = tuple(line["end"] for line in lines if "end" in line)
    kept = tuple(line for line in lines if "end" not in line)
    return head, kept, (*remarks, *(f"the recording ends here: {end}" for end in ends))


def _head(row: str, path: Path) -> Line:
    try:
        head = json.loads(row)
    except (ValueError, RecursionError) as error:
        raise ValueError(_foreign(path, f"a first line {row[:40]!r}")) from error
    if not isinstance(head, Mapping) or head.get("format") != FORMAT:
        raise ValueError(_foreign(path, f"a first line {row[:40]!r}"))
    if head.get("version") != VERSION:
        raise ValueError(
            f"recording {str(path)!r} must have version {VERSION}, got {head.get('version')!r}; "
            "replay it with the playground that wrote it"
        )
    for name, kind in KINDS.items():
        if not isinstance(head.get(name), kind):
            got = type(head.get(name)).__name__
            raise ValueError(f"line 1 of {str(path)!r} must say {name}, got {got}")
    if head["kind"] not in ("image", "video"):
        raise ValueError(
            f"line 1 of {str(path)!r} must say kind image or video, got {head['kind']!r}"
        )
    return head


def _object(row: str, number: int, path: Path) -> Line:
    try:
        line = json.loads(row)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"line {number} of {str(path)!r} must be JSON, got {row[:40]!r}"
        ) from error
    if not isinstance(line, Mapping):
        raise ValueError(f"line {number} of {str(path)!r} must be an object, got {row[:40]!r}")
    return line


def _check(lines: list[Line], head: Line, path: Path) -> None:
    """Steps in order, knobs that exist with values that hold."""
    kind, due = controls_kind(head["kind"]), 0
    _check_knobs(kind, head["controls"], 1, path)
    for number, line in enumerate(lines, 2):
        if "step" in line:
            if line["step"] != due:
                raise ValueError(
                    f"line {number} of {str(path)!r} must be step {due}, got {line['step']!r}"
                )
            due += 1
        if not any(word in line for word in ("step", "flush", "reset", "end")):
            raise ValueError(
                f"line {number} of {str(path)!r} must be a step, a flush or a reset, "
                f"got {', '.join(line)[:60]!r}"
            )
        if "knobs" in line:
            _check_knobs(kind, line["knobs"], number, path)


def _check_knobs(kind: type, knobs: Any, number: int, path: Path) -> None:
    try:
        kind(**decoded_knobs(knobs, SILENT))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"line {number} of {str(path)!r} has a knob that is wrong: {error}"
        ) from error


def _foreign(path: Path, got: str) -> str:
    return f"recording {str(path)!r} must be a file that Recording.start wrote, got {got}"
