"""Prompts as subtitles: which text stands when, as WebVTT (W3C, "WebVTT: The Web Video Text Tracks Format").

    cues = cues_of(["a fox", "a fox", "a cat"], fps=20)     # one text a frame
    path.write_text(as_webvtt(cues), encoding="utf-8")

Players take a .vtt file of the clip's name; mp4 carries the same texts as a track of its own
(`playground.frames.clip_files`). Knows no streams and no video format.
"""

import html
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cue:
    """One text, from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    text: str


def cues_of(texts: Iterable[str], fps: float | int) -> tuple[Cue, ...]:
    """A cue for every run of the same text; none where the text is empty."""
    runs: list[list] = []
    for frame, text in enumerate(texts):
        if not runs or runs[-1][2] != text:
            runs.append([frame, frame, text])
        runs[-1][1] = frame + 1
    return tuple(Cue(start / fps, end / fps, text) for start, end, text in runs if text.strip())


def as_webvtt(cues: Iterable[Cue]) -> str:
    """The file's text; a text of several lines becomes one, since an empty line ends a cue."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        words = html.escape(" ".join(cue.text.split()), quote=False)
        blocks.append(f"{_clock(cue.start_s)} --> {_clock(cue.end_s)}\n{words}\n")
    return "\n".join(blocks)


def _clock(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
