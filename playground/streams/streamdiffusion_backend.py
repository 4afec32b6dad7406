"""The `streamdiffusion` package behind the interface of `ImageStream`: a peer, and a door to its engines.

    stream = ImageStream.load("tiny", backend="streamdiffusion", guidance="self", t_index=(16, 32))

A change other than the prompt prepares it anew, as it was made to be used: the frames in
flight are lost, and the next frame goes through all slots at once, so that no picture of an empty
buffer is ever shown. What it gets wrong (see `_check`) is refused and not worked around silently.
"""

from dataclasses import replace
from typing import Any, no_type_check

import numpy as np
import torch
from torch import Tensor

from playground.diffusion import noise
from playground.diffusion.schedule import timestep_grid
from playground.frames.tensors import from_tensor
from playground.models.image_model import ImageModel
from playground.streams import serving
from playground.streams.controls import Controls, checked_t_index
from playground.streams.picture_stream import PictureStream
from playground.streams.snapshots import Picture, Snapshot, Step
from playground.streams.stopwatch import Stopwatch
from playground.streams.streamdiffusion_package import give_channels, package, pipe_of

PACKAGE_UNIT = 8  # pixels; other sizes are cut down without a word
ELSE = 'or use backend="own"'
NO_SNAPSHOTS = (
    "a snapshot must be {} with backend 'own', got backend 'streamdiffusion': the package keeps its "
    'frames in flight to itself; load the stream with backend="own"'
)


class StreamDiffusionBackend(PictureStream):
    """Streams pictures through the package's class; the arguments are those of `ImageStream`."""

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
        _check_settings(mode, frame_buffer)
        super().__init__(model, size, 1, unit=max(PACKAGE_UNIT, model.pixels_per_latent))
        self._steps, self._add_noise = num_inference_steps, add_noise
        self._grid = len(timestep_grid(model.scheduler, num_inference_steps))
        self._pipe = pipe_of(model)
        self._controls = Controls() if controls is None else controls
        self.check(self._controls)
        self.reset()

    @property
    def grid(self) -> int:
        """Positions of the timestep grid: the number of inference steps."""
        return self._grid

    @property
    def cannot(self) -> dict[str, str]:
        """Knobs that the package or this model cannot serve, each with the reason in words."""
        return super().cannot | serving.of_package()

    @property
    def lag(self) -> int:
        """Steps between an input and its picture."""
        return len(self.t_index) - 1

    @property
    def controls(self) -> Controls:
        """All live knobs in one immutable value."""
        return self._controls

    @no_type_check
    def check(self, controls: Controls) -> None:
        """Raise ValueError for controls that the package gets wrong or does not know."""
        if not isinstance(controls, Controls):
            raise ValueError(f"controls must be Controls, got {type(controls).__name__}")
        checked_t_index(controls.t_index, self._grid)
        _check(controls)

    @no_type_check
    def update(self, controls: Controls) -> None:
        """Take other controls from the next step on; on an error the old ones stay."""
        self.check(controls)
        for text in (controls.prompt, controls.negative_prompt):
            self.model.encode_prompt(text)  # remembered by the model; fails here or not at all
        self._controls = controls

    @property
    def state(self) -> Snapshot:
        """Refused: the package keeps its frames in flight to itself."""
        raise ValueError(NO_SNAPSHOTS.format("taken"))

    @no_type_check
    def restore(self, snapshot: Snapshot) -> None:
        """Refused, as `state`."""
        raise ValueError(NO_SNAPSHOTS.format("restored"))

    def reset(self) -> None:
        """Forget the frames in flight; the controls stay."""
        self._prepared: Controls | None = None
        self._stream: Any = None
        self._tags: tuple[int, ...] = ()
        self._inputs = 0
        self._newest: Tensor | None = None

    # ------------------------------------------------------------ pictures

    @torch.inference_mode()
    def step(self, frame: Any = None, *, slots: bool = False) -> Step:
        """One step with an input frame, or with fresh noise for None; as `ImageStream.step`."""
        watch = Stopwatch(self._wait)
        entry = None if frame is None else (self._framing.tensor_of(frame) + 1) / 2
        self._follow_controls()
        watch.lap("prepare")
        self._newest, self._inputs = entry, self._inputs + 1
        pixels = self._pushed(entry, tag=self._inputs - 1)
        watch.lap("package")
        picture = self._framing.picture_of(pixels)
        shown = self._slots(picture) if slots else None
        watch.lap("picture")
        return Step(
            picture=picture,
            skipped=False,
            timings=watch.total(),
            frame=self._tags[-1],
            slots=shown,
        )

    @torch.inference_mode()
    def flush(self) -> list[Picture]:
        """Pictures of the frames still in flight, oldest first; the stream is empty afterwards."""
        pictures = []
        while self._tags and self._tags[-1] != self._tags[0]:
            before = self._tags[-1]
            pixels = self._pushed(self._newest, tag=self._tags[0])
            if self._tags[-1] != before:
                pictures.append(self._framing.picture_of(pixels))
        self._tags = ()
        return pictures

    # ------------------------------------------------------------ inside

    def _pushed(self, entry: Tensor | None, *, tag: int) -> Tensor:
        """What comes out when a frame goes in; a first frame is pushed through all slots."""
        if not self._tags:
            self._tags = (tag,) * (self.lag + 1)
            for _ in range(self.lag):
                self._called(entry, tag)
        self._tags = (tag, *self._tags[:-1])
        return self._called(entry, tag)

    def _called(self, entry: Tensor | None, tag: int) -> Tensor:
        if entry is not None:
            return self._stream(entry)
        shape = (1, *self._stream.init_noise.shape[1:])
        latent = noise.fresh(self._controls.seed, tag, shape, self.model.device)
        clean = self._stream.predict_x0_batch(latent.to(self.model.dtype))
        return self._stream.decode_image(clean)

    def _follow_controls(self) -> None:
        controls, before = self._controls, self._prepared
        if controls is before:
            return
        self._prepared = controls
        if before is not None and _differ_in_prompt_only(controls, before):
            self._stream.update_prompt(controls.prompt)
        elif before is None or _as_prepared(controls) != _as_prepared(before):
            self._stream, self._tags = self._made(controls), ()

    def _made(self, controls: Controls) -> Any:
        height, width = self.size
        stream = package()(
            self._pipe,
            list(controls.t_index),
            torch_dtype=self.model.dtype,
            width=width,
            height=height,
            do_add_noise=self._add_noise,
            cfg_type=_active(controls),
        )
        stream.prepare(
            controls.prompt,
            negative_prompt=controls.negative_prompt,
            num_inference_steps=self._steps,
            guidance_scale=max(1.0, controls.guidance_scale),
            delta=controls.delta,
            generator=torch.Generator(),  # its default one is shared by all streams
            seed=controls.seed,
        )
        give_channels(stream, self.model.latent_shape[0], controls.seed)
        return stream

    def _slots(self, picture: Picture) -> np.ndarray:
        """Clean predictions, newest first: the package keeps them noised for the next slot."""
        if self.lag == 0:
            return picture[None]
        stream = self._stream
        added = stream.beta_prod_t_sqrt[1:] * stream.init_noise[1:] if self._add_noise else 0
        clean = (stream.x_t_latent_buffer - added) / stream.alpha_prod_t_sqrt[1:]
        return np.concatenate([from_tensor(self.model.decode(clean.float())), picture[None]])


def _check_settings(mode: str, frame_buffer: int) -> None:
    if mode != "batch":
        raise ValueError(
            f"mode must be 'batch' with backend 'streamdiffusion', got {mode!r}: its sequential mode "
            f"takes one frame's latents for the next one's noise; use mode='batch', {ELSE}"
        )
    if frame_buffer != 1:
        raise ValueError(
            f"frame_buffer must be 1 with backend 'streamdiffusion', got {frame_buffer}: its buffers "
            f"fail with more than one step; use 1, {ELSE}"
        )


def _check(controls: Controls) -> None:
    """The faults of 0.1.1, and the knobs that it does not have."""
    if _active(controls) == "self" and controls.steps == 1:
        raise ValueError(
            "t_index must have 2 entries or more for guidance 'self' with backend "
            f"'streamdiffusion', got {controls.t_index}: with one step its residual noise feeds "
            f"back on itself and grows without bound; use guidance 'none' or 'initialize', {ELSE}"
        )
    refused = {
        "blend must be empty": controls.blend,
        "seed_blend must be None": controls.seed_blend,
        "feedback must be 0": controls.feedback,
        "mask must be None": controls.mask,
        "controlnets must be empty": controls.controlnets,
        "loras must be empty": controls.loras,
        "similarity_threshold must be None": controls.similarity_threshold not in (None, 1.0)
        and controls.similarity_threshold,
    }
    for rule, value in refused.items():
        if value:
            raise ValueError(
                f"{rule} with backend 'streamdiffusion', got {value}; reset it, {ELSE}"
            )


def _active(controls: Controls) -> str:
    """The guidance that is really computed; full and initialize crash at a scale of 1."""
    return controls.guidance if controls.guidance_scale > 1 else "none"


def _as_prepared(controls: Controls) -> tuple:
    """All that the package fixes when it is prepared."""
    negative = controls.negative_prompt if _active(controls) in ("full", "initialize") else ""
    return (
        controls.prompt,
        negative,
        _active(controls),
        controls.guidance_scale,
        controls.delta,
        controls.t_index,
        controls.seed,
    )


def _differ_in_prompt_only(new: Controls, old: Controls) -> bool:
    """Whether `update_prompt` is enough; it loses the negative rows of full and initialize."""
    is_other = new.prompt != old.prompt
    same_else = _as_prepared(replace(new, prompt=old.prompt)) == _as_prepared(old)
    return is_other and same_else and _active(new) in ("none", "self")
