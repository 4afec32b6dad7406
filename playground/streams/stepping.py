"""What happens between an input frame and its picture, as functions from one `Flight` to the next.

The facade `ImageStream` checks what people hand in and keeps the flight; here is the order of
things: filter, encode, mix feedback, all slots once, count what is still on its way.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from playground.diffusion import noise, similarity, stream_batch
from playground.diffusion.plan import Plan, one_slot_plans
from playground.diffusion.stream_batch import Entry
from playground.models.image_model import ImageModel
from playground.streams.conditioned import Conditions, Origin, Passage
from playground.streams.controls import Controls
from playground.streams.snapshots import Flight, Source, Step
from playground.streams.stopwatch import Stopwatch

LATENT_LIMIT = 8.0  # of a fed-back latent, so that a loop cannot run away


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What holds for one whole step, read once at its beginning."""

    model: ImageModel
    plan: Plan
    controls: Controls
    is_sequential: bool
    conditions: Conditions | None = None  # mask and ControlNets, where there are any

    @property
    def lag(self) -> int:
        """Steps between an input and its picture."""
        return 0 if self.is_sequential else len(self.plan.levels) - 1


def filtered(
    flight: Flight, pixels: Float[Tensor, "b 3 H W"] | None, setting: Setting
) -> tuple[Flight, bool]:
    """Count the input, and whether the similarity filter holds it back."""
    controls = setting.controls
    counted = replace(flight, inputs=flight.inputs + 1)
    if pixels is None or flight.source is None or flight.source.is_noise:
        return replace(counted, similar=similarity.FilterState(reference=pixels)), False
    similar, is_held = similarity.decide(
        flight.similar,
        pixels,
        threshold=controls.similarity_threshold,
        max_skip=controls.max_skip,
        draw=noise.draw(controls.seed, flight.inputs) if controls.similarity_threshold else 0.0,
    )
    return replace(counted, similar=similar), is_held


def is_settled(flight: Flight, setting: Setting) -> bool:
    """Whether the same input once more would give the picture that is shown already."""
    return flight.unsettled == 0 and _knobs_stand_still(flight, setting)


def source_of(
    pixels: Float[Tensor, "b 3 H W"] | None,
    setting: Setting,
    *,
    shape: tuple[int, int, int, int],
    tag: int,
) -> Source:
    """The latents of an input, or fresh noise in its place."""
    if pixels is not None:
        latent = setting.model.encode(pixels)
        return Source(latent=latent, is_noise=False, tag=tag, pixels=pixels)
    latent = noise.fresh(setting.controls.seed, tag, shape, setting.model.device)
    return Source(latent=latent, is_noise=True, tag=tag)


def advanced(flight: Flight, source: Source, setting: Setting, *, is_new: bool) -> Flight:
    """One step of all slots with `source` entering; a first frame goes through all of them."""
    plan, predict = setting.plan, setting.model.unet_forward
    entry = _entry(flight, source, setting)
    is_alone = setting.is_sequential or flight.batch is None
    passage = None if setting.conditions is None else _passage(flight, source, setting)
    if passage is not None:
        batch = passage.alone(entry) if is_alone else passage.among(entry, flight.batch)
    elif is_alone:
        batch, _ = stream_batch.prime(entry, one_slot_plans(plan), predict)
    else:
        batch, _ = stream_batch.step(flight.batch, entry, plan, predict)
    return replace(
        flight,
        batch=batch,
        source=source,
        unsettled=0 if is_alone else _still_to_come(flight, setting, is_new=is_new),
        made_by=plan,
        feedback=setting.controls.feedback,
        made_under=setting.conditions,
        origins=None if passage is None else passage.origins_of(batch),
    )


def _passage(flight: Flight, source: Source, setting: Setting) -> Passage:
    """The way through a step under a mask or ControlNets."""
    origins, newest = dict(flight.origins or {}), None
    if source.pixels is not None:
        newest = origins.get(source.tag) or Origin(latent=source.latent, pixels=source.pixels)
        origins[source.tag] = newest
    return Passage(
        conditions=setting.conditions,
        plan=setting.plan,
        model=setting.model,
        origins=origins,
        newest=newest,
    )


def _still_to_come(flight: Flight, setting: Setting, *, is_new: bool) -> int:
    """Further steps until a still input would show no change any more."""
    if is_new or not _knobs_stand_still(flight, setting):
        return setting.lag
    return max(flight.unsettled - 1, 0)


def _knobs_stand_still(flight: Flight, setting: Setting) -> bool:
    same = flight.made_by is setting.plan and flight.made_under is setting.conditions
    return same and flight.feedback == setting.controls.feedback


def _entry(flight: Flight, source: Source, setting: Setting) -> Entry:
    """The first slot's noisy latent, after a part of the last picture was mixed in."""
    plan, amount = setting.plan, setting.controls.feedback
    before = None
    if amount > 0 and flight.batch is not None:
        before = flight.batch.clean[-1].nan_to_num(0).clamp(-LATENT_LIMIT, LATENT_LIMIT)
    if source.is_noise:
        trace = None if before is None else amount * before
        return stream_batch.enter_noise(source.latent, plan, tag=source.tag, before=trace)
    latent = source.latent if before is None else torch.lerp(source.latent, before, amount)
    return stream_batch.enter(latent, plan, tag=source.tag)


def step_of(flight: Flight, watch: Stopwatch, *, is_skipped: bool, slots: ndarray | None) -> Step:
    """What a step gives to people."""
    if slots is not None:
        watch.lap("slots")
    return Step(
        picture=flight.picture,
        skipped=is_skipped,
        timings=watch.total(),
        frame=flight.batch.tags[-1],
        slots=slots,
    )
