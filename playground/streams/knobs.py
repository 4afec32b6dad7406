"""Every knob of `Controls` as an attribute of a stream: read it, set it, and the stream follows.

A stream that has `model`, `controls` and `update(controls)` gets the attributes from here, whatever runs
behind it. This module imports no network library.
"""

from dataclasses import replace
from typing import Any, no_type_check

from playground.streams.controls import GRID, Controls, t_index_for


def knob(name: str, meaning: str) -> property:
    """Reads from the controls, and replaces them whole when set."""

    def read(stream: Any) -> Any:
        return getattr(stream.controls, name)

    def turn(stream: Any, value: Any) -> None:
        stream.update(replace(stream.controls, **{name: value}))

    return property(read, turn, doc=meaning)


class Knobs:
    """Attributes that forward to `self.controls` and `self.update`; ranges as in `Controls`."""

    __slots__ = ()

    controls: Controls
    model: Any  # an ImageModel

    negative_prompt = knob("negative_prompt", "What to move away from, in full and initialize.")
    blend = knob("blend", "(prompt, weight) pairs in the place of the prompt; () = off.")
    blend_mode = knob("blend_mode", "How a blend mixes: linear or slerp.")
    guidance = knob("guidance", "none, full, self or initialize.")
    guidance_scale = knob("guidance_scale", "u + scale (c - u); 1 = off.")
    delta = knob("delta", "How much of the residual noise counts, in self and initialize.")
    t_index = knob("t_index", "Positions of the steps on the timestep grid, ascending.")
    seed = knob("seed", "Seed of all noise.")
    seed_blend = knob("seed_blend", "(other seed, 0..1) or None.")
    feedback = knob("feedback", "Part of the last picture in the next input, 0..1; 0 = off.")
    similarity_threshold = knob("similarity_threshold", "Skip inputs more alike; None = off.")
    max_skip = knob("max_skip", "Longest run of skipped inputs; 0 = off.")

    loras = knob("loras", "(name, weight) pairs of added LoRAs; () = off.")
    controlnets = knob("controlnets", "(name, strength) pairs of added ControlNets; () = off.")
    control_image = knob("control_image", "What ControlNets see; None = the drawing itself.")
    mask = knob("mask", "White is painted anew, black is kept; None = all is painted.")

    @no_type_check
    def add_lora(self, source: Any, name: str | None = None, *, weight: float = 1.0) -> str:
        """Load a LoRA into the model and mix it in from the next step on; gives its name."""
        replace(self.controls, loras=(("lora", weight),))  # refuses a wrong weight before it loads
        name = self.model.add_lora(source, name)
        self.loras = (*self.loras, (name, weight))
        return name

    @no_type_check
    def add_controlnet(
        self,
        source: Any,
        name: str | None = None,
        *,
        condition: str = "scribble",
        strength: float = 1.0,
    ) -> str:
        """Load a ControlNet and let it steer from the next step on; gives its name.

        `condition` is what it was trained to see: "scribble", "canny" or "drawing" (the input as it is).
        """
        self.check_input(replace(self.controls, controlnets=(("net", strength),)))  # as above
        name = self.model.add_controlnet(source, name, condition=condition)
        self.controlnets = (*self.controlnets, (name, strength))
        return name

    def update(self, controls: Controls) -> None:
        """Take other controls; every stream says how."""
        raise NotImplementedError

    def check_input(self, controls: Controls) -> None:
        """Raise ValueError for controls that need an input where none comes; every stream says how."""
        raise NotImplementedError

    @property
    def grid(self) -> int:
        """Positions of the timestep grid that `t_index` points into."""
        return GRID

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know about the present prompts: unknown words, a cut tail."""
        controls = self.controls
        texts = [text for text, _ in controls.blend] or [controls.prompt]
        texts += [controls.negative_prompt] if controls.negative_prompt else []
        return tuple(dict.fromkeys(note for text in texts for note in self.model.remarks(text)))

    @property
    def prompt(self) -> str:
        """What to show; setting it ends a blend."""
        return self.controls.prompt

    @prompt.setter
    @no_type_check  # as all knobs: `Controls` checks, in words
    def prompt(self, prompt: str) -> None:
        self.update(replace(self.controls, prompt=prompt, blend=()))

    @property
    def strength(self) -> float:
        """How free from the input, 0..1; setting it spreads the steps evenly from there."""
        return max(self.grid - self.t_index[0], 0) / self.grid

    @strength.setter
    @no_type_check
    def strength(self, strength: float | int) -> None:
        self.t_index = t_index_for(strength, self.steps, self.grid)

    @property
    def steps(self) -> int:
        """Number of denoising steps, 1..8; setting it keeps the strength."""
        return len(self.t_index)

    @steps.setter
    @no_type_check
    def steps(self, steps: int) -> None:
        self.t_index = t_index_for(self.strength, steps, self.grid)
