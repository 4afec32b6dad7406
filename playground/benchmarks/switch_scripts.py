"""Streams in which the prompt changes in the middle: what they show, filmed by a model or really rendered.

A model's stream is filmed once up to the switch; every strategy then goes on from the same snapshot. Half of
the objects follow no path, a quarter of the switches come after a camera move (the sink then shows another
part of the scene than the present), a quarter are the second of two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from playground.benchmarks.video_scripts import smooth_path
from playground.conditioning.tracks import Tracks
from playground.models.video_model import VideoModel
from playground.streams.video_controls import VideoControls
from playground.streams.video_stream import VideoStream
from playground.streams.video_values import Chunk, VideoSnapshot
from playground.world.captions import caption
from playground.world.clips import (
    SIDE,
    VIDEO_OBJECTS,
    VIDEO_SCENES,
    held_out_video_pairs,
    render_take,
    sample_take,
)

CHUNK = 3  # frames
BEFORE, BETWEEN, AFTER = 12, 2, 6  # chunks until the first switch, between two, after the last
FRAMES = (BEFORE + BETWEEN + AFTER) * CHUNK
MOVE = (9, 30)  # frames between which the camera moves
MOVE_PX = 20.0
GROUND = np.stack(np.meshgrid(np.arange(6, SIDE, 13), np.arange(6, SIDE, 13)), -1).reshape(-1, 2)
Frames = UInt8[np.ndarray, "t H W 3"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SwitchScript:
    """One stream: its objects one after the other, its scene, and what moves; in pixels of SIDE."""

    words: tuple[str, ...]  # two, or three where the prompt changes twice
    scene: str
    path: Float[np.ndarray, "t 2"] | None  # of the object; None: nothing tells where it is
    shift: Float[np.ndarray, "t 2"] | None  # of the ground on the screen; None: the camera rests
    seed: int

    @property
    def prompts(self) -> tuple[str, ...]:
        """Its words, in sentences."""
        return tuple(caption(word, self.scene) for word in self.words)

    @property
    def last_switch(self) -> int:
        """The first frame of the last prompt."""
        return (BEFORE + BETWEEN * (len(self.words) - 2)) * CHUNK


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Outcome:
    """The frames of one script, switches included."""

    script: SwitchScript
    frames: Frames
    switch_ms: tuple[float, ...] = ()  # of every switch
    chunk_ms: tuple[float, ...] = ()  # of the chunks without one


def switch_scripts(count: int, seed: int) -> list[SwitchScript]:
    """That many switches, on pairs of object and scene that training shows."""
    rng, held = np.random.default_rng(seed), set(held_out_video_pairs())
    made = []
    for number in range(count):
        scene = VIDEO_SCENES[number % len(VIDEO_SCENES)]
        shown = [word for word in VIDEO_OBJECTS if (word, scene) not in held]
        words = rng.permutation(shown)[: 3 if number % 8 in (3, 4) else 2]
        path = smooth_path(rng, FRAMES) if number % 2 == 0 else None
        made.append(
            SwitchScript(
                words=tuple(map(str, words)),
                scene=scene,
                path=path,
                shift=_camera_move(rng) if number % 4 == 2 else None,
                seed=seed + number,
            )
        )
    return made


def _camera_move(rng: np.random.Generator) -> Float[np.ndarray, "t 2"]:
    first, last = MOVE
    part = ((np.arange(FRAMES) - first) / (last - first)).clip(0, 1)
    way = np.array([rng.choice([-1.0, 1.0]), rng.uniform(-0.3, 0.3)])
    return part[:, None] * way * MOVE_PX


# ------------------------------------------------------------ filmed


def before_switch(model: VideoModel, script: SwitchScript) -> tuple[VideoSnapshot, list[Chunk]]:
    """A stream just before its first switch, and its chunks until then; it begins with a picture."""
    told = {"policy": model.settings.policy, "prompt": script.prompts[0], "seed": script.seed}
    video = VideoStream(model, VideoControls(**told, tracks=_tracks(script, model)))
    video.start_from(rendered(script).frames[0])
    chunks = [next(video) for _ in range(BEFORE)]
    return video.state, chunks


def branched(
    snapshot: VideoSnapshot, before: Sequence[Chunk], script: SwitchScript, recache: str
) -> Outcome:
    """How the stream goes on with that strategy."""
    video, chunks = VideoStream.restore(snapshot), list(before)
    for number, prompt in enumerate(script.prompts[1:], 2):
        video.update(replace(video.controls, prompt=prompt, recache=recache))
        count = AFTER if number == len(script.words) else BETWEEN
        chunks += [next(video) for _ in range(count)]
    return Outcome(
        script=script,
        frames=np.concatenate([chunk.frames for chunk in chunks]),
        switch_ms=tuple(chunk.switch.ms for chunk in chunks if chunk.switch is not None),
        chunk_ms=tuple(c.timings["total"] for c in chunks[BEFORE // 2 :] if c.switch is None),
    )


def _tracks(script: SwitchScript, model: VideoModel) -> Tracks | None:
    """The object's path and, where the camera moves, points of the ground until it rests."""
    columns, scene, seen = [], [], []
    if script.path is not None:
        columns, scene, seen = [script.path], [False], [np.ones(FRAMES, bool)]
    if script.shift is not None:
        columns += [point + script.shift for point in GROUND]
        scene += [True] * len(GROUND)
        seen += [np.arange(FRAMES) <= MOVE[1]] * len(GROUND)
    if not columns:
        return None
    points = np.stack(columns, 1) * np.array(model.size[::-1]) / SIDE
    return Tracks(
        points.astype(np.float32),
        visible=np.stack(seen, 1),
        scene=scene,
        identity=range(len(columns)),
        fps=model.settings.fps,
        size=model.size,
    )


# ------------------------------------------------------------ rendered


def rendered(script: SwitchScript) -> Outcome:
    """The same as the world really looks: only the object changes, at the switch."""
    rng = np.random.default_rng(script.seed)
    end = script.last_switch + AFTER * CHUNK
    take = sample_take(rng, end, pairs=((script.words[0], script.scene),), two=0.0)
    camera = np.repeat(take.camera[:1], end, 0)
    if script.shift is not None:
        camera[:, :2] -= script.shift[:end]
    resting = np.repeat([[32.0, 36.0]], end, 0)
    path = resting if script.path is None else script.path[:end].astype(float)
    figure = replace(take.figures[0], centre=path)
    edges = [0, *(k * CHUNK for k in (BEFORE, BEFORE + BETWEEN)[: len(script.words) - 1]), end]
    parts = [
        render_take(
            replace(take, figures=(replace(figure, object=word),), camera=camera), range(*edge)
        )
        for word, *edge in zip(script.words, edges[:-1], edges[1:], strict=True)
    ]
    return Outcome(script=script, frames=np.concatenate(parts))
