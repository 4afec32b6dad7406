"""The stream batch: frames at different noise levels, side by side in one network call.

Slot i always works at timestep t_i. A frame enters slot 0, moves on by one slot a call, and leaves
after the last: n slots give one finished frame a call, n - 1 calls late (StreamDiffusion, arXiv
2312.12491, sec. 3.1). The state is what the last call predicted for every slot; noise is added when
a frame enters its next slot, so a change of seed, strength or guidance between two calls needs no
conversion, and a change of the length only a choice (`adapt`).

Pure functions: no state is kept here, no network is known but through `predict`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from playground.diffusion.plan import Plan

Predict = Callable[
    [Tensor, Tensor, Tensor], Tensor
]  # (sample, timesteps, embeddings) -> raw output

Settle = Callable[[Tensor], Tensor]  # clean predictions [s, b, c, h, w] to the same shape

COARSER_BY = 200  # of 1000: how much noisier a prediction may have been made than is asked for


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Entry:
    """A frame about to enter the first slot."""

    latent: Float[Tensor, "b c h w"]  # noisy, at the first timestep
    anchor: Float[Tensor, "b c h w"]  # where residual guidance leads back to
    tag: int  # number of the frame


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StreamState:
    """What the last call made of every slot; the frame in the last slot has just left."""

    clean: Float[Tensor, "s b c h w"]  # clean predictions, scaled as the decoder wants them
    anchors: Float[Tensor, "s b c h w"]
    tags: tuple[int, ...]  # number of the frame in each slot, newest first
    levels: tuple[int, ...]  # timestep that each prediction was made at


def enter(clean: Float[Tensor, "b c h w"], plan: Plan, *, tag: int) -> Entry:
    """A picture's latent, noised for the first slot: a_0 z + b_0 N_0, the same noise every frame."""
    latent = torch.addcmul(plan.entrance.noise, plan.entrance.alpha, clean)
    return Entry(latent=latent, anchor=clean, tag=tag)


def enter_noise(
    noise: Float[Tensor, "b c h w"],
    plan: Plan,
    *,
    tag: int,
    before: Float[Tensor, "b c h w"] | None = None,
) -> Entry:
    """Text to image: plain noise, or noise over a trace of the picture `before`.

    The anchor is the picture behind the noise (zero without one), so the residual noise is the noise
    that is really there.
    """
    if before is None:
        return Entry(latent=noise, anchor=torch.zeros_like(noise), tag=tag)
    latent = plan.entrance.alpha * before + plan.entrance.beta * noise
    return Entry(latent=latent, anchor=before, tag=tag)


def step(
    state: StreamState, entry: Entry, plan: Plan, predict: Predict
) -> tuple[StreamState, Float[Tensor, "b c h w"]]:
    """One network call for all slots: the state after it, and the latent of the frame that leaves."""
    state = adapt(state, plan)
    latents, anchors = entry.latent[None], entry.anchor[None]
    if len(plan.levels) > 1:
        latents = torch.cat([latents, plan.onward.latents(state.clean[:-1])])
        anchors = torch.cat([anchors, plan.onward.anchors(state.anchors[:-1])])
    clean, anchors = evaluate(latents, anchors, plan, predict)
    tags = (entry.tag, *state.tags[:-1])
    return StreamState(clean=clean, anchors=anchors, tags=tags, levels=plan.levels), clean[-1]


def prime(
    entry: Entry, slots: tuple[Plan, ...], predict: Predict, settle: Settle | None = None
) -> tuple[StreamState, Float[Tensor, "b c h w"]]:
    """One frame through all slots at once: n calls of a single frame's rows.

    The state is that of a stream that has seen this frame for ever, so the first picture is right
    and so is every one after it. `slots` are the `one_slot_plans`. This is also frame-by-frame
    denoising, for comparison. `settle` may change every clean prediction before it goes on.
    """
    latents, anchors, made, kept = entry.latent[None], entry.anchor[None], [], []
    for plan in slots:
        clean, anchors = evaluate(latents, anchors, plan, predict)
        clean = clean if settle is None else settle(clean)
        made.append(clean), kept.append(anchors)
        if plan is not slots[-1]:
            latents, anchors = plan.onward.latents(clean), plan.onward.anchors(anchors)
    state = StreamState(
        clean=torch.cat(made),
        anchors=torch.cat(kept),
        tags=(entry.tag,) * len(slots),
        levels=tuple(level for plan in slots for level in plan.levels),
    )
    return state, state.clean[-1]


def evaluate(
    latents: Float[Tensor, "s b c h w"],
    anchors: Float[Tensor, "s b c h w"],
    plan: Plan,
    predict: Predict,
) -> tuple[Float[Tensor, "s b c h w"], Float[Tensor, "s b c h w"]]:
    """Clean predictions of all slots by one network call, and the anchors they were guided by."""
    rows = latents.flatten(0, 1)
    if plan.negative_rows:
        rows = torch.cat([rows, rows[: plan.negative_rows]])
    raw = predict(rows, plan.timesteps, plan.embeddings).unflatten(0, (-1, plan.frames))
    count, weights = len(latents), plan.weights
    clean = torch.addcmul(weights.latent * latents, weights.output, raw[:count])
    if weights.reference is None:
        return clean, anchors
    if plan.guidance.kind == "full":
        return clean.addcmul_(weights.reference, raw[count:]), anchors
    if plan.negative_rows:
        first = plan.entrance.x_gain * latents[:1] + plan.entrance.raw_gain * raw[count:]
        anchors = torch.cat([first, anchors[1:]])
    return clean.addcmul_(weights.reference, anchors), anchors


def adapt(state: StreamState, plan: Plan) -> StreamState:
    """The state for another t-index list: each slot gets the newest prediction fine enough for it.

    A slot wants a prediction made at about the level of the slot before it. A much coarser one
    would show as a blurred frame, so the frame that just left takes its place then. Frames keep
    their order; which of them are left out or shown twice follows from the lengths.
    """
    if state.levels == plan.levels:
        return state
    last = len(state.levels) - 1
    chosen = [_fine_enough(state.levels, wanted) for wanted in plan.levels[:-1]] + [last]
    pick = torch.tensor(chosen, device=state.clean.device)
    return StreamState(
        clean=state.clean[pick],
        anchors=state.anchors[pick],
        tags=tuple(state.tags[place] for place in chosen),
        levels=tuple(state.levels[place] for place in chosen),
    )


def _fine_enough(levels: tuple[int, ...], wanted: int) -> int:
    fine = (place for place, level in enumerate(levels) if level <= wanted + COARSER_BY)
    return next(fine, len(levels) - 1)
