"""Every knob that may move while an image stream runs, in one immutable value.

An engine reads one `Controls` a step, so a step never sees half of a change. Everything is checked
here that can be checked without a model; the length of the timestep grid is checked by the stream.
This module imports no network library.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, no_type_check

from playground.streams.checks import (
    MAX_SEED,
    check_choice,
    check_kind,
    check_text,
    checked_number,
    checked_pairs,
    checked_whole,
)
from playground.streams.plates import Plate, as_mask, as_plate

GUIDANCE_KINDS = ("none", "full", "self", "initialize")
BLEND_MODES = ("linear", "slerp")
MAX_STEPS = 8
GRID = 50  # positions of the timestep grid, 0 = pure noise


@no_type_check  # checks its values itself, in words
@dataclass(frozen=True, kw_only=True, slots=True)
class Controls:
    """Live knobs of an image stream; change them with `dataclasses.replace` or `with_...`."""

    prompt: str = "a red fox on snow"
    negative_prompt: str = ""  # used by guidance "full" and "initialize"
    blend: tuple[tuple[str, float], ...] = ()  # (prompt, weight >= 0); empty = `prompt` alone
    blend_mode: str = "linear"  # or "slerp": along the sphere
    guidance: str = "self"  # none, full, self, initialize
    guidance_scale: float | int = 1.0  # u + scale * (c - u), 0..30; up to 1 = off
    delta: float | int = 1.0  # strength of the residual noise in self and initialize, 0..10
    t_index: tuple[int, ...] = (16, 32)  # ascending; 0 = most noise (free), 49 = least (close)
    seed: int = 2  # 0..2**32 - 1
    seed_blend: tuple[int, float] | None = None  # (other seed, 0..1); None or 0 = off
    feedback: float | int = 0.0  # part of the last picture mixed into the next input, 0..1; 0 = off
    similarity_threshold: float | int | None = None  # 0..1, skip inputs as similar; None or 1 = off
    max_skip: int = 10  # longest run of skipped inputs, >= 0; 0 = off
    loras: tuple[tuple[str, float], ...] = ()  # (name, weight -4..4) of added ones; 0 = off
    controlnets: tuple[tuple[str, float], ...] = ()  # (name, strength 0..2) of added ones; 0 = off
    control_image: Plate | None = None  # what ControlNets see; None = each frame's own drawing
    mask: Plate | None = None  # white = painted anew, black = kept; None = all is painted
    paused: bool = False

    def __post_init__(self) -> None:
        check_text("prompt", self.prompt)
        check_kind("negative_prompt", self.negative_prompt, str, "a text")
        _set(self, "blend", _checked_blend(self.blend))
        check_choice("blend_mode", self.blend_mode, BLEND_MODES)
        check_choice("guidance", self.guidance, GUIDANCE_KINDS)
        _set(self, "guidance_scale", checked_number("guidance_scale", self.guidance_scale, 0, 30))
        _set(self, "delta", checked_number("delta", self.delta, 0, 10))
        _set(self, "t_index", checked_t_index(self.t_index))
        _set(self, "seed", checked_whole("seed", self.seed, 0, MAX_SEED))
        _set(self, "seed_blend", _checked_seed_blend(self.seed_blend))
        _set(self, "feedback", checked_number("feedback", self.feedback, 0, 1))
        if self.similarity_threshold is not None:
            threshold = checked_number("similarity_threshold", self.similarity_threshold, 0, 1)
            _set(self, "similarity_threshold", threshold)
        _set(self, "max_skip", checked_whole("max_skip", self.max_skip, 0, 10_000))
        _set(self, "loras", checked_pairs("loras", self.loras, -4, 4))
        _set(self, "controlnets", checked_pairs("controlnets", self.controlnets, 0, 2))
        _set(self, "control_image", as_plate(self.control_image, "control_image"))
        _set(self, "mask", as_mask(self.mask))
        check_kind("paused", self.paused, bool, "True or False")

    @property
    def steps(self) -> int:
        """Number of denoising steps, 1..8."""
        return len(self.t_index)

    @property
    def strength(self) -> float:
        """How free the picture is from the input: 1 = starts from pure noise, 0.02 = closest."""
        return max(GRID - self.t_index[0], 0) / GRID

    def with_strength(self, strength: float) -> "Controls":
        """The same number of steps, spread evenly from `strength` (0..1) to the clean end."""
        return replace(self, t_index=t_index_for(strength, self.steps))

    def with_steps(self, steps: int) -> "Controls":
        """The same strength with 1..8 steps, spread evenly."""
        return replace(self, t_index=t_index_for(self.strength, steps))

    def check_text_to_image(self) -> None:
        """Raise ValueError for a knob that needs an input: a mask, a ControlNet without an image."""
        if self.mask is not None:
            raise ValueError(
                "mask must be None for text to image, got one: there is nothing to keep; "
                "feed a picture first, or take the mask away"
            )
        steering = [name for name, strength in self.controlnets if strength > 0]
        if steering and self.control_image is None:
            raise ValueError(
                "control_image must be set for text to image under a ControlNet "
                f"({', '.join(steering)}), got None and no drawing either; set it in the same "
                "change, or feed a picture first"
            )


@no_type_check
def t_index_for(strength: float, steps: int, grid: int = GRID) -> tuple[int, ...]:
    """`steps` ascending grid positions, evenly spread from `strength` down to the clean end.

    A function of its arguments alone, so a dial that moves forth and back ends where it began.
    """
    strength = checked_number("strength", strength, 0, 1)
    steps = checked_whole("steps", steps, 1, min(MAX_STEPS, grid))
    first = min(round(grid * (1 - strength)), grid - steps)
    return tuple(first + (grid - first) * step // steps for step in range(steps))


def checked_t_index(t_index: Any, grid: int | None = None) -> tuple[int, ...]:
    """A tuple of 1..8 ascending whole positions, all below `grid` where that is known."""
    if isinstance(t_index, str | bytes) or not hasattr(t_index, "__iter__"):
        raise ValueError(f"t_index must be a list of whole numbers, got {t_index!r}")
    entries = tuple(checked_whole("t_index entry", entry, 0, 999) for entry in t_index)
    if not 1 <= len(entries) <= MAX_STEPS:
        raise ValueError(f"t_index must have 1..{MAX_STEPS} entries, got {len(entries)}")
    if any(later <= earlier for earlier, later in pairwise(entries)):
        fix = tuple(sorted(set(entries)))
        raise ValueError(f"t_index must be ascending without repeats, got {entries}; use {fix}")
    if grid is not None and entries[-1] >= grid:
        raise ValueError(
            f"t_index entries must be below the {grid} inference steps (0..{grid - 1}), got {entries}"
        )
    return entries


def _checked_blend(blend: Any) -> tuple[tuple[str, float], ...]:
    rule = "blend must be a list of (prompt, weight) pairs"
    if isinstance(blend, str) or not hasattr(blend, "__iter__"):
        raise ValueError(f"{rule}, got {blend!r}")
    entries = list(blend)
    if not all(isinstance(entry, tuple | list) and len(entry) == 2 for entry in entries):
        raise ValueError(f"{rule}, got {entries!r:.80}")
    for text, _ in entries:
        check_text("blend prompt", text)
    pairs = tuple((text, checked_number("blend weight", w, 0, 1e6)) for text, w in entries)
    if pairs and sum(weight for _, weight in pairs) <= 0:
        raise ValueError(f"blend must have a weight above 0, got {[w for _, w in pairs]}")
    return pairs


def _checked_seed_blend(pair: Any) -> tuple[int, float] | None:
    if pair is None:
        return None
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ValueError(f"seed_blend must be (other seed, amount 0..1) or None, got {pair!r}")
    other = checked_whole("seed_blend seed", pair[0], 0, MAX_SEED)
    return other, checked_number("seed_blend amount", pair[1], 0, 1)


def _set(controls: Controls, name: str, value: Any) -> None:
    object.__setattr__(controls, name, value)
