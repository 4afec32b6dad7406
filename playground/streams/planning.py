"""From controls to a plan: looks up what is cached, computes the little that changed.

A planner belongs to one stream: model, size and buffer never change in it. Everything that can be
wrong with controls only in view of the model is found here, before anything of a running stream
has changed.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, no_type_check

from playground.conditioning.prompts import embed
from playground.diffusion import noise
from playground.diffusion.guidance import Guidance
from playground.diffusion.plan import Plan
from playground.diffusion.schedule import Schedule, timestep_grid
from playground.models.image_model import ImageModel
from playground.streams.conditioned import Conditions
from playground.streams.controls import Controls, checked_t_index

KEPT = 64  # schedules and noises remembered, a few kB each


class Planner:
    """Makes the plans of one stream."""

    def __init__(
        self,
        model: ImageModel,
        latent_shape: tuple[int, int, int],
        *,
        frames: int = 1,
        num_inference_steps: int = 50,
        add_noise: bool = True,
    ) -> None:
        self._model, self._latent_shape = model, latent_shape
        height, width = (side * model.pixels_per_latent for side in latent_shape[1:])
        self._size = height, width
        self._frames, self.add_noise = frames, add_noise
        self.num_inference_steps = num_inference_steps
        self.grid = len(timestep_grid(model.scheduler, num_inference_steps))
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    @no_type_check  # checks in words
    def check(self, controls: Controls) -> None:
        """Raise ValueError for controls that do not fit the model."""
        if not isinstance(controls, Controls):
            raise ValueError(f"controls must be Controls, got {type(controls).__name__}")
        checked_t_index(controls.t_index, self.grid)
        check_added("loras", controls.loras, self._model.loras)
        check_added("controlnets", controls.controlnets, self._model.controlnets)
        for name in ("mask", "control_image"):
            plate = getattr(controls, name)
            if plate is not None and plate.size != self._size:
                raise ValueError(
                    f"{name} must have the stream's size {self._size}, got {plate.size}; resize it first"
                )

    def conditions(self, controls: Controls) -> Conditions | None:
        """Mask and ControlNets of these controls; None where there are none."""
        if controls.mask is None and not controls.controlnets:
            return None
        key = ("conditions", controls.mask, controls.controlnets, controls.control_image)
        return self._once(key, lambda: Conditions.of(controls, self._model, self._size))

    def plan(self, controls: Controls) -> Plan:
        """The plan of these controls; raises ValueError, or what the text encoder raises."""
        self.check(controls)
        if self._model.loras is not None:
            self._model.loras.use_for_text(controls.loras)
        guidance = Guidance(
            kind=controls.guidance, scale=controls.guidance_scale, delta=controls.delta
        )
        return Plan.make(
            schedule=self._schedule(controls.t_index),
            noise=self._noise(controls),
            guidance=guidance,
            prompt=embed(self._model, controls.prompt, controls.blend, controls.blend_mode),
            negative=self._model.encode_prompt(controls.negative_prompt),
            frames=self._frames,
            add_noise=self.add_noise,
        )

    def _schedule(self, t_index: tuple[int, ...]) -> Schedule:
        model = self._model
        return self._once(
            ("schedule", t_index),
            lambda: Schedule.from_scheduler(
                model.scheduler,
                t_index,
                self.num_inference_steps,
                device=model.device,
                prediction=model.prediction,
            ),
        )

    def _noise(self, controls: Controls) -> Any:
        wanted = (controls.seed, controls.steps, self._latent_shape, controls.seed_blend)
        return self._once(("noise", *wanted), lambda: noise.initial(*wanted, self._model.device))

    def _once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = make()
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]


def shapes_the_plan(controls: Controls) -> tuple:
    """The knobs that a plan depends on; the others act at the step itself."""
    return (
        controls.prompt,
        controls.negative_prompt,
        controls.blend,
        controls.blend_mode,
        controls.guidance,
        controls.guidance_scale,
        controls.delta,
        controls.t_index,
        controls.seed,
        controls.seed_blend,
        controls.loras,
    )


def check_added(name: str, pairs: tuple[tuple[str, float], ...], added: Any) -> None:
    """Raise ValueError for LoRAs or ControlNets that were not added to the model."""
    known = () if added is None else added.names
    for one, _ in pairs:
        if one not in known:
            raise ValueError(
                f"{name} must be among those added ({', '.join(known) or 'none'}), got {one!r}; "
                f"add it with {'add_lora' if name == 'loras' else 'add_controlnet'}"
            )
