"""Every knob that may move while a video stream runs, in one immutable value.

A stream reads one `VideoControls` a chunk, so a chunk never sees half of a change. What can be checked
without a model is checked here; known words, policies and sizes are checked by the stream. This module
imports no network library.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, no_type_check

from playground.streams import checks as check
from playground.streams.transition import Transition, check_transition
from playground.streams.weighted_prompts import Prompt, checked_prompt

MAX_STEPS = 4
RECACHES = ("longlive", "longlive_sink", "causal", "flush", "anchor", "cross", "stale")


@no_type_check  # checks its values itself, in words
@dataclass(frozen=True, kw_only=True, slots=True)
class VideoControls:
    """Live knobs of a video stream; change them with `dataclasses.replace`.

    `tracks` is a `Tracks`, which begins at the first chunk that has it, or any object with
    `window(start, count)` in frames of the stream, which is asked at every chunk.
    """

    prompt: Prompt = "a duck on the sea"  # or (text, weight >= 0) pairs, whose mixture is heard
    tracks: Any = None  # None = no paths
    steps: int | None = None  # denoising passes a chunk, 1..4; None = as the model was trained
    policy: str = "motionstream"  # what stays in the cache, a name in memory.policies
    sizes: tuple[tuple[str, int], ...] = ()  # of the policy, as a mapping or pairs; () = its own
    chunk: int | None = None  # latent frames made at once, 1..12; None = as the model was trained
    recache: str = "longlive"  # what a new prompt does to the past, a name in memory.switching
    resink: bool = True  # a grab or a release makes the newest chunk the sink, see `streams.resink`
    camera_memory: bool = True  # the memory goes with the camera, see `streams.scene_view`
    emphasis: bool = True  # new words are stressed until they are there, see `streams.emphasis`
    transition: Transition | None = None  # over how many chunks new words come in; None = at once
    text_guidance: float | int = 0.0  # w_t of the joint guidance, 0..10; 0 = off
    motion_guidance: float | int = 0.0  # w_m, 0..10; 0 = off
    seed: int = 0  # 0..2**32 - 1
    paused: bool = False

    def __post_init__(self) -> None:
        settled = {
            "prompt": checked_prompt(self.prompt),
            "sizes": checked_sizes(self.sizes),
            "text_guidance": check.checked_number("text_guidance", self.text_guidance, 0, 10),
            "motion_guidance": check.checked_number("motion_guidance", self.motion_guidance, 0, 10),
            "seed": check.checked_whole("seed", self.seed, 0, check.MAX_SEED),
        }
        for name, most in (("steps", MAX_STEPS), ("chunk", 12)):
            if getattr(self, name) is not None:
                settled[name] = check.checked_whole(name, getattr(self, name), 1, most)
        check.check_kind("policy", self.policy, str, "the name of a policy")
        check.check_choice("recache", self.recache, RECACHES)
        check_transition(self.transition)
        for name in ("resink", "camera_memory", "emphasis", "paused"):
            check.check_kind(name, getattr(self, name), bool, "True or False")
        _check_tracks(self.tracks)
        for name, value in settled.items():
            object.__setattr__(self, name, value)


@no_type_check
def checked_sizes(sizes: Any) -> tuple[tuple[str, Any], ...]:
    """Sizes of a policy as sorted (name, value) pairs."""
    pairs = list(sizes.items()) if isinstance(sizes, Mapping) else sizes
    rule = "sizes must be a mapping such as {'sink_chunks': 1}"
    if isinstance(pairs, str) or not hasattr(pairs, "__iter__"):
        raise ValueError(f"{rule}, got {sizes!r:.80}")
    pairs = [tuple(pair) if isinstance(pair, tuple | list) else (pair,) for pair in pairs]
    if not all(len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
        raise ValueError(f"{rule}, got {sizes!r:.80}")
    return tuple(sorted((name, _checked_size(name, value)) for name, value in pairs))


def _checked_size(name: str, value: Any) -> Any:
    """Whole numbers 0..1000; names of ways to count positions and True/False pass as they are."""
    if isinstance(value, str | bool):
        return value
    return check.checked_whole(f"size {name}", value, 0, 1000)


def _check_tracks(tracks: Any) -> None:
    if tracks is not None and not callable(getattr(tracks, "window", None)):
        raise ValueError(
            "tracks must be Tracks, an object with window(start, count), or None; "
            f"got {type(tracks).__name__}; make some with Tracks.from_strokes"
        )
