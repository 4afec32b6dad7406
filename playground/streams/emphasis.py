"""Words on a new scene are stressed until the scene is there; then what shows it becomes the sink.

The sink shows what earlier words said. Beside a new thing that does no harm, since the newest chunk shows the
new one; a new scene it pulls back: of the tiny model's scene changes every fifth came to a stop half way.
So when new words come, two passes ask how much of the picture they would change. Words on a thing change a part
of it, and nothing else happens. Words on the scene change nearly all of it: then the next chunks are made with
text guidance that rises (`VideoSettings.emphasis`; at full strength at once it leaves noise where old and new
contradict each other), until one of them is near what the words mean without any past, or the guidance is used
up. That chunk becomes the sink (`sink_making`). What no words tell of the old scene is gone then, and so is the
old scene.

Ours; classifier-free guidance is Ho and Salimans' (arXiv 2207.12598).
"""

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from playground.diffusion import flow
from playground.memory.cache import Cache
from playground.models.key_values import VELOCITY, Context
from playground.streams import rollout
from playground.streams.making import Making
from playground.streams.mixed_prompts import context_of
from playground.streams.steering import noise_of
from playground.streams.video_values import Emphasis, Flight

CHANGED = 0.05  # of the latents' deviation
MOST = 0.65  # of the cells: words on a thing change fewer, on a scene more, each 98 times of 100
NEAR = 0.3  # deviations from the goal in the median cell; scenes that stopped half way were all farther off


def with_emphasis(flight: Flight, earlier: Flight, context: Context, making: Making) -> Flight:
    """With guidance for the next chunks, if words on another scene came in; with none once it is there."""
    heard, weights = flight.hearing, making.model.settings.emphasis
    if not making.controls.emphasis or not weights:
        return flight if flight.emphasis is None else replace(flight, emphasis=None)
    is_new = heard is not earlier.hearing and heard.is_there and heard.origin
    if is_new and earlier.chunk is not None:
        old = context_of(making.model, replace(heard, target=heard.origin, step=heard.way.chunks))
        if changed_by_words(earlier, old, context, making) > MOST:
            goal = _guess(Cache(), 0, context, making)
            return replace(flight, emphasis=Emphasis(weights=weights, goal=goal))
    now = flight.emphasis
    if now is not None and now.weights and is_there(flight, now.goal):
        return replace(flight, emphasis=replace(now, weights=()))
    return flight


def next_weight(flight: Flight) -> tuple[float, Emphasis | None]:
    """Text guidance of the next chunk (0: none of ours), and what is left for those after it."""
    now = flight.emphasis
    if now is None or not now.weights:
        return 0.0, None
    return now.weights[0], replace(now, weights=now.weights[1:])


def is_there(flight: Flight, goal: Float[Tensor, "b c t h w"]) -> bool:
    """Whether the newest chunk is near what its words mean without a past."""
    newest = flight.rollout.clean[:, :, -flight.latents :]
    if newest.shape != goal.shape:  # chunks have another length since
        return False
    apart = (newest - goal).square().mean((1, 2)).sqrt().median()
    return bool(apart < NEAR * newest.std())


def changed_by_words(flight: Flight, old: Context, new: Context, making: Making) -> float:
    """In how much of the picture, 0..1, the first guess at the next chunk is another one under new words."""
    state = flight.rollout
    before, after = (_guess(state.cache, state.frame, words, making) for words in (old, new))
    apart = (after - before).square().mean((1, 2)).sqrt()
    return float((apart > CHANGED * before.std()).float().mean())


def _guess(cache: Cache, frame: int, words: Context, making: Making) -> Float[Tensor, "b c t h w"]:
    """What the network makes of noise alone at the first glance: blurred, but of the right scene."""
    noise, time = noise_of(frame, making)[0], making.model.times(making.controls.steps)[0]
    seen = rollout.look(making.model.forward, cache, words, making.policy, frame, noise.shape[2])
    return flow.clean(noise, seen(noise, time, VELOCITY)[0], time)
