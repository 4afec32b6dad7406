"""Small experiments of the prompt-switch notebook: switch once, in several ways, and look at the films.

Every function takes a stream and leaves it as it was: it runs streams of its own on the same model.
"""

from dataclasses import replace
from html import escape

import numpy as np

from playground.benchmarks.eval_switch import compared
from playground.conditioning.timeline import Timeline
from playground.frames.exporting import export
from playground.frames.subtitles import as_webvtt, cues_of
from playground.streams.lockstep import Lockstep
from playground.streams.timeline_player import TimelinePlayer
from playground.streams.weighted_prompts import in_words
from playground.world.clips import VIDEO_OBJECTS, VIDEO_SCENES

from .cache_view import CacheView
from .sheet import Sheet
from .switch_dials import LABELS
from .switch_words import words_of

COMPARED = ("longlive", "stale", "flush")
MEASURED = ("longlive", "causal", "stale", "flush")
SIDE_PX = 176
FIGURES = {
    "new_object_accuracy": "new thing there",
    "old_object_rate": "old thing still there",
    "kept_background": "scene kept",
    "kept_mist": "mist kept",
    "kept_view": "view kept",
    "boundary_jump": "jump",
    "switch_ms": "ms",
}


class Table:
    """Rows of numbers under names, shown in a notebook."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns

    def _repr_html_(self):
        head = "".join(f"<th>{escape(name)}</th>" for name in ("the past is", *self.columns))
        body = "".join(
            f"<tr><td style='text-align:left'>{escape(name)}</td>"
            + "".join(f"<td>{value:.2f}</td>" for value in values)
            + "</tr>"
            for name, values in self.rows.items()
        )
        return f"<table class='pg-table'><tr>{head}</tr>{body}</table>"


def strategy_sheet(video, after, *, before=2.0, seconds=2.5, strategies=COMPARED):
    """From one moment on, the same new words with several strategies: first the last old frame, then films."""
    own = _own(video)
    past = _frames(own, before)
    steps, films = _side_by_side(
        own, after, seconds, {name: {"recache": name} for name in strategies}
    )
    switches = [chunk.switch for chunk in steps[0].details]
    return Sheet(
        pictures=((past[-1], *films),),
        columns=("before", *(LABELS[name] for name in strategies)),
        captions=((in_words(own.prompt), *map(words_of, switches)),),
        fps=video.fps,
        side_px=SIDE_PX,
    )


def scene_sheet(video, before, after, *, watched=2.0, seconds=3.0):
    """From one scene to another, from the same moment: with the new words stressed, and without."""
    own = _own(video, prompt=before)
    past = _frames(own, watched)
    kinds = {"the new words stressed": True, "as any other words": False}
    ways = {name: {"emphasis": on} for name, on in kinds.items()}
    _, films = _side_by_side(own, after, seconds, ways)
    return Sheet(
        pictures=((past[-1], *(picture for film in films for picture in (film, film[-1]))),),
        columns=("before", *(title for name in kinds for title in (name, "its last frame"))),
        fps=video.fps,
        side_px=SIDE_PX,
    )


def memory_after(video, after, *, before=2.0, recache="longlive"):
    """The cache just after a switch: what was rewritten flashes, colours tell whose words an entry heard."""
    own = _own(video, recache=recache)
    _frames(own, before)
    own.prompt = after
    view, cache = CacheView(filled_by="prompt"), next(own).cache
    view.show(cache.roles, cache.frames, cache.prompts, None, cache.rewritten)
    return view


def strategy_table(video, *, switches=8, strategies=MEASURED):
    """A small run of `playground eval switch`: every strategy from the same moments."""
    figures = compared(video.model, switches, 4321, tuple(strategies))
    rows = {LABELS[name]: [told[key] for key in FIGURES] for name, told in figures.items()}
    return Table(rows, tuple(FIGURES.values()))


def story_sheet(video, timeline):
    """A timeline played from its beginning: a film, and a picture from the end of each entry."""
    shots = tuple(_played(video, timeline))
    pictures = np.stack([picture for picture, _ in shots])
    ends = [min(round(entry.end * video.fps), len(shots)) - 1 for entry in timeline.entries]
    return Sheet(
        pictures=((pictures, *(pictures[at] for at in ends)),),
        columns=("the story", *(entry.title for entry in timeline.entries)),
        fps=video.fps,
        side_px=132,
    )


def export_story(video, timeline, path):
    """The story as mp4 with its prompts as a subtitle track, and beside it as WebVTT; gives both paths."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shots = list(_played(video, timeline))
    *_, last = export(shots, path, fps=video.fps, scale=4, total=len(shots))
    subtitles = last.path.with_suffix(".vtt")
    subtitles.write_text(as_webvtt(cues_of([text for _, text in shots], video.fps)), "utf-8")
    return last.path, subtitles


def known_words():
    """What the small video model was shown: its things and its scenes."""
    return {"things": ", ".join(VIDEO_OBJECTS), "scenes": ", ".join(VIDEO_SCENES)}


def read_timeline(source):
    """A timeline of any format, from a path, a text or bytes."""
    return Timeline.read(source)


def _own(video, **changes):
    return type(video)(video.model, replace(video.controls, paused=False, **changes))


def _side_by_side(own, after, seconds, ways):
    """The same new words in several ways: every step of all of them, and a film of each."""
    together = Lockstep(own.state, ways)
    together.update(replace(together.controls, prompt=after))
    steps = [together.step() for _ in range(round(seconds * own.fps))]
    return steps, [np.stack([step.steps[at].picture for step in steps]) for at in range(len(ways))]


def _frames(video, seconds):
    count, chunks = round(seconds * video.fps), []
    while sum(len(chunk.frames) for chunk in chunks) < count:
        chunks.append(next(video))
    return np.concatenate([chunk.frames for chunk in chunks])


def _played(video, timeline):
    """Pairs (picture, prompt) of a whole timeline."""
    player = TimelinePlayer(_own(video), timeline)
    for _ in range(round(timeline.duration * video.fps)):
        step = player.step()
        yield step.picture, in_words(step.chunk.prompt)
