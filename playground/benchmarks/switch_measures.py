"""What a prompt switch changed and what it left: figures over the frames before and after it.

Objects, mists and scenes are read from frames as in `video_measures`; all of it is checked on renders, where
only the object changes. Knows no models.
"""

import functools
from collections.abc import Sequence

import numpy as np

from playground.benchmarks import video_measures
from playground.benchmarks.switch_scripts import BEFORE, CHUNK, Outcome
from playground.world.clips import SIDE

AWAY_PX = 20  # from an object, where the ground is seen
MIST_FRAMES = 5  # in which a mist is read
LEAST_CHANGE = (
    0.5  # grey levels between two frames: a picture that stands still has no usual change
)


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The figures of one strategy; NaN for what none of the scripts shows.

    `kept_history` is of two things that no prompt tells: the mist, and after a camera move the part of the
    scene that is seen now rather than the one of the first chunk.
    """
    mists = [kept_mist(outcome) for outcome in outcomes]
    views = [kept for outcome in outcomes if (kept := kept_view(outcome)) is not None]
    return {
        "new_object_accuracy": mean([shows_new(outcome) for outcome in outcomes]),
        "old_object_rate": mean([old_share(outcome) for outcome in outcomes]),
        "kept_background": mean([kept_scene(outcome) for outcome in outcomes]),
        "kept_history": mean(mists + views),
        "kept_mist": mean(mists),
        "kept_view": mean(views),
        "boundary_jump": float(np.median([jump(outcome) for outcome in outcomes])),
        **costs(outcomes),
    }


def costs(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Median time of a switch, in ms and in chunks; nothing for renders."""
    switches = [ms for outcome in outcomes for ms in outcome.switch_ms]
    chunks = [ms for outcome in outcomes for ms in outcome.chunk_ms]
    if not switches:
        return {}
    ms = float(np.median(switches))
    return {"switch_ms": ms, "switch_chunks": ms / float(np.median(chunks))}


def mean(values: Sequence[float]) -> float:
    """NaN of nothing."""
    return float(np.mean(values)) if len(values) else float("nan")


def place_at(outcome: Outcome, frame: int) -> tuple[float, float]:
    """Where the object is told to be; else where it stood just before the prompt changed."""
    if outcome.script.path is not None:
        x, y = outcome.script.path[frame]
        return float(x), float(y)
    return _resting_place(outcome)


@functools.lru_cache(maxsize=2)  # asked for many frames of one outcome after the other
def _resting_place(outcome: Outcome) -> tuple[float, float]:
    before = outcome.script.last_switch - 1
    return video_measures.locate(outcome.frames[before], outcome.script.words[-2])[0]


def named(outcome: Outcome, frames: range) -> list[str]:
    """The object in each of these frames."""
    return [
        video_measures.named_object(outcome.frames[frame], place_at(outcome, frame))
        for frame in frames
    ]


def shows_new(outcome: Outcome) -> bool:
    """Whether most frames of the first chunk show the new object."""
    first = outcome.script.last_switch
    said = named(outcome, range(first, first + CHUNK))
    return said.count(outcome.script.words[-1]) > CHUNK / 2


def old_share(outcome: Outcome) -> float:
    """Share of frames behind the second chunk that show an object of an earlier prompt."""
    start = outcome.script.last_switch + 2 * CHUNK
    said = named(outcome, range(start, start + CHUNK))
    return mean([name in outcome.script.words[:-1] for name in said])


def kept_scene(outcome: Outcome) -> float:
    """Share of frames behind the switch in which the scene is that of the prompt."""
    frames = range(outcome.script.last_switch, len(outcome.frames), 2)
    said = [video_measures.named_scene(outcome.frames[k], place_at(outcome, k)) for k in frames]
    return mean([name == outcome.script.scene for name in said])


def kept_mist(outcome: Outcome) -> bool:
    """Whether the mist (or none) of before the first switch still lies there at the end."""
    first, last = BEFORE * CHUNK, len(outcome.frames)
    return _mist(outcome, range(first - MIST_FRAMES, first)) == _mist(
        outcome, range(last - MIST_FRAMES, last)
    )


def _mist(outcome: Outcome, frames: range) -> str | None:
    """What most of the frames show."""
    pictures, places = (
        outcome.frames[frames.start : frames.stop],
        [place_at(outcome, k) for k in frames],
    )
    return video_measures.commonest_mist(pictures, places, outcome.script.scene)


def kept_view(outcome: Outcome) -> bool | None:
    """Whether the ground is that of just before rather than that of the start; None without a move."""
    if outcome.script.shift is None:
        return None
    before, last = outcome.script.last_switch - 1, len(outcome.frames) - 1
    now = _ground_difference(outcome, last, before)
    return now < _ground_difference(outcome, last, CHUNK - 1)


def _ground_difference(outcome: Outcome, one: int, other: int) -> float:
    """Mean difference of two frames where neither shows the object."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    ground = np.ones((SIDE, SIDE), bool)
    for frame in (one, other):
        x, y = place_at(outcome, frame)
        ground &= np.hypot(columns - x, rows - y) > AWAY_PX
    pair = outcome.frames[[one, other]].astype(float)
    return float(np.abs(pair[0] - pair[1])[ground].mean())


def jump(outcome: Outcome) -> float:
    """Frame difference at the switch over the median of those before it."""
    first = outcome.script.last_switch
    differences = np.abs(np.diff(outcome.frames.astype(float), axis=0)).mean((1, 2, 3))
    usual = float(np.median(differences[CHUNK : first - 1]))
    return float(differences[first - 1]) / max(usual, LEAST_CHANGE)
