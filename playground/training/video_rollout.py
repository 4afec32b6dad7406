"""A batch of streams at once, as training and its contact sheets need them.

Chunk, one sink chunk, one window chunk, positions by cache slot: the order of work of the shipped default
(MotionStream, arXiv 2511.01266, section 3.3). The single stream that people hold is `streams.rollout`;
a test keeps the two equal.
"""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from playground.models.causal_wan import CausalWan, Context, KeyValues

CHUNK = 3


def few_steps(
    model: CausalWan,
    noise: Float[Tensor, "k b c t h w"],
    times: Sequence[float],
    context: Context,
    **where,
) -> Float[Tensor, "b c t h w"]:
    """Clean latents of one chunk: predict, add fresh noise, predict again (one `noise` a step)."""
    x = noise[0]
    for step, time in enumerate(times):
        t = torch.full((x.shape[0], x.shape[2]), float(time))
        velocity, _ = model(x, t, context, **where)
        clean = x - time / 1000 * velocity
        if step + 1 < len(times):
            sigma = times[step + 1] / 1000
            x = (1 - sigma) * clean + sigma * noise[step + 1]
    return clean


@torch.no_grad()
def rollout(
    model: CausalWan,
    context: Context,
    tracks: Float[Tensor, "b e t h w"],
    times: Sequence[float],
    generator: torch.Generator,
    *,
    sink: bool = True,
) -> Iterator[Float[Tensor, "b c t h w"]]:
    """Endless chunks are cut to the length of `tracks`; yields clean latents chunk by chunk."""
    first: KeyValues | None = None
    last: KeyValues | None = None
    batch, size = tracks.shape[0], tracks.shape[-2:]
    shape = (len(times), batch, model.config.in_dim, CHUNK, *size)
    for start in range(0, tracks.shape[2], CHUNK):
        kept = [part for part in (first if sink else None, last) if part is not None]
        past = KeyValues.join(kept) if kept else None
        seen = CHUNK * len(kept)
        where = {
            "positions": torch.arange(seen, seen + CHUNK),
            "past": past,
            "past_positions": torch.arange(seen) if kept else None,
            "tracks": tracks[:, :, start : start + CHUNK],
        }
        clean = few_steps(model, torch.randn(shape, generator=generator), times, context, **where)
        _, fresh = model(clean, torch.zeros(batch, CHUNK), context, **where)
        if first is None and sink:
            first = fresh
        else:
            last = fresh
        yield clean
