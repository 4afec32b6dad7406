"""The stories of LongLive's interactive example: a line of JSON a story, its prompts in order.

    {"prompts_list": ["a cat sits on a couch", "the cat stands up", ...]}

or {"prompts": [...]}. The frames at which prompts change stand elsewhere (`switch_frames`, in latent
frames: 40, 80, ... of 240 in the example, arXiv 2509.22622) or are spread evenly. Wan's video has 16
frames a second and a latent frame for four of them, hence 4 latent frames a second and 10 s a prompt.
This format cannot say weights, transitions, camera moves and paths.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from playground.conditioning.timeline import Timeline
from playground.conditioning.timeline_reading import MAX_ENTRIES, packed, parsed, settled
from playground.conditioning.timeline_values import Entry
from playground.conditioning.track_checks import checked_number

LATENT_FPS = 4.0
PROMPT_FRAMES = 40
_LISTS, _SWITCHES = ("prompts", "prompts_list"), "switch_frames"


def read_story(
    text: str,
    *,
    story: int | None = None,
    switch_frames: Any = None,
    fps: Any = LATENT_FPS,
    frames: int | None = None,
) -> Timeline:
    """One story of a file; `story` counts from 1 and is needed where there are several.

    `switch_frames` is a list or "40, 80", one less than prompts; without it the line's own are taken, or
    `frames` (all together, 40 a prompt unless said) are spread evenly. `fps` is how many make a second.
    """
    line, place = _picked(text, story)
    fields = parsed(line, f"line {place}")
    prompts = _prompts_of(fields, f"line {place}")
    fps = checked_number(fps, "fps", above=0)
    wanted = fields.get(_SWITCHES) if switch_frames is None else switch_frames
    bounds = _bounds(wanted, len(prompts), frames)
    entries = [
        Entry.of_frames(prompt, first, after, fps=fps, number=number)
        for number, (prompt, (first, after)) in enumerate(
            zip(prompts, pairwise(bounds), strict=True), 1
        )
    ]
    ordered, remarks = settled(entries)
    others = {key: value for key, value in fields.items() if key not in (*_LISTS, _SWITCHES)}
    return Timeline(ordered, extra=packed(others), remarks=remarks)


def stories(text: str) -> tuple[str, ...]:
    """The first words of every story of a file, for choosing one."""
    told = [(place, parsed(line, f"line {place}")) for place, line in _lines(text)]
    return tuple(Entry(prompts=_prompts_of(fields, f"line {place}")[0], start=0, end=1).title
                 for place, fields in told)  # fmt: skip


def story_text(timeline: Timeline, fps: Any = LATENT_FPS) -> str:
    """The line of a timeline, with its switch frames beside the prompts."""
    fps = checked_number(fps, "fps", above=0)
    line = {
        "prompts_list": [entry.text for entry in timeline.entries],
        _SWITCHES: list(timeline.switch_frames(fps)),
        **json.loads(timeline.extra),
    }
    return json.dumps(line, ensure_ascii=False) + "\n"


# ------------------------------------------------------------ the line, its prompts, their frames


def _lines(text: str) -> list[tuple[int, str]]:
    """Lines that say something, with their number."""
    return [(place, line) for place, line in enumerate(text.split("\n"), 1) if line.strip()]


def _picked(text: str, story: Any) -> tuple[str, int]:
    lines = _lines(text)
    if story is None and len(lines) == 1:
        story = 1
    if isinstance(story, bool) or not isinstance(story, int) or not 1 <= story <= len(lines):
        raise ValueError(
            f"story must be one of the {len(lines)} stories of this file, 1..{len(lines)}, "
            f"got {story!r:.80}"
        )
    place, line = lines[story - 1]
    return line, place


def _prompts_of(fields: Any, name: str) -> list[str]:
    found = [key for key in _LISTS if isinstance(fields, dict) and key in fields]
    prompts = fields[found[0]] if found else None
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= MAX_ENTRIES:
        raise ValueError(
            f'{name} must be {{"prompts_list": [...]}} with 1..{MAX_ENTRIES} texts, got {fields!r:.80}'
        )
    for place, prompt in enumerate(prompts, 1):
        if not isinstance(prompt, str):
            raise ValueError(f"{name}, entry {place}: must be a text, got {prompt!r:.80}")
    return prompts


def _bounds(switches: Any, count: int, frames: Any) -> list[float]:
    """Frame 0, those at which the prompt changes, and the first one after the last prompt."""
    total = PROMPT_FRAMES * count if frames is None else frames
    if isinstance(total, bool) or not isinstance(total, int) or total < count:
        raise ValueError(
            f"frames must be a whole number >= {count}, one a prompt, got {frames!r:.80}"
        )
    if switches is None:
        return [total * place / count for place in range(count + 1)]
    bounds = [0, *_checked_switches(switches, count)]
    if frames is None:
        total = bounds[-1] + (bounds[-1] - bounds[-2] if count > 1 else PROMPT_FRAMES)
    if total <= bounds[-1]:
        raise ValueError(f"frames must be after the last switch frame {bounds[-1]}, got {total}")
    return [*bounds, total]


def _checked_switches(switches: Any, count: int) -> Sequence[int]:
    if isinstance(switches, str):
        parts = [part.strip() for part in switches.split(",") if part.strip()]
        switches = [int(part) if part.isdecimal() else part for part in parts]
    rule = "switch_frames must be a list of ascending whole numbers above 0"
    whole = isinstance(switches, list | tuple) and all(
        isinstance(frame, int) and not isinstance(frame, bool) for frame in switches
    )
    if not whole or any(after <= before for before, after in pairwise([0, *switches])):
        raise ValueError(f"{rule}, got {switches!r:.80}")
    if len(switches) != count - 1:
        raise ValueError(
            f"switch_frames must have {count - 1} frames for {count} prompts, one less, "
            f"got {len(switches)}"
        )
    return switches
