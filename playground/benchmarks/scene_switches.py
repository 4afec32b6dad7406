"""Prompts that change the scene of a running stream, the thing in it, or both.

`new_scene_accuracy` is the share of streams that show scene and thing of the new prompt in most frames from
one second after it on, for two seconds, where the scene changes; `new_thing_accuracy` the same where only the
thing does. Both with `_plain` where new words are not stressed (`streams.emphasis`). The streams begin with
words alone; half of the things follow a path.
"""

from dataclasses import dataclass, replace

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
    """All shares of streams, each with its plain one from the same snapshots."""
    came: dict[str, list[bool]] = {
        f"new_{what}_accuracy{way}": [] for what in ("scene", "thing") for way in ("", "_plain")
    }
    for script in tqdm(scripts(count, seed + 7000), desc="scenes", disable=None, leave=False):
        snapshot = begun(model, script).state
        turns = {"scene": script}
        if script.after[0] != script.before[0]:
            turns["thing"] = replace(script, after=(script.after[0], script.before[1]))
        for what, turn in turns.items():
            for way, stressed in (("", True), ("_plain", False)):
                film = filmed_after(VideoStream.restore(snapshot), turn, stressed)
                came[f"new_{what}_accuracy{way}"].append(shows(turn, film))
    return {name: float(np.mean(kept)) for name, kept in came.items()}


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
