"""Timelines from files and texts of any known format, and back.

    playground   our own JSON, exact                     timeline_json
    scope        Daydream Scope's JSON                   timeline_scope
    longlive     LongLive's JSON lines, a story a line   timeline_longlive
    line         a duck[5s] | a cat[10s]                 timeline_line

What something is, is seen from its content, not from its name.
"""

from pathlib import Path
from typing import Any

from playground.conditioning.timeline import Timeline
from playground.conditioning.timeline_json import FORMAT, own_text, read_own
from playground.conditioning.timeline_line import line_text, looks_like_a_line, read_line
from playground.conditioning.timeline_longlive import read_story, stories, story_text
from playground.conditioning.timeline_reading import packed, parsed
from playground.conditioning.timeline_scope import read_scope, scope_text

MAX_BYTES = 20_000_000
WRITERS = {"playground": own_text, "scope": scope_text, "longlive": story_text, "line": line_text}
_ENDINGS = {".jsonl": "longlive", ".txt": "line"}
_KNOWN = (
    "our own or Daydream Scope's JSON, LongLive's lines {\"prompts_list\": [...]}, "
    "or a line such as 'a duck[5s] | a cat[5s]'"
)


def read(source: Any, **more: Any) -> Timeline:
    """The timeline in a path, a text or bytes; `more` is for LongLive's stories, see `read_story`."""
    text = text_of(source)
    kind, data = _seen(text)
    if kind == "longlive":
        return read_story(data, **more)
    if more:
        raise ValueError(
            f"{next(iter(more))} must be left out for a {kind} timeline; it is for LongLive's stories"
        )
    return {"playground": read_own, "scope": read_scope, "line": read_line}[kind](data)


def format_of(source: Any) -> str:
    """The name of the format of a path, a text or bytes."""
    return _seen(text_of(source))[0]


def stories_in(source: Any) -> tuple[str, ...]:
    """Titles of the stories in a LongLive file, for choosing one; () for every other format."""
    kind, data = _seen(text_of(source))
    return stories(data) if kind == "longlive" else ()


def save(timeline: Timeline, path: str | Path, format: str | None = None) -> tuple[str, ...]:
    """Write a file in a format (by its ending unless said) and say what that format cannot hold."""
    path = Path(path)
    format = format or _ENDINGS.get(path.suffix.lower(), "playground")
    path.write_text(text_in(timeline, format), encoding="utf-8")
    return lost_in(timeline, format)


def text_in(timeline: Timeline, format: str = "playground") -> str:
    """The timeline as the text of a format."""
    if format not in WRITERS:
        raise ValueError(f"format must be one of {', '.join(WRITERS)}; got {format!r:.80}")
    if not timeline.entries and format != "playground":
        raise ValueError(f"timeline must have an entry to be written as {format}, got none")
    return WRITERS[format](timeline)


def lost_in(timeline: Timeline, format: str) -> tuple[str, ...]:
    """What a format cannot say of this timeline, in words."""
    if format == "playground":
        return ()
    lost = ["camera moves and paths are left out"] if timeline.events else []
    if format != "scope":
        if any(len(entry.prompts) > 1 for entry in timeline.entries):
            lost.append("of several prompts only the one that weighs most is kept")
        if any(entry.transition.seconds for entry in timeline.entries):
            lost.append("transitions become cuts")
    return tuple(lost)


def text_of(source: Any) -> str:
    """What is in a file, or the text itself; bytes are UTF-8."""
    if isinstance(source, str) and not _is_path(source):
        _check_size(len(source.encode("utf-8", "surrogatepass")))
        return source.removeprefix("\ufeff")
    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f"timeline must be a file that exists, got {str(source)!r}")
        _check_size(path.stat().st_size)
        source = path.read_bytes()
    if not isinstance(source, bytes | bytearray | memoryview):
        raise ValueError(f"timeline must be a path, a text or bytes, got {type(source).__name__}")
    _check_size(len(bytes(source)))
    try:
        return bytes(source).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"timeline must be a text in UTF-8, got other bytes ({error})") from None


def _seen(text: str) -> tuple[str, Any]:
    """The format, and what its reader wants."""
    bare = text.strip()
    if not bare.startswith(("{", "[")):
        if looks_like_a_line(bare):
            return "line", bare
        raise ValueError(f"timeline must be {_KNOWN}, got {bare!r:.80}")
    first = bare.partition("\n")[0]
    if _is_story(first):
        return "longlive", bare
    data = parsed(bare)
    if isinstance(data, dict) and data.get("format") == FORMAT:
        return "playground", data
    if _is_story(bare):
        return "longlive", packed(data)  # on one line
    if isinstance(data, dict) and "prompts" in data:
        return "scope", data
    raise ValueError(f"timeline must be {_KNOWN}, got other JSON {bare!r:.80}")


def _is_story(text: str) -> bool:
    """Whether it is one whole object with a list of texts."""
    try:
        data = parsed(text)
    except ValueError:
        return False
    listed = data.get("prompts_list", data.get("prompts")) if isinstance(data, dict) else None
    return isinstance(listed, list) and bool(listed) and isinstance(listed[0], str)


def _is_path(text: str) -> bool:
    """A short line that ends like a file, or names one; everything else is a text."""
    bare = text.strip()
    if "\n" in bare or len(bare) > 1000 or bare.startswith(("{", "[")) or "\0" in bare:
        return False
    return bare.lower().endswith((".json", ".jsonl", ".txt")) or Path(bare).expanduser().is_file()


def _check_size(count: int) -> None:
    if count > MAX_BYTES:
        raise ValueError(
            f"timeline must be at most {MAX_BYTES // 10**6} MB, got {count / 1e6:.1f} MB"
        )
