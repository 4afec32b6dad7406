"""The project's own file of a timeline: JSON that holds everything exactly, one line an entry.

    {"format": "playground timeline", "version": 1,
     "entries": [{"number": 1, "start": 0, "end": 5, "prompts": [{"text": "a duck", "weight": 100}],
                  "transition": {"seconds": 1, "kind": "linear"}}],
     "events": [{"number": 2, "start": 1, "end": 3, "camera": {"pan_px_s": [8, 0]}, "size": [64, 64]},
                {"number": 3, "start": 2, "end": 4, "tracks": {"format": "playground tracks", ...}}]}

Times are seconds, sizes [height, width]; `weight`, `transition`, `number`, `events` may be left out.
"""

import json
from typing import Any

from playground.conditioning.timeline import Timeline
from playground.conditioning.timeline_checks import FULL_WEIGHT
from playground.conditioning.timeline_reading import (
    field,
    number,
    objects,
    packed,
    settled,
)
from playground.conditioning.timeline_values import (
    CameraEvent,
    Entry,
    Event,
    TrackEvent,
    Transition,
)
from playground.conditioning.track_camera import Camera
from playground.conditioning.track_json import text_of, told_by
from playground.conditioning.tracks import SIZE, Tracks

FORMAT, VERSION = "playground timeline", 1
_ENTRY = ("number", "start", "end", "prompts", "transition", "extra")
_EVENT = ("number", "start", "end", "camera", "size", "tracks")


def read_own(data: dict[str, Any]) -> Timeline:
    """The timeline of a parsed file."""
    if data.get("version") != VERSION:
        raise ValueError(f"version must be {VERSION}, got {data.get('version')!r:.80}")
    _refuse_unknown(data, ("format", "version", "entries", "events", "extra"), "timeline")
    listed = [objects(data[key], key) if data.get(key) else [] for key in ("entries", "events")]
    entries = [_entry(fields, place) for place, fields in enumerate(listed[0], 1)]
    events = [_event(fields, f"event {place}") for place, fields in enumerate(listed[1], 1)]
    ordered, remarks = settled(entries)
    return Timeline(ordered, tuple(events), extra=_extra(data, "timeline"), remarks=remarks)


def own_text(timeline: Timeline) -> str:
    """The file of a timeline."""
    head = {"format": FORMAT, "version": VERSION, **_kept(timeline.extra)}
    entries = ",\n  ".join(_text(_entry_fields(entry)) for entry in timeline.entries)
    events = ",\n  ".join(_event_text(event) for event in timeline.events)
    body = f'"entries": [\n  {entries}\n],\n"events": [\n  {events}\n]'
    return f"{_text(head)[:-1]},\n{body}}}\n"


# ------------------------------------------------------------ in


def _entry(fields: dict[str, Any], place: int) -> Entry:
    name = f"entry {place}"
    _refuse_unknown(fields, _ENTRY, name)
    prompts = field(fields, "prompts", list, "a list of {text, weight}", name)
    if not all(isinstance(prompt, dict) for prompt in prompts):
        raise ValueError(
            f"{name}: prompts must be a list of objects in braces, got {prompts!r:.80}"
        )
    transition = fields.get("transition", {})
    if not isinstance(transition, dict) or not transition.keys() <= {"seconds", "kind"}:
        raise ValueError(f"{name}: transition must have seconds and kind, got {transition!r:.80}")
    return Entry(
        prompts=[(prompt.get("text"), prompt.get("weight", FULL_WEIGHT)) for prompt in prompts],
        start=number(fields, "start", name),
        end=number(fields, "end", name),
        transition=_made(Transition, transition, name),
        number=fields.get("number", place),
        extra=_extra(fields, name),
    )


def _event(fields: dict[str, Any], name: str) -> Event:
    _refuse_unknown(fields, _EVENT, name)
    times = {key: number(fields, key, name) for key in ("start", "end")}
    times["number"] = fields.get("number", 0)
    if "tracks" in fields:
        return TrackEvent(tracks=Tracks(**told_by(fields["tracks"], f"{name}: tracks")), **times)
    move = field(fields, "camera", dict, "an object in braces, or there must be tracks", name)
    _refuse_unknown(move, ("pan_px_s", "zoom_per_s", "rotate_deg_s"), f"{name}: camera")
    size = fields.get("size", list(SIZE))
    size = tuple(size) if isinstance(size, list) else size
    return CameraEvent(camera=_made(Camera, move, name), size=size, **times)


def _made(kind: Any, fields: dict[str, Any], name: str) -> Any:
    """A value out of its fields; what it refuses is told with the item's number."""
    try:
        return kind(**fields)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _extra(fields: dict[str, Any], name: str) -> str:
    return packed(field({"extra": {}} | fields, "extra", dict, "an object in braces", name))


def _refuse_unknown(fields: dict[str, Any], known: tuple[str, ...], name: str) -> None:
    strange = [key for key in fields if key not in known]
    if strange:
        raise ValueError(
            f"{name}: fields must be among {', '.join(known)}; got {strange[0]!r:.80}; "
            "what other programs want belongs into extra"
        )


# ------------------------------------------------------------ out


def _entry_fields(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "start": entry.start,
        "end": entry.end,
        "prompts": [{"text": text, "weight": weight} for text, weight in entry.prompts],
        "transition": {"seconds": entry.transition.seconds, "kind": entry.transition.kind},
        **_kept(entry.extra),
    }


def _event_text(event: Event) -> str:
    times = {"number": event.number, "start": event.start, "end": event.end}
    if isinstance(event, TrackEvent):
        return f'{_text(times)[:-1]}, "tracks": {text_of(event.tracks).strip()}}}'
    move = event.camera
    camera = {
        "pan_px_s": list(move.pan_px_s), "zoom_per_s": move.zoom_per_s, "rotate_deg_s": move.rotate_deg_s,
    }  # fmt: skip
    return _text({**times, "camera": camera, "size": list(event.size)})


def _kept(extra: str) -> dict[str, Any]:
    return {} if extra == "{}" else {"extra": json.loads(extra)}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
