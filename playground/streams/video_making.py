"""How one chunk of video is made, as functions from one `Flight` to the next.

The facade `VideoStream` checks what people hand in and keeps the flight; here is the order of things:
a new prompt and what it does to the past, the paths of these frames, noise, passes, pixels.
Every random number is a function of the seed and the frame's number.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from playground.conditioning.track_grid import IDENTITIES, track_grid
from playground.conditioning.tracks import Tracks
from playground.diffusion import motion_guidance, noise
from playground.diffusion.noise_plan import NoisePlan
from playground.frames.tensors import from_tensor
from playground.memory.switching import Rewriting, strategy
from playground.models.key_values import MEMORY, VELOCITY, Context
from playground.streams import resink, rollout
from playground.streams.chunk_report import cache_view, shares_of, switch_of
from playground.streams.first_picture import beginning_with
from playground.streams.making import Making
from playground.streams.mixed_prompts import context_of
from playground.streams.rollout import Forward
from playground.streams.stopwatch import Stopwatch
from playground.streams.transition import heard_next
from playground.streams.video_values import Chunk, Flight
from playground.streams.weighted_prompts import in_words

SPREAD = 61_803  # coprime to IDENTITIES: neighbouring identities become far apart


def made(flight: Flight, making: Making, watch: Stopwatch, *, attention: bool = False) -> Flight:
    """The next chunk; with `attention`, one more pass measures how it looked at the cache."""
    hearing = heard_next(flight.hearing, making.controls.prompt, making.controls.transition)
    context = context_of(making.model, hearing)
    before, rewriting = told(replace(flight, hearing=hearing), context, making)
    watch.lap("prepare" if rewriting is None else "recache")
    switch = switch_of(flight, rewriting, making, watch)
    before, commanded = with_tracks(before, making)
    before, resunk = with_sink(before, flight, commanded, context, making)
    watch.lap("recache" if resunk else "prepare")
    grid = grid_of(commanded, making)
    fresh = noise_of(before.rollout.frame, making)
    watch.lap("prepare")
    state, result = rollout.generate_chunk(
        beginning_with(before, guided(making, has_tracks=grid is not None)),
        before.rollout,
        context,
        making.policy,
        NoisePlan.few_step(making.model.times(making.controls.steps)),
        fresh,
        grid,
    )
    watch.lap("network")
    pixels, decoder = making.model.decode_next(result.latents, before.decoder)
    watch.lap("decode")
    shares = shares_of(before.rollout, result, making, context, grid) if attention else None
    rewritten = resunk or (() if switch is None else switch.rewritten)
    chunk = Chunk(
        frames=from_tensor(pixels[0].transpose(0, 1)),
        index=before.rollout.chunk,
        frame=making.model.first_frame(before.rollout.frame),
        prompt=in_words(making.controls.prompt),
        timings=watch.total(),
        cache=cache_view(state, before, rewritten, watch, making, shares),
        tracks=None if commanded is None else commanded.window(1, commanded.frames - 1),
        heard=hearing.mixture,
        switch=switch,
        resunk=bool(resunk),
    )
    count = result.latents.shape[2]
    return replace(before, rollout=state, chunk=chunk, latents=count, shown=0, decoder=decoder)


def told(flight: Flight, context: Context, making: Making) -> tuple[Flight, Rewriting | None]:
    """The flight under what it hears now, and what that did to a past, where there is one."""
    state, mixture = flight.rollout, flight.hearing.mixture
    if dict(flight.told).get(state.prompt) == mixture:
        return flight, None
    number, rewriting = state.prompt + 1 if flight.told else state.prompt, None
    if state.frame and flight.hearing.rewrites:
        rewriting = rollout.planned(state, making.policy, strategy(making.controls.recache))
        forward = making.model.forward
        state = rollout.recache(forward, state, context, making.policy, rewriting, number)
    state = replace(state, prompt=number)
    known = {*state.cache.prompts, number}
    texts = tuple(pair for pair in flight.told if pair[0] in known and pair[0] != number)
    return replace(flight, rollout=state, told=(*texts, (number, mixture))), rewriting


def with_sink(
    flight: Flight, earlier: Flight, coming: Tracks | None, context: Context, making: Making
) -> tuple[Flight, tuple[int, ...]]:
    """With another sink, if a thing is grabbed or let go now (`resink`); which frames it is."""
    wanted = making.controls.resink and making.policy.sinks
    if not wanted or flight.chunk is None:
        return flight, ()
    last, same = flight.chunk, _go_on(flight.tracks, earlier.tracks)
    told_now = resink.retold(last.tracks, coming, len(last.frames), same=same)
    if told_now is None:
        return flight, ()
    state, count = flight.rollout, flight.latents
    clean = resink.patched(state.clean[:, :, -count:], state.sink, state.first)
    grid, forward = grid_of(told_now, making, count), making.model.forward
    state = rollout.begun_anew(forward, state, clean, context, making.policy, grid)
    return replace(flight, rollout=state), state.cache.frames


def _go_on(tracks: Any, earlier: Any) -> bool:
    """Whether these tell of the same points; live paths do, whatever object a replay puts in their place."""
    live = not any(one is None or isinstance(one, Tracks) for one in (tracks, earlier))
    return live or tracks is earlier


# ------------------------------------------------------------ what steers a chunk


def with_tracks(flight: Flight, making: Making) -> tuple[Flight, Tracks | None]:
    """What is commanded for the next frames, after the frame before them.

    `Tracks` begin when they are first seen; anything else is asked by frame numbers of the stream.
    """
    tracks, begins = making.controls.tracks, making.model.first_frame
    frame, after = begins(flight.rollout.frame), flight.rollout.frame + making.policy.chunk
    if tracks is not flight.tracks:
        flight = replace(flight, tracks=tracks, tracks_from=frame)
    if tracks is None:
        return flight, None
    start = frame - (flight.tracks_from if isinstance(tracks, Tracks) else 0)
    count = begins(after) - frame
    if start > 0:
        return flight, _checked_window(tracks.window(start - 1, count + 1))
    window = _checked_window(tracks.window(0, count))
    points = np.concatenate([window.points[:1], window.points])
    visible = np.concatenate([np.zeros_like(window.visible[:1]), window.visible])
    return flight, replace(window, points=points, visible=visible)


def _checked_window(window: Any) -> Tracks:
    if not isinstance(window, Tracks):
        raise ValueError(f"tracks.window must give Tracks, got {type(window).__name__}")
    return window


def grid_of(
    commanded: Tracks | None, making: Making, count: int | None = None
) -> Float[Tensor, "1 e T h w"] | None:
    """What the network reads of the points that `count` latent frames (default: a chunk) are commanded.

    None where nothing is told.
    """
    if commanded is None or not commanded.visible[1:].any():
        return None
    model = making.model
    grid = track_grid(
        torch.tensor(commanded.points)[None],
        torch.tensor(commanded.visible)[None],
        torch.tensor((commanded.identity + 1) * SPREAD % IDENTITIES)[None],
        torch.tensor(commanded.scene)[None],
        size_px=model.size,
        stride=model.stride,
    )
    whole = (count or making.policy.chunk) * model.transformer.config.track_fold
    before = whole - grid.shape[2]  # of a first latent frame that is one picture
    return F.pad(grid, (0, 0, 0, 0, before, 0)).to(model.device)


def noise_of(frame: int, making: Making) -> Float[Tensor, "k b c t h w"]:
    """Noise of every denoising pass for the chunk that begins at latent frame `frame`."""
    model, seed = making.model, making.controls.seed
    shape = (len(model.times(making.controls.steps)), *model.latent_shape)
    numbers = range(frame, frame + making.policy.chunk)
    drawn = [noise.fresh(seed, number, shape, model.device) for number in numbers]
    return torch.stack(drawn, 2)[:, None]


def guided(making: Making, *, has_tracks: bool) -> Forward:
    """The network with joint guidance; only what weighs is evaluated, and nothing for a clean pass."""
    model, controls = making.model, making.controls
    motion = controls.motion_guidance if has_tracks else 0.0
    weighing = motion_guidance.weights(controls.text_guidance, motion)
    if weighing.evaluations == 1:
        return model.forward
    nothing = model.context("")

    def forward(
        x: Tensor,
        t: Tensor,
        context: Context,
        *,
        tracks: Any = None,
        only: Any = None,
        **where: Any,
    ) -> Any:
        velocity, fresh = model.forward(x, t, context, tracks=tracks, only=only, **where)
        if only == MEMORY:
            return velocity, fresh
        no_text = no_tracks = None
        where["only"] = VELOCITY
        if weighing.no_text:
            no_text, _ = model.forward(x, t, nothing, tracks=tracks, **where)
        if weighing.no_tracks:
            no_tracks, _ = model.forward(x, t, context, tracks=None, **where)
        return motion_guidance.mixed(weighing, velocity, no_text, no_tracks), fresh

    return forward
