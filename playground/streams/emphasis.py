"""Words on a new scene are stressed until the scene is there; then what shows it becomes the sink.

The sink shows what earlier words said. Beside a new thing that does no harm, since the newest chunk shows the
new one; a new scene it pulls back: of the tiny model's scene changes every fourth came to a stop half way.
So when new words come, two passes ask how much of the picture they would change. Words on a thing change a part
of it, and nothing else happens. Words on the scene change nearly all of it: then the next chunks are made with
text guidance that rises (`VideoSettings.emphasis`; at full strength at once it leaves noise where old and new
contradict each other), and the last of them becomes the sink (`sink_making`). What no words tell of the old
scene is gone then, and so is the old scene.

Ours; classifier-free guidance is Ho and Salimans' (arXiv 2207.12598).
"""

from dataclasses import replace

from playground.diffusion import flow
from playground.models.key_values import VELOCITY, Context
from playground.streams import rollout
from playground.streams.making import Making
from playground.streams.mixed_prompts import context_of
from playground.streams.steering import noise_of
from playground.streams.video_values import Flight

CHANGED = 0.05  # of the latents' deviation
MOST = (
    0.65  # of the cells: words on a thing change fewer, words on a scene more, 98 times of 100 each
)


def with_emphasis(flight: Flight, earlier: Flight, context: Context, making: Making) -> Flight:
    """With guidance for the next chunks, if words on another scene came in with this one."""
    heard, weights = flight.hearing, making.model.settings.emphasis
    if not making.controls.emphasis or not weights:
        return flight if flight.emphasis is None else replace(flight, emphasis=None)
    is_new = heard is not earlier.hearing and heard.is_there and heard.origin
    if not is_new or earlier.chunk is None:
        return flight
    old = context_of(making.model, replace(heard, target=heard.origin, step=heard.way.chunks))
    share = changed_by_words(earlier, old, context, making)
    return replace(flight, emphasis=weights) if share > MOST else flight


def emphasis_of(flight: Flight) -> tuple[float, tuple[float, ...] | None]:
    """Text guidance of the next chunk (0: none of ours), and what is left for those after it."""
    return (flight.emphasis[0], flight.emphasis[1:]) if flight.emphasis else (0.0, None)


def changed_by_words(flight: Flight, old: Context, new: Context, making: Making) -> float:
    """In how much of the picture, 0..1, the first guess at the next chunk is another one under new words."""
    state, time = flight.rollout, making.model.times(making.controls.steps)[0]
    noise = noise_of(state.frame, making)[0]
    guesses = []
    for words in (old, new):
        seen = rollout.look(
            making.model.forward, state.cache, words, making.policy, state.frame, noise.shape[2]
        )
        guesses.append(flow.clean(noise, seen(noise, time, VELOCITY)[0], time))
    apart = (guesses[1] - guesses[0]).square().mean((1, 2)).sqrt()
    return float((apart > CHANGED * guesses[0].std()).float().mean())
