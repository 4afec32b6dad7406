"""Small experiments of the image notebook: turn one knob, keep the rest, look at the pictures.

Every function takes a stream and a drawing and leaves both as they were: it runs a stream of its own
on the same model.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from playground.frames.clip_files import ClipFile
from playground.frames.pixels import as_frame

from .image_source import opened
from .sheet import Sheet, Ticks

CLOSENESS = (0.0, 0.2, 0.32, 0.5, 0.7, 0.9)
KINDS = ("none", "self", "initialize", "full")


def strength_sheet(stream, drawing, *, closeness=CLOSENESS, steps=(1, 2, 4)):
    """One drawing, from free to close (columns), with few and many steps (rows)."""
    start = stream.controls
    controls = [[start.with_steps(n).with_strength(1 - c) for c in closeness] for n in steps]
    return Sheet(
        pictures=tuple(tuple(_picture(stream, each, drawing) for each in row) for row in controls),
        columns=tuple(
            f"{'free' if not c else 'close' if c == closeness[-1] else ''} {c:g}" for c in closeness
        ),
        rows=tuple(f"{n} step{'s' if n > 1 else ''}" for n in steps),
        captions=tuple(tuple(_t_index(each) for each in row) for row in controls),
        side_px=112,
    )


def seed_sheet(stream, drawing, *, seeds=range(1, 8)):
    """One drawing and one prompt under several seeds."""
    pictures = [_picture(stream, replace(stream.controls, seed=seed), drawing) for seed in seeds]
    return Sheet(
        pictures=(tuple(pictures),), columns=tuple(f"seed {seed}" for seed in seeds), side_px=112
    )


def guidance_sheet(stream, drawing, *, scale=1.6, steps=4, repeats=7):
    """The four guidance types side by side, each with what it costs."""
    start = replace(stream.controls.with_steps(steps), guidance_scale=scale)
    runs = _timed(stream, [replace(start, guidance=kind) for kind in KINDS], drawing, repeats)
    rows = {"none": steps, "self": steps, "initialize": steps + 1, "full": 2 * steps}
    slowest = max(ms for _, ms in runs)
    return Sheet(
        pictures=(tuple(picture for picture, _ in runs),),
        columns=KINDS,
        captions=(
            tuple(
                f"{ms:.0f} ms, {rows[k]} network rows"
                for k, (_, ms) in zip(KINDS, runs, strict=True)
            ),
        ),
        bars=(tuple(ms / slowest for _, ms in runs),),
        side_px=176,
    )


def slot_sheet(stream, drawing, *, steps=4, calls=6):
    """What every slot of the stream batch predicts, call by call, while the drawing moves."""
    own = _own_stream(stream, stream.controls.with_steps(steps))
    frame = _frame(stream, drawing)
    ways = [np.roll(frame, 4 * call, axis=1) for call in range(steps + calls)]
    done = [own.step(way, slots=True) for way in ways][steps:]
    frames = [[steps + call - slot + 1 for slot in range(steps)] for call in range(calls)]
    return Sheet(
        pictures=tuple(tuple(step.slots) for step in done),
        columns=tuple(
            f"slot {slot + 1}, t {999 - 20 * at}" for slot, at in enumerate(own.controls.t_index)
        ),
        rows=tuple(f"call {steps + call + 1}" for call in range(calls)),
        captions=tuple(tuple(f"frame {number}" for number in row) for row in frames),
        side_px=92,
    )


def source_sheet(stream, path, *, frames=6):
    """Frames of a picture file, a film or a folder (above), and what the stream makes of them."""
    source = opened(path, stream.size, fps=None)
    shown = [np.array(source.latest()) for _ in range(frames)]
    made = [_picture(stream, stream.controls, frame) for frame in shown]
    return Sheet(pictures=(tuple(shown), tuple(made)), rows=("in", "out"), side_px=112)


def write_film(path, drawing, *, frames=12):
    """A short film of a drawing that walks by: something to try a film as a source with."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with ClipFile(path, fps=12) as clip:
        for at in range(frames):
            clip.write(np.roll(drawing, (at - frames // 2) * drawing.shape[1] // 24, axis=1))
    return path


def similarity_ticks(stream, drawing, *, thresholds=(None, 0.99, 0.9), still=16, moving=8):
    """A drawing that rests, moves and rests again: which frames are computed at which threshold."""
    film = _film(stream, drawing, still, moving)
    marks = [
        _computed(stream, replace(stream.controls, similarity_threshold=t), film)
        for t in thresholds
    ]
    return Ticks(
        marks=tuple(marks),
        rows=tuple("off" if t is None else f"threshold {t:g}" for t in thresholds),
        captions=tuple(f"{1 - sum(each) / len(each):.0%} of the work saved" for each in marks),
    )


def _own_stream(stream, controls):
    return type(stream)(stream.model, replace(controls, paused=False))


def _picture(stream, controls, drawing):
    return _own_stream(stream, controls)(_frame(stream, drawing))


def _frame(stream, drawing):
    return as_frame(drawing, stream.size, name="drawing")


def _timed(stream, settings, drawing, repeats):
    """(picture, ms) for each of the settings, taken in turns so that all meet the same machine;
    the quickest of several counts, since other programs only ever make a step slower."""
    frame = _frame(stream, drawing)
    streams = [_own_stream(stream, controls) for controls in settings]
    rounds = [[own.step(frame) for own in streams] for _ in range(repeats + 2)]
    costs = [
        min(step.timings["total"] for step in steps[2:]) for steps in zip(*rounds, strict=True)
    ]
    return list(zip((step.picture for step in rounds[-1]), costs, strict=True))


def _film(stream, drawing, still, moving):
    frame = _frame(stream, drawing)
    moved = [np.roll(frame, 3 * at, axis=1) for at in range(1, moving + 1)]
    return [frame] * still + moved + [moved[-1]] * still


def _computed(stream, controls, film):
    own = _own_stream(stream, controls)
    return tuple(not own.step(frame).skipped for frame in film)


def _t_index(controls):
    return "t-index " + ", ".join(map(str, controls.t_index))
