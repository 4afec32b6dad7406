"""How one chunk of video is made, as functions from one `Flight` to the next.

The facade `VideoStream` checks what people hand in and keeps the flight; here is the order of things:
a new prompt and what it does to the past, the paths of these frames, noise, passes, pixels.
Every random number is a function of the seed and the frame's number.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from playground.diffusion.noise_plan import NoisePlan
from playground.frames.tensors import from_tensor
from playground.memory.switching import Rewriting, strategy
from playground.models.key_values import Context
from playground.streams import rollout
from playground.streams.chunk_report import cache_view, shares_of, switch_of
from playground.streams.emphasis import next_weight, with_emphasis
from playground.streams.first_picture import beginning_with
from playground.streams.making import Making
from playground.streams.mixed_prompts import context_of
from playground.streams.scene_view import Course, moved
from playground.streams.sink_making import with_camera, with_sink
from playground.streams.steering import grid_of, guided, noise_of, with_tracks
from playground.streams.stopwatch import Stopwatch
from playground.streams.transition import heard_next
from playground.streams.video_values import Chunk, Flight
from playground.streams.weighted_prompts import in_words


def made(flight: Flight, making: Making, watch: Stopwatch, *, attention: bool = False) -> Flight:
    """The next chunk; with `attention`, one more pass measures how it looked at the cache."""
    before, context, rewriting = told(flight, making)
    watch.lap("prepare" if rewriting is None else "recache")
    switch = switch_of(flight, rewriting, making, watch)
    before = with_emphasis(before, flight, context, making)
    before, commanded = with_tracks(before, making)
    before, resunk = with_sink(before, flight, commanded, context, making)
    before, steering, way = with_camera(before, commanded, context, making)
    watch.lap("recache" if resunk else "prepare")
    grid, fresh = grid_of(steering, making), noise_of(before.rollout.frame, making)
    stress, coming = next_weight(before)
    watch.lap("prepare")
    state, result = rollout.generate_chunk(
        beginning_with(before, guided(making, has_tracks=grid is not None, **stress)),
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
        frames=on_screen(pixels, way),
        index=before.rollout.chunk,
        frame=making.model.first_frame(before.rollout.frame),
        prompt=in_words(making.controls.prompt),
        timings=watch.total(),
        cache=cache_view(state, before, rewritten, watch, making, shares),
        tracks=None if commanded is None else commanded.window(1, commanded.frames - 1),
        heard=before.hearing.mixture,
        switch=switch,
        resunk=bool(resunk),
    )
    count, memory = result.latents.shape[2], {"rollout": state, "decoder": decoder}
    return replace(before, **memory, chunk=chunk, latents=count, shown=0, emphasis=coming)


def on_screen(
    pixels: Float[Tensor, "b 3 t H W"], way: Course | None
) -> UInt8[np.ndarray, "t H W 3"]:
    """The frames of a chunk; those of a camera that moves, from where each of them is seen."""
    frames = from_tensor(pixels[0].transpose(0, 1))
    return frames if way is None else moved(frames, way.shown)


def told(flight: Flight, making: Making) -> tuple[Flight, Context, Rewriting | None]:
    """The flight under what it hears now, that, and what it did to a past, where there is one."""
    hearing = heard_next(flight.hearing, making.controls.prompt, making.controls.transition)
    context, flight = context_of(making.model, hearing), replace(flight, hearing=hearing)
    state, mixture = flight.rollout, flight.hearing.mixture
    if dict(flight.told).get(state.prompt) == mixture:
        return flight, context, None
    number, rewriting = state.prompt + 1 if flight.told else state.prompt, None
    if state.frame and flight.hearing.rewrites:
        rewriting = rollout.planned(state, making.policy, strategy(making.controls.recache))
        forward = making.model.forward
        state = rollout.recache(forward, state, context, making.policy, rewriting, number)
    state = replace(state, prompt=number)
    known = {*state.cache.prompts, number}
    texts = tuple(pair for pair in flight.told if pair[0] in known and pair[0] != number)
    flight = replace(flight, rollout=state, told=(*texts, (number, mixture)))
    return flight, context, rewriting
