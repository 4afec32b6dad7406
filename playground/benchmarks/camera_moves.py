"""Camera moves that a person commands, against the same moves in the real world.

A stream begins with a picture of the world, nothing is told of the thing in it, and points of the scene pan
or zoom as `Tracks.camera` has them. What the world looks like after the move is known, so the distance to
that is measured: `camera_pan_miss` and `camera_zoom_miss` are 0 where the stream shows what the world does, 1
where it is as far off as a picture that had not moved at all, more where it is worse. Both with the memory
that goes with the camera (`streams.scene_view`) and where the network is told the points instead.
"""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import UInt8
from tqdm import tqdm

from playground.benchmarks import video_scripts
from playground.benchmarks.video_scripts import Script
from playground.conditioning.track_camera import Camera
from playground.conditioning.tracks import Tracks
from playground.models.video_model import VideoModel
from playground.streams.video_controls import VideoControls
from playground.streams.video_stream import VideoStream
from playground.world.clips import SIDE, Take, render_take, sample_take

FRAMES, FPS = 48, 20.0
LAST = 6  # frames that are compared
PANS_PX_S = (5.0, 10.0)
ZOOMS_PER_S = (0.1, 0.2)
Frames = UInt8[np.ndarray, "t H W 3"]


def figures(model: VideoModel, streams: int, seed: int) -> dict[str, float]:
    """Medians over streams of seen pairs; the second two with the points told to the network."""
    told = video_scripts.seen_scripts(streams, 1, seed + 6000)
    results = {}
    for suffix, memory in (("", True), ("_told", False)):
        rng = np.random.default_rng(seed + 6000)
        for name, move in (("pan", panned), ("zoom", zoomed)):
            scripts = tqdm(told, desc=f"camera {name}{suffix}", disable=None, leave=False)
            misses = [miss(model, script, move(rng), camera_memory=memory) for script in scripts]
            results[f"camera_{name}_miss{suffix}"] = float(np.median(misses))
    return results


def panned(rng: np.random.Generator) -> Camera:
    """To one side, and a little up or down."""
    side = rng.choice([-1.0, 1.0]) * rng.uniform(*PANS_PX_S)
    return Camera(pan_px_s=(side, side * rng.uniform(-0.3, 0.3)))


def zoomed(rng: np.random.Generator) -> Camera:
    """In or out."""
    return Camera(zoom_per_s=rng.choice([-1.0, 1.0]) * rng.uniform(*ZOOMS_PER_S))


def miss(model: VideoModel, script: Script, camera: Camera, **knobs: Any) -> float:
    """How far the end of a stream is from that of the real move, in units of no move at all."""
    real = render_take(real_take(script, camera), range(FRAMES))
    shown = streamed(model, script, camera, real[0], **knobs)
    return _distance(shown[-LAST:], real[-LAST:]) / _distance(real[:1], real[-LAST:])


def streamed(
    model: VideoModel, script: Script, camera: Camera, picture: np.ndarray, **knobs: Any
) -> Frames:
    """What the model makes of the move, from a picture on."""
    tracks = Tracks.camera(
        FRAMES / FPS, **dataclasses.asdict(camera), fps=FPS, size=model.size, spacing_px=16
    )
    told = {"policy": model.settings.policy, "prompt": script.prompt, "seed": script.seed}
    video = VideoStream(model, VideoControls(**told, tracks=tracks, **knobs))
    video.start_from(picture)
    return video_scripts.frames_of(video, FRAMES)


def real_take(script: Script, camera: Camera) -> Take:
    """The thing rests on the ground, the camera moves as commanded."""
    rng = np.random.default_rng(script.seed)
    take = sample_take(rng, FRAMES, pairs=((script.word, script.scene),), two=0.0, mist=None)
    growth = (1 + camera.zoom_per_s) ** (1 / FPS)
    way, centre = [take.camera[0] * (1, 1, 0) + (0, 0, 1)], [take.figures[0].centre[:1]]
    for _ in range(FRAMES - 1):
        x, y, zoom = way[-1]
        zoom *= growth
        step = np.array(camera.pan_px_s) / FPS
        way.append(np.array([x + step[0] / zoom, y + step[1] / zoom, zoom]))
        centre.append(camera.moved(centre[-1], FPS, (SIDE, SIDE)))
    figure = dataclasses.replace(take.figures[0], centre=np.concatenate(centre))
    return dataclasses.replace(take, figures=(figure,), camera=np.array(way))


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.square(one.astype(float) - other).mean())
