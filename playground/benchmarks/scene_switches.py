"""Prompts that change the scene of a running stream, alone or together with the thing in it.

`new_scene_accuracy` is the share of streams that show scene and thing of the new prompt in most frames from
one second after it on, for two seconds; `new_scene_accuracy_plain` the same where words on a new scene are
not stressed (`streams.emphasis`). `stressed_things` is the share of prompts on a thing alone that were taken
for one on the scene. Half of the things follow a path.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from tqdm import tqdm

from playground.benchmarks import video_measures
from playground.benchmarks.video_scripts import frames_of, smooth_path, tracks_of
from playground.models.video_model import VideoModel
from playground.streams.video_controls import VideoControls
from playground.streams.video_stream import VideoStream
from playground.world.captions import caption
from playground.world.clips import VIDEO_OBJECTS, VIDEO_SCENES

BEFORE = 12  # chunks until the prompt changes
WATCHED = range(20, 60, 2)  # frames after it
Frames = UInt8[np.ndarray, "t H W 3"]
Pair = tuple[str, str]  # of a thing and a scene


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SceneScript:
    """One stream: from one pair of thing and scene to another."""

    before: Pair
    after: Pair
    path: (
        Float[np.ndarray, "t 2"] | None
    )  # of the thing, in pixels of SIDE; None: nothing tells where it is
    seed: int


def scripts(count: int, seed: int) -> list[SceneScript]:
    """That many; every other one changes the thing too."""
    rng, made = np.random.default_rng(seed), []
    for number in range(count):
        things = [str(word) for word in rng.permutation(VIDEO_OBJECTS)[:2]]
        scenes = [str(name) for name in rng.permutation(VIDEO_SCENES)[:2]]
        after = things[number % 2], scenes[1]
        path = smooth_path(rng, 3 * BEFORE + WATCHED.stop + 3) if number // 2 % 2 == 0 else None
        made.append(
            SceneScript(before=(things[0], scenes[0]), after=after, path=path, seed=seed + number)
        )
    return made


def figures(model: VideoModel, count: int, seed: int) -> dict[str, float]:
    """Both shares of streams, from the same snapshots, and what a new thing alone sets off."""
    turned: dict[bool, list[bool]] = {True: [], False: []}
    mistaken = []
    for script in tqdm(scripts(count, seed + 7000), desc="scenes", disable=None, leave=False):
        video = begun(model, script)
        snapshot = video.state
        for stressed, kept in turned.items():
            kept.append(
                shows(script, filmed_after(VideoStream.restore(snapshot), script, stressed))
            )
        video.prompt = caption(script.after[0], script.before[1])
        next(video)
        if script.after[0] != script.before[0]:
            mistaken.append(video.state.flight.emphasis is not None)
    return {
        "new_scene_accuracy": float(np.mean(turned[True])),
        "new_scene_accuracy_plain": float(np.mean(turned[False])),
        "stressed_things": float(np.mean(mistaken)) if mistaken else float("nan"),
    }


def shows(script: SceneScript, frames: Frames) -> bool:
    """Whether most of the watched frames show thing and scene of the new prompt."""
    right = []
    for frame in WATCHED:
        place = _place(script, frames[frame], frame)
        thing = video_measures.named_object(frames[frame], place)
        scene = video_measures.named_scene(frames[frame], place)
        right.append((thing, scene) == script.after)
    return float(np.mean(right)) > 0.5


def begun(model: VideoModel, script: SceneScript) -> VideoStream:
    """A stream just before its prompt changes."""
    tracks = None if script.path is None else tracks_of(script.path, model)
    told = {"policy": model.settings.policy, "prompt": caption(*script.before), "seed": script.seed}
    video = VideoStream(model, VideoControls(**told, tracks=tracks))
    for _ in range(BEFORE):
        next(video)
    return video


def filmed_after(video: VideoStream, script: SceneScript, stressed: bool) -> Frames:
    """Its frames under the new prompt."""
    video.emphasis, video.prompt = stressed, caption(*script.after)
    return frames_of(video, WATCHED.stop)


def _place(script: SceneScript, frame: np.ndarray, number: int) -> tuple[float, float]:
    if script.path is None:
        x, y = video_measures.locate(frame, script.after[0])[0]
    else:
        x, y = script.path[3 * BEFORE + number]
    return float(x), float(y)
