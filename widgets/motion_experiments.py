"""Small experiments of the motion notebook: command something, keep the rest, look at the films.

Every function takes a stream and leaves it as it was: it runs a stream of its own on the same model.
Points are (x, y) in a picture 64 pixels wide, whatever the size of the video.
"""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from playground.conditioning.track_split import split_scene
from playground.conditioning.track_things import gather_things
from playground.conditioning.tracks import Tracks
from playground.frames.clip_files import ClipFile
from playground.frames.sources import VideoFile
from playground.world.clips import render_take, sample_take

from .path_films import with_paths
from .sheet import Sheet

SECONDS = 3.0
SIDE_PX = 176
STROKES = {
    "a line": [(12, 40), (52, 28)],
    "there and back": [(16, 44), (48, 44), (16, 44)],
    "round": [(32 + 14 * np.sin(a), 38 - 14 * np.cos(a)) for a in np.linspace(0, 6.28, 40)],
    "an eight": [(32 + 16 * np.sin(a), 38 + 9 * np.sin(2 * a)) for a in np.linspace(0, 6.28, 60)],
}


def stroke_sheet(video, strokes=STROKES, *, seconds=SECONDS):
    """The same words with several paths, each drawn over what came of it."""
    films = [_film(video, seconds, _strokes(video, [s])) for s in strokes.values()]
    return _sheet(video, [films], columns=tuple(strokes))


def silence_sheet(video, *, seconds=SECONDS):
    """The three things one can say about a point: go there, stay there, nothing."""
    path = _strokes(video, [[(20, 42), (46, 34)]])
    pin = Tracks.pins(_scaled(video, [(32, 40)]), fps=video.fps, size=video.size)
    films = [_film(video, seconds, tracks) for tracks in (path, pin, None)]
    names = ("a path, then nothing", "pinned", "nothing said")
    return _sheet(video, [films], columns=names)


def camera_sheet(video, *, seconds=SECONDS):
    """Camera moves, told by points of the scene alone (white): the memory goes along, or the network is told."""
    moves = {
        "pan right": {"pan_px_s": _scaled(video, (6, 0))},
        "pan up": {"pan_px_s": _scaled(video, (0, -5))},
        "zoom in": {"zoom_per_s": 0.12},
        "turn": {"rotate_deg_s": 5},
    }
    rows = {"memory goes along": True, "network is told": False}
    films = [
        [
            _film(
                video,
                seconds,
                Tracks.camera(seconds, fps=video.fps, size=video.size, **move),
                camera_memory=memory,
            )
            for move in moves.values()
        ]
        for memory in rows.values()
    ]
    return _sheet(video, films, columns=tuple(moves), rows=tuple(rows), side_px=SIDE_PX - 24)


def transfer_sheet(video, path, *, prompts=("a duck on the sea", "a fox on snow")):
    """A clip, what was followed in it, and other things that move as it does."""
    tracks = gather_things(split_scene(Tracks.from_video(path)))
    tracks = tracks.resample(fps=video.fps, size=video.size)
    clip = _frames_of(path, video, tracks.frames)
    seconds = len(clip) / video.fps
    films = [_film(video, seconds, tracks, prompt=prompt)[: len(clip)] for prompt in prompts]
    told = with_paths(clip, tracks.window(0, len(clip)))
    return _sheet(
        video, [[with_paths(clip, None), told, *films]], columns=("clip", "followed", *prompts)
    )


def misty_picture(thing="duck", scene="sea", mist="amber", *, seed=2):
    """A picture of the small world under a mist, of which no words tell."""
    rng = np.random.default_rng(seed)
    return render_take(sample_take(rng, 1, pairs=((thing, scene),), two=0.0, mist=mist))[0]


def drift_sheet(video, *, begin=None, frames=(6, 60, 150, 240)):
    """The same stream from the same picture, with and without a sink: what is left of it after some time."""
    begin = misty_picture() if begin is None else begin
    rows = {
        "with a sink": {"sink_chunks": 1, "window_chunks": 1},
        "without": {"sink_chunks": 0, "window_chunks": 2},
    }
    pictures = []
    for sizes in rows.values():
        knobs = {"policy": "motionstream", "sizes": sizes, "begin": begin}
        made = _made(video, max(frames) / video.fps, **knobs)[0]
        pictures.append(tuple(made[at - 1] for at in frames))
    return Sheet(
        pictures=tuple(pictures),
        rows=tuple(rows),
        columns=tuple(f"frame {at}" for at in frames),
        side_px=SIDE_PX - 16,
    )


def grab_sheet(video, stroke=((33, 36), (18, 22), (46, 24)), *, rest=2.0, after=1.0):
    """A thing that nothing was told of is dragged and let go, with another sink from there on, and without."""
    way = _strokes(video, [stroke])
    before = round(rest * video.fps)
    tracks = replace(
        way,
        points=np.concatenate([np.repeat(way.points[:1], before, 0), way.points]),
        visible=np.concatenate([np.zeros((before, 1), bool), way.visible]),
    )
    seconds = after + tracks.frames / video.fps
    films = [_film(video, seconds, tracks, resink=on) for on in (True, False)]
    return _sheet(video, [films], columns=("begins again when grabbed", "keeps its first frames"))


def size_sheet(video, *, chunks=(1, 3, 6), windows=(1, 3), seconds=2.0):
    """Chunk (columns) and window (rows): what comes of it, what it costs, how late it answers."""
    path = _strokes(video, [[(14, 44), (50, 30)]])
    films, captions = [], []
    for window in windows:
        sizes = {"sink_chunks": 1, "window_chunks": window}
        runs = [
            _timed(video, seconds, path, policy="motionstream", sizes=sizes, chunk=c)
            for c in chunks
        ]
        films.append([film for film, _ in runs])
        captions.append(tuple(_cost(video, c, ms) for c, (_, ms) in zip(chunks, runs, strict=True)))
    return _sheet(
        video,
        films,
        columns=tuple(f"chunk of {c}" for c in chunks),
        rows=tuple(f"window {w}" for w in windows),
        captions=tuple(captions),
    )


def guidance_sheet(video, *, text=(0.0, 2.0), motion=(0.0, 1.0, 3.0), seconds=2.0):
    """Guidance towards the words (rows) and towards the paths (columns), with what it costs."""
    path = _strokes(video, [[(14, 22), (48, 46)]])
    films, captions = [], []
    for w_t in text:
        runs = [
            _timed(video, seconds, path, text_guidance=w_t, motion_guidance=w_m) for w_m in motion
        ]
        films.append([film for film, _ in runs])
        captions.append(tuple(f"{ms:.0f} ms a chunk" for _, ms in runs))
    return _sheet(
        video,
        films,
        columns=tuple(f"paths {w:g}" if w else "paths off" for w in motion),
        rows=tuple(f"words {w:g}" if w else "words off" for w in text),
        captions=tuple(captions),
    )


def write_clip(path, *, seconds=3.0, seed=5):
    """A short film of the world these models learned, to take the motion from."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    take = sample_take(rng, round(20 * seconds), pairs=(("ball", "grass"),), two=0.0, mist=None)
    with ClipFile(path, fps=20) as clip:
        for frame in render_take(take):
            clip.write(frame)
    return path


# ---------------------------------------------------------------- running a stream of its own


def _made(video, seconds, begin=None, **changes):
    """Frames [T, H, W, 3], the windows of tracks that were told, and milliseconds of the chunks."""
    own = type(video)(video.model, replace(video.controls, paused=False, **changes))
    if begin is not None:
        own.start_from(begin)
    count, chunks, costs = round(seconds * video.fps), [], []
    while sum(len(chunk.frames) for chunk in chunks) < count:
        began = time.perf_counter()
        chunks.append(next(own))
        costs.append(1000 * (time.perf_counter() - began))
    return np.concatenate([chunk.frames for chunk in chunks])[:count], chunks, costs


def _film(video, seconds, tracks, **changes):
    frames, _, _ = _made(video, seconds, tracks=tracks, **changes)
    return with_paths(frames, None if tracks is None else tracks.window(0, len(frames)))


def _timed(video, seconds, tracks, **changes):
    """A film and its milliseconds a chunk; the middle one, since the first ones prepare."""
    frames, _, costs = _made(video, seconds, tracks=tracks, **changes)
    return with_paths(frames, tracks.window(0, len(frames))), float(np.median(costs))


def _cost(video, chunk, ms):
    return f"{1000 * chunk / ms:.0f} frames a second, {ms + 1000 * chunk / video.fps:.0f} ms late"


def _strokes(video, strokes):
    scaled = [_scaled(video, stroke) for stroke in strokes]
    return Tracks.from_strokes(scaled, fps=video.fps, size=video.size)


def _scaled(video, points):
    return np.array(points, float) * video.size[1] / 64


def _frames_of(path, video, count):
    source = VideoFile(path, video.size, fps=None)
    return np.stack([np.array(source.latest()) for _ in range(count)])


def _sheet(video, films, *, side_px=SIDE_PX, **labels):
    return Sheet(pictures=tuple(map(tuple, films)), fps=video.fps, side_px=side_px, **labels)
