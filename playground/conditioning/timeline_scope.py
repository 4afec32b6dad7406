"""The timeline of Daydream Scope: a JSON object with the list `prompts`, and settings beside it.

    {"prompts": [{"startTime": 0, "endTime": 11.5, "prompts": [{"text": "...", "weight": 100}],
                  "transitionSteps": 4, "temporalInterpolationMethod": "slerp"}],
     "settings": {...}, "version": "2.1", "exportedAt": "..."}

Times are seconds. `transitionSteps` counts chunks of that program's streams, 12 frames at 16 a second, so
a step is taken as 0.75 s. Older files have a `text` in place of the inner `prompts`. Fields that mean
nothing here are kept and written back. What this format cannot say: camera moves and paths.
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
from playground.conditioning.timeline_values import KINDS, Entry, Transition

STEP_S = 0.75  # of one transition step
MAX_STEPS = 1000
_STEPS, _METHOD = "transitionSteps", "temporalInterpolationMethod"


def read_scope(data: dict[str, Any]) -> Timeline:
    """The timeline of a parsed file."""
    entries, remarks = [], []
    for place, fields in enumerate(objects(data.get("prompts"), "prompts"), 1):
        entry, said = _entry(fields, place)
        entries.append(entry)
        remarks += said
    ordered, repaired = settled(entries)
    others = {name: value for name, value in data.items() if name != "prompts"}
    return Timeline(ordered, extra=packed(others), remarks=(*remarks, *repaired))


def scope_text(timeline: Timeline) -> str:
    """The file of a timeline, with everything that was beside it when it was read."""
    prompts = [_fields(entry) for entry in timeline.entries]
    data = {"prompts": prompts, **json.loads(timeline.extra)}
    return json.dumps(data | {"prompts": prompts}, indent=2, ensure_ascii=False) + "\n"


# ------------------------------------------------------------ in


def _entry(fields: dict[str, Any], place: int) -> tuple[Entry, list[str]]:
    name = f"entry {place}"
    prompts, inner = _prompts(fields, name)
    transition, remarks = _transition(fields, name)
    known = ("startTime", "endTime", "prompts")
    others = {key: value for key, value in fields.items() if key not in known}
    if "text" in fields:
        others["text"] = _label(field(fields, "text", str, "a text", name), prompts)
    entry = Entry(
        prompts=prompts,
        start=number(fields, "startTime", name),
        end=number(fields, "endTime", name),
        transition=transition,
        number=place,
        extra=packed(others | ({"prompts": inner} if inner else {})),
    )
    return entry, remarks


def _prompts(fields: dict[str, Any], name: str) -> tuple[list[tuple[str, Any]], dict[str, Any]]:
    """Pairs of text and weight, and the further fields of each text."""
    listed = fields.get("prompts")
    if listed is None or (listed == [] and "text" in fields):
        return [(field(fields, "text", str, "a text", name), FULL_WEIGHT)], {}
    if not isinstance(listed, list) or not all(isinstance(prompt, dict) for prompt in listed):
        raise ValueError(f"{name}: prompts must be a list of objects in braces, got {listed!r:.80}")
    inner = {}
    for prompt in listed:
        text = field(prompt, "text", str, "a text", name)
        others = {key: value for key, value in prompt.items() if key not in ("text", "weight")}
        if others or "weight" not in prompt:
            inner[text] = others | ({} if "weight" in prompt else {"weight": None})
    return [(prompt["text"], prompt.get("weight", FULL_WEIGHT)) for prompt in listed], inner


def _transition(fields: dict[str, Any], name: str) -> tuple[Transition, list[str]]:
    steps, kind = fields.get(_STEPS) or 0, fields.get(_METHOD) or KINDS[0]
    if isinstance(steps, bool) or not isinstance(steps, int | float) or not 0 <= steps <= MAX_STEPS:
        raise ValueError(f"{name}: {_STEPS} must be a number in 0..{MAX_STEPS}, got {steps!r:.80}")
    if kind in KINDS:
        return Transition(STEP_S * steps, kind), []
    remark = f"{name}: {_METHOD} {kind!r:.40} is not known, linear is taken"
    return Transition(STEP_S * steps), [remark]


def _label(text: str, prompts: list[tuple[str, float]]) -> Any:
    """The entry's text as the place of the prompt it repeats, -1 for all of them, or itself."""
    texts = [prompt for prompt, _ in prompts]
    if text in texts:
        return texts.index(text)
    return -1 if text == ", ".join(texts) else text


# ------------------------------------------------------------ out


def _fields(entry: Entry) -> dict[str, Any]:
    others = json.loads(entry.extra)
    inner = others.pop("prompts", {})
    if isinstance(others.get("text"), int):
        others["text"] = _label_text(others["text"], [text for text, _ in entry.prompts])
    read = _transition(others, "entry")[0] if {_STEPS, _METHOD} & others.keys() else Transition()
    if read != entry.transition:
        steps = round(entry.transition.seconds / STEP_S)
        others |= {_STEPS: steps, _METHOD: entry.transition.kind}
    prompts = [_prompt(text, weight, inner.get(text, {})) for text, weight in entry.prompts]
    return {
        "startTime": _short(entry.start), "endTime": _short(entry.end), **others, "prompts": prompts,
    }  # fmt: skip


def _label_text(place: int, texts: list[str]) -> str:
    return texts[place] if 0 <= place < len(texts) else ", ".join(texts)


def _prompt(text: str, weight: float, others: dict[str, Any]) -> dict[str, Any]:
    told = {"text": text, "weight": _short(weight)} | others
    if told["weight"] is None:  # the file said none, which means full weight
        told["weight"] = _short(weight)
        if weight == FULL_WEIGHT:
            del told["weight"]
    return told


def _short(value: float) -> float | int:
    """1 rather than 1.0, as JavaScript writes it."""
    return int(value) if value.is_integer() else value
