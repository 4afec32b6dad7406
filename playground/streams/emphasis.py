"""New words are stressed until what they say is there; then what shows it becomes the sink.

The sink shows what earlier words said, and pulls back: of the tiny model's new things and new scenes every
fifth did not come, came half, or went again. So after a prompt switch every chunk is asked how far it is from
what the old words make of it to what the new ones do, when no past is seen: one pass with both. Until it is far
enough, the next chunks are made with guidance from the old words to the new (`VideoSettings.emphasis`; the first
of them has its own chance, 0). Then the newest chunk becomes the sink (`sink_making`). Where the past stays
stronger than the words, it is forgotten as a whole, and the stream begins again under the new words.

Ours, after two ideas: guidance (Ho and Salimans, arXiv 2207.12598), here against the old words instead of none,
and that the words which best explain a noised picture name what it shows (Li et al., 2303.16203).
"""

from dataclasses import replace
from typing import Any

from playground.diffusion import flow
from playground.memory.cache import Cache
from playground.models.key_values import VELOCITY, Context
from playground.streams import rollout
from playground.streams.making import Making
from playground.streams.mixed_prompts import context_of
from playground.streams.steering import noise_of
from playground.streams.video_values import Emphasis, Flight

TIME = 750.0  # of the noise through which a chunk is read, 0..1000
THERE = 0.75  # of the way from old to new: far enough at any time
SAME = 0.03  # of the latents' variance: words that differ by less say the same; another thing is 0.14 away
HALF = 0.5  # far enough when the guidance is used up; below it the past is forgotten


def with_emphasis(flight: Flight, earlier: Flight, context: Context, making: Making) -> Flight:
    """With guidance for the next chunks, if new words came in; with none once what they say is there."""
    heard, weights = flight.hearing, making.model.settings.emphasis
    if not making.controls.emphasis or not weights:
        return flight if flight.emphasis is None else replace(flight, emphasis=None)
    is_new = heard is not earlier.hearing and heard.is_there and heard.origin
    if is_new and earlier.chunk is not None:
        old = context_of(making.model, replace(heard, target=heard.origin, step=heard.way.chunks))
        return replace(flight, emphasis=Emphasis(weights=weights, old=old))
    now = flight.emphasis
    if now is None:
        return flight
    if how_far(flight, now.old, context, making) > (THERE if now.weights else HALF):
        return replace(flight, emphasis=replace(now, weights=()))
    return flight if now.weights else _forgotten(flight)


def _forgotten(flight: Flight) -> Flight:
    """As if the stream began with the next chunk, at its frame number."""
    nothing = {"cache": Cache(), "clean": None, "tracks": None, "first": None, "sink": None}
    state = replace(flight.rollout, **nothing)
    return replace(flight, rollout=state, emphasis=None, scene=None)


def next_weight(flight: Flight) -> tuple[dict[str, Any], Emphasis | None]:
    """What `guided` is told for the next chunk, and what is left for those after it."""
    now = flight.emphasis
    if now is None:
        return {}, None
    weight, *rest = now.weights
    told = {"emphasis": weight, "old": now.old} if weight else {}
    return told, replace(now, weights=tuple(rest))


def how_far(flight: Flight, old: Context, new: Context, making: Making) -> float:
    """Where the newest chunk is on the way from what old words make of it (0) to what new ones do (1)."""
    noise = noise_of(0, making)[0]
    clean = flight.rollout.clean[:, :, -min(flight.latents, noise.shape[2]) :]
    noisy = flow.noised(clean, noise[:, :, : clean.shape[2]], TIME).expand(2, *clean.shape[1:])
    both, count = Context.join([old, new]), clean.shape[2]
    seen = rollout.look(making.model.forward, Cache(), both, making.policy, 0, count)
    by_old, by_new = flow.clean(noisy, seen(noisy, TIME, VELOCITY)[0], TIME)
    way = by_new - by_old
    if way.square().mean() < SAME * clean.var():
        return 1.0
    return float(((clean[0] - by_old) * way).sum() / way.square().sum())
