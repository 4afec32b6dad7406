"""What is told of a chunk that was made: what a new prompt did to the past, the cache, the attention."""

from torch import Tensor

from playground.memory.switching import Rewriting
from playground.models.attention_shares import attention_shares
from playground.models.key_values import Context
from playground.models.video_model import eager
from playground.streams import rollout
from playground.streams.making import Making
from playground.streams.rollout import ChunkResult, RolloutState
from playground.streams.stopwatch import Stopwatch
from playground.streams.video_values import CacheView, Flight, Shares, Switch
from playground.streams.weighted_prompts import in_words


def switch_of(
    before: Flight, rewriting: Rewriting | None, making: Making, watch: Stopwatch
) -> Switch | None:
    """What happened to the past, and what it cost."""
    if rewriting is None:
        return None
    kept, rewritten = rewriting.surviving.frames, rewriting.frames
    had = before.rollout.cache.frames
    return Switch(
        recache=making.controls.recache,
        kept=kept,
        rewritten=rewritten,
        forgotten=tuple(frame for frame in had if frame not in {*kept, *rewritten}),
        positions=rewriting.view.query,
        ms=watch.timings["recache"],
    )


def cache_view(
    state: RolloutState,
    flight: Flight,
    rewritten: tuple[int, ...],
    watch: Stopwatch,
    making: Making,
    shares: Shares | None,
) -> CacheView:
    """The cache after a chunk, in words; frames that were `rewritten` before it are marked."""
    cache, told_by = state.cache, dict(flight.told)
    heard = tuple(told_by[number] for number in cache.prompts)
    return CacheView(
        roles=cache.roles(making.policy.chunk),
        frames=cache.frames,
        prompts=tuple(in_words(mixture) for mixture in heard),
        attention=shares,
        heard=heard,
        numbers=cache.prompts,
        rewritten=tuple(frame in rewritten for frame in cache.frames),
        recache_ms=watch.timings.get("recache", 0.0),
    )


def shares_of(
    before: RolloutState,
    result: ChunkResult,
    making: Making,
    context: Context,
    grid: Tensor | None,
) -> Shares:
    """Attention of every layer on sink, window and current in the clean pass, on plain PyTorch."""
    transformer, count = making.model.transformer, result.latents.shape[2]
    forward = eager(transformer, making.model.codec).forward
    seen = rollout.look(forward, before.cache, context, making.policy, result.frame, count, grid)
    _, height, width = making.model.latent_shape
    _, rows, columns = transformer.config.patch_size
    tokens = (height // rows) * (width // columns)
    visible = len(seen.view.slots)
    sink = sum(slot < before.cache.sink for slot in seen.view.slots)
    ends = [tokens * entries for entries in (sink, visible, visible + count)]
    shares = attention_shares(lambda: seen(result.latents, 0.0), ends, len(transformer.blocks))
    return tuple(shares)
