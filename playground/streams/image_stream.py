"""The image stream: drawings in, pictures out, every knob live.

    stream = ImageStream.load("tiny", t_index=(16, 32), guidance="self")
    stream.prompt = "a red fox on snow"
    picture = stream(drawing)

A facade: it keeps the current state (`Flight`) and the current plan, and calls the pure functions of
`playground.diffusion`. The first input goes through all slots at once, so the first picture is
already right; from then on picture k is that of input k - (n - 1), for n steps (`lag`). One thread
at a time may call `step`, one (the same or another) may set knobs; they act from the next step on.
"""

from dataclasses import replace
from typing import Any, no_type_check

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from playground.frames.tensors import from_tensor
from playground.models.image_model import ImageModel
from playground.models.image_recipes import recipe_of
from playground.streams.conditioned import pasted
from playground.streams.controls import Controls
from playground.streams.picture_stream import PictureStream
from playground.streams.planning import Planner, shapes_the_plan
from playground.streams.snapshots import Flight, Picture, Snapshot, Step
from playground.streams.stepping import Setting, advanced, filtered, is_settled, source_of, step_of
from playground.streams.stopwatch import Stopwatch

MODES = ("batch", "sequential")


class ImageStream(PictureStream):
    """Streams pictures through one model; see `Controls` for the knobs and their ranges.

    `mode` is "batch" or "sequential" (every frame through all steps at once: no lag, n calls of the
    network a picture), `frame_buffer` 1..4 frames a step, `size` (H, W) in pixels, both sides
    multiples of the model's `pixels_per_latent`.
    """

    __slots__ = ("_flight", "_mode", "_planner", "_taken", "journal", "latent_shape")

    @no_type_check  # public entries check in words
    def __init__(
        self,
        model: ImageModel,
        controls: Controls | None = None,
        *,
        mode: str = "batch",
        frame_buffer: int = 1,
        size: tuple[int, int] | None = None,
        num_inference_steps: int = 50,
        add_noise: bool = True,
    ) -> None:
        unit = model.pixels_per_latent
        super().__init__(model, size, frame_buffer, unit)
        height, width = (side // unit for side in self.size)
        self.latent_shape = (model.latent_shape[0], height, width)
        self._planner = Planner(
            model,
            self.latent_shape,
            frames=frame_buffer,
            num_inference_steps=num_inference_steps,
            add_noise=add_noise,
        )
        self.mode = mode
        controls = controls or Controls()
        self._taken = self._planner.plan(controls), controls, self._planner.conditions(controls)
        self._flight = Flight()
        self.journal: Any = None  # writes every step down, see `Recording.start`

    @classmethod
    @no_type_check
    def load(
        cls,
        source: Any = "tiny",
        *,
        backend: str = "own",
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
        runtime: str = "auto",
        mode: str = "batch",
        frame_buffer: int = 1,
        size: tuple[int, int] | None = None,
        num_inference_steps: int = 50,
        add_noise: bool = True,
        codec: Any = None,
        config: Any = None,
        **knobs: Any,
    ) -> Any:
        """A stream of "tiny", a recipe, a folder, a file, a hub name, a pipeline or an `ImageModel`.

        A recipe brings its knobs and its size, others may be named. `codec` and `config` as in
        `playground.models.loading.loaded`. `backend` "streamdiffusion" runs the package of that name
        behind the same interface. All further names are knobs of `Controls`, such as `prompt`.
        """
        recipe = recipe_of(source)
        knobs = {**({} if recipe is None else recipe.knobs()), **knobs}
        size = recipe.size if size is None and recipe is not None else size
        controls = Controls(**knobs)  # refuses what is wrong before weights are read
        if backend not in ("own", "streamdiffusion"):
            raise ValueError(f"backend must be 'own' or 'streamdiffusion', got {backend!r}")
        model = source
        if not isinstance(source, ImageModel):
            runtime = runtime if backend == "own" else "eager"
            options = {"device": device, "dtype": dtype, "codec": codec, "config": config}
            model = ImageModel.load(source, runtime=runtime, **options)
        settings = {"mode": mode, "frame_buffer": frame_buffer, "size": size}
        settings |= {"num_inference_steps": num_inference_steps, "add_noise": add_noise}
        if backend == "own":
            return cls(model, controls, **settings)
        from playground.streams.streamdiffusion_backend import StreamDiffusionBackend

        return StreamDiffusionBackend(model, controls, **settings)

    @property
    def num_inference_steps(self) -> int:
        """Inference steps that the timestep grid was asked for."""
        return self._planner.num_inference_steps

    @property
    def add_noise(self) -> bool:
        """Whether frames get fresh noise between the steps."""
        return self._planner.add_noise

    @property
    def grid(self) -> int:
        """Positions of the timestep grid: the number of inference steps."""
        return self._planner.grid

    @property
    def mode(self) -> str:
        """Whether frames go side by side ("batch") or one after the other ("sequential")."""
        return self._mode

    @mode.setter
    @no_type_check
    def mode(self, mode: str) -> None:
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}; got {mode!r}")
        self._mode = mode

    @property
    def controls(self) -> Controls:
        """All live knobs in one immutable value."""
        return self._taken[1]

    @no_type_check
    def check(self, controls: Controls) -> None:
        """Raise ValueError for controls that this stream would refuse; changes nothing."""
        self._planner.check(controls)
        self.check_input(controls)

    @no_type_check
    def update(self, controls: Controls) -> None:
        """Take other controls from the next step on; on an error the old ones stay."""
        plan, before, _ = self._taken
        if controls is before:
            return
        self.check(controls)
        if shapes_the_plan(controls) != shapes_the_plan(before):
            plan = self._planner.plan(controls)
        self._taken = plan, controls, self._planner.conditions(controls)

    @property
    def lag(self) -> int:
        """Steps between an input and its picture."""
        return 0 if self.mode == "sequential" else len(self.t_index) - 1

    @property
    def state(self) -> Snapshot:
        """Everything that the next steps depend on; cheap, shares memory with the stream."""
        plan, controls, _ = self._taken
        return Snapshot(controls=controls, plan=plan, flight=self._flight)

    @no_type_check
    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot of a stream of the same model, size and frame buffer."""
        if not isinstance(snapshot, Snapshot):
            raise ValueError(f"snapshot must come from `state`, got {type(snapshot).__name__}")
        plan = snapshot.plan
        theirs, ours = (*plan.noise.shape[1:], plan.frames), (*self.latent_shape, self.frame_buffer)
        if theirs != ours:
            raise ValueError(
                f"snapshot must be of latents and frame buffer {ours}, got {theirs}; "
                "restore it into a stream of the same size"
            )
        controls = snapshot.controls
        if self._announced is False:
            controls.check_text_to_image()
        self._taken = plan, controls, self._planner.conditions(controls)
        self._flight = flight = snapshot.flight
        self._fed = None if flight.source is None else not flight.source.is_noise
        if self.journal is not None:
            self.journal.went_back()

    @property
    def is_at_its_beginning(self) -> bool:
        """Whether it has seen nothing yet, or was reset."""
        return self._flight.inputs == 0

    def reset(self) -> None:
        """Forget the frames in flight and everything seen; the controls stay."""
        self._flight = Flight()
        if self.journal is not None:
            self.journal.reset()

    @torch.inference_mode()
    def step(self, frame: Any = None, *, slots: bool = False) -> Step:
        """One step with an input frame, or with fresh noise for None (text to image).

        Raises ValueError or FileNotFoundError for a bad frame; the stream is then as before. With
        `slots`, the clean prediction of every slot is decoded as well.
        """
        watch, setting = Stopwatch(self._wait), self._setting()
        pixels = None if frame is None else self._framing.tensor_of(frame)
        if frame is None:
            setting.controls.check_text_to_image()
        self._fed = frame is not None
        if self.journal is None:
            return self._stepped(pixels, setting, watch, slots=slots)
        with self.journal.step(setting.controls, pixels, mode=_mode_of(setting)):
            return self._stepped(pixels, setting, watch, slots=slots)

    def _stepped(
        self, pixels: Tensor | None, setting: Setting, watch: Stopwatch, *, slots: bool
    ) -> Step:
        flight, is_held = filtered(self._flight, pixels, setting)
        watch.lap("prepare")
        if is_held and is_settled(flight, setting):
            self._flight = flight
            shown = self._slots(flight) if slots else None
            return step_of(flight, watch, is_skipped=True, slots=shown)
        source = flight.source
        if not is_held:
            shape = (self.frame_buffer, *self.latent_shape)
            source = source_of(pixels, setting, shape=shape, tag=flight.inputs - 1)
            watch.lap("encode")
        flight = advanced(flight, source, setting, is_new=not is_held)
        watch.lap("unet")
        picture = self._picture(flight)
        watch.lap("decode")
        self._flight = flight = replace(flight, picture=picture)
        shown = self._slots(flight) if slots else None
        return step_of(flight, watch, is_skipped=False, slots=shown)

    @torch.inference_mode()
    def flush(self) -> list[Picture]:
        """Pictures of the frames still in flight, oldest first; the stream is empty afterwards."""
        setting = self._setting()
        if self.journal is None:
            return self._flushed(setting)
        with self.journal.flush(setting.controls, mode=_mode_of(setting)):
            return self._flushed(setting)

    def _flushed(self, setting: Setting) -> list[Picture]:
        pictures, flight = [], self._flight
        while flight.batch is not None and flight.batch.tags[-1] != flight.batch.tags[0]:
            before = flight.batch.tags[-1]
            flight = advanced(flight, flight.source, setting, is_new=False)
            if flight.batch.tags[-1] != before:
                pictures.append(self._picture(flight))
        self._flight = Flight(inputs=flight.inputs)
        return pictures

    def _setting(self) -> Setting:
        plan, controls, conditions = self._taken
        if self.model.loras is not None:
            self.model.loras.use(controls.loras)
        return Setting(
            model=self.model,
            plan=plan,
            controls=controls,
            is_sequential=self._mode == "sequential",
            conditions=conditions,
        )

    def _picture(self, flight: Flight) -> Picture:
        pixels = self.model.decode(flight.batch.clean[-1])
        if flight.made_under is not None:
            pixels = pasted(
                pixels, flight.made_under, (flight.origins or {}).get(flight.batch.tags[-1])
            )
        return self._framing.picture_of(pixels)

    def _slots(self, flight: Flight) -> UInt8[np.ndarray, "s H W 3"]:
        """Clean predictions of all slots; the newest frame of each where buffers are longer."""
        finished = flight.picture[-1:] if self.frame_buffer > 1 else flight.picture[None]
        under_way = flight.batch.clean[:-1, -1]
        if len(under_way) == 0:
            return finished
        return np.concatenate([from_tensor(self.model.decode(under_way)), finished])


def _mode_of(setting: Setting) -> str:
    return "sequential" if setting.is_sequential else "batch"
