"""The video stream as pure functions: one chunk after the other over a frozen state.

A chunk starts as noise, is denoised while it looks at what the policy lets it see of the cache, and is
shown to the network once more when it is clean, which writes its keys and values. The same clean pass
rewrites the past after a prompt switch, as a strategy plans it (`memory.switching`): `planned` says what
would happen, `recache` does it. And it lets a stream begin again in the middle: `begun_anew`.

Every random number is handed in. This module knows no pixels, no prompts as text and no clock.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from playground.diffusion import flow
from playground.diffusion.noise_plan import NoisePlan
from playground.memory.cache import Cache
from playground.memory.policies import Policy, View
from playground.memory.switching import Rewriting, Strategy
from playground.models.key_values import MEMORY, VELOCITY, Context, KeyValues

Forward = Callable[
    ..., tuple[Tensor | None, KeyValues | None]
]  # the signature of `CausalWan.forward`


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RolloutState:
    """A stream between two chunks; nothing in it is ever changed in place."""

    cache: Cache = field(default_factory=Cache)
    frame: int = 0  # number of the next latent frame
    chunk: int = 0  # number of the next chunk
    prompt: int = 0  # number of the prompt that new entries are written under
    clean: Float[Tensor, "b c t h w"] | None = None  # newest latents, as many as the cache holds
    tracks: Float[Tensor, "b e T h w"] | None = (
        None  # what those frames were commanded; None: nothing
    )
    first: Float[Tensor, "b c s h w"] | None = None  # the chunk that the stream began with
    sink: Float[Tensor, "b c k h w"] | None = None  # the chunk that the cache begins with now


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Prediction:
    """One denoising pass."""

    t: float
    x: Float[Tensor, "b c t h w"]  # what went in
    velocity: Float[Tensor, "b c t h w"]  # what the network answered
    x0: Float[Tensor, "b c t h w"]  # the clean chunk that this points to


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChunkResult:
    """A finished chunk."""

    latents: Float[Tensor, "b c t h w"]
    frame: int  # number of its first latent frame
    view: View  # what it saw while it was made
    predictions: tuple[Prediction, ...]  # of every denoising pass; empty unless asked for


@dataclass(frozen=True, eq=False)
class Look:
    """The network over `count` frames from `start`, bound to a context and to what they see."""

    forward: Forward
    context: Context
    view: View
    past: KeyValues | None
    tracks: Float[Tensor, "b e T h w"] | None
    blocks: tuple[int, ...] | None = None  # of each frame: it sees its own and earlier ones only

    def __call__(
        self, x: Float[Tensor, "b c t h w"], t: float, only: str | None = None
    ) -> tuple[Tensor | None, KeyValues | None]:
        """Velocity and the frames' own keys and values, with all frames at time `t`, or `only` one."""
        times = _times(t, x.shape[0], x.shape[2], x.device)
        return self.forward(x, times, self.context, only=only, **self._where)

    @cached_property
    def _where(self) -> dict[str, Any]:
        """What all passes are told alike."""
        device = self.context.k.device
        where = {
            "positions": _on(device, self.view.query),
            "past": self.past,
            "tracks": self.tracks,
        }
        if self.past is not None:
            where["past_positions"] = _on(device, self.view.positions)
        if self.blocks is not None:
            block = _on(device, self.blocks)
            where["mask"] = block[:, None] >= block[None]
        return where


@lru_cache(maxsize=64)
def _on(device: torch.device, positions: tuple[int, ...]) -> Tensor:
    """The same tensor for the same numbers, so that who compares objects sees that nothing changed."""
    with torch.inference_mode(False):  # of use outside of it too
        return torch.tensor(positions, device=device)


@lru_cache(maxsize=64)
def _times(t: float, streams: int, frames: int, device: torch.device) -> Tensor:
    """The same time for every frame; the same tensor for the same time."""
    with torch.inference_mode(False):
        return torch.full((streams, frames), t, device=device)


def look(
    forward: Forward,
    cache: Cache,
    context: Context,
    policy: Policy,
    start: int,
    count: int,
    tracks: Float[Tensor, "b e T h w"] | None = None,
) -> Look:
    """Bind the network to what frames `start` to `start + count` see; read from the cache once."""
    view = policy.view(cache, start, count)
    return Look(forward, context, view, cache.read(view.slots), tracks)


def generate_chunk(
    model_forward: Forward,
    state: RolloutState,
    context: Context,
    policy: Policy,
    plan: NoisePlan,
    noise: Float[Tensor, "k b c t h w"],
    tracks: Float[Tensor, "b e T h w"] | None = None,
    *,
    keep_predictions: bool = False,
) -> tuple[RolloutState, ChunkResult]:
    """One chunk of as many frames as the noise has; `noise` has one draw a denoising pass."""
    if len(noise) != len(plan.denoising):
        raise ValueError(
            f"noise must have {len(plan.denoising)} draws, one a denoising pass, got {len(noise)}"
        )
    seen = look(model_forward, state.cache, context, policy, state.frame, noise.shape[3], tracks)
    kept: list[Prediction] = []
    for prediction in denoise(seen, plan, noise):
        kept = [*kept, prediction] if keep_predictions else [prediction]
    latents = kept[-1].x0
    _, fresh = seen(latents, plan.context_time, MEMORY)
    cache = policy.commit(state.cache, fresh, state.frame, state.prompt)
    result = ChunkResult(
        latents=latents,
        frame=state.frame,
        view=seen.view,
        predictions=tuple(kept) if keep_predictions else (),
    )
    return _advanced(state, cache, latents, tracks, policy), result


def denoise(
    seen: Look, plan: NoisePlan, noise: Float[Tensor, "k b c t h w"]
) -> Iterator[Prediction]:
    """Every denoising pass of one chunk; the x0 of the last one is the chunk."""
    x = noise[0]
    for number, turn in enumerate(plan.denoising):
        v, _ = seen(x, turn.t, VELOCITY)
        x0 = flow.clean(x, v, turn.t)
        yield Prediction(t=turn.t, x=x, velocity=v, x0=x0)
        if turn.next_t is not None:
            x = flow.noised(x0, noise[number + 1], turn.next_t)


def planned(state: RolloutState, policy: Policy, strategy: Strategy) -> Rewriting:
    """What a prompt switch before the next chunk would do to the cache; changes nothing."""
    known = 0 if state.clean is None else state.clean.shape[2]
    return strategy.plan(state.cache, policy, frame=state.frame, known=known)


def recache(
    model_forward: Forward,
    state: RolloutState,
    context: Context,
    policy: Policy,
    rewriting: Rewriting,
    prompt: int,
    context_time: float = 0.0,
) -> RolloutState:
    """Go on under another prompt (its `context`, its number), with the past as planned."""
    cache, count = rewriting.surviving, rewriting.count
    sink = state.sink
    if count:
        if not len(cache):
            sink = state.clean[:, :, -count:][:, :, : policy.chunk]
        blocks = None if rewriting.block is None else rewriting.blocks()
        past, tracks = cache.read(rewriting.view.slots), _newest_tracks(state, count)
        seen = Look(model_forward, context, rewriting.view, past, tracks, blocks)
        _, fresh = seen(state.clean[:, :, -count:], context_time, MEMORY)
        cache = policy.commit(cache, fresh, rewriting.start, prompt)
    return replace(state, prompt=prompt, cache=cache, sink=sink)


def begun_anew(
    model_forward: Forward,
    state: RolloutState,
    chunks: Sequence[tuple[int, Tensor]],
    context: Context,
    policy: Policy,
    tracks: Float[Tensor, "b e T h w"] | None = None,
    context_time: float = 0.0,
) -> RolloutState:
    """Go on as if the stream had begun with these chunks just before, commanded `tracks`.

    Each is the number of its first frame and its clean latents. The first one is the sink; what was made
    before is forgotten.
    """
    clean, cache, at = torch.cat([latents for _, latents in chunks], 2), Cache(), 0
    fold = 0 if tracks is None else tracks.shape[2] // clean.shape[2]
    for start, latents in chunks:
        count = latents.shape[2]
        told = None if tracks is None else tracks[:, :, at * fold : (at + count) * fold]
        seen = look(model_forward, cache, context, policy, start, count, told)
        _, fresh = seen(latents, context_time, MEMORY)
        cache, at = policy.commit(cache, fresh, start, state.prompt), at + count
    return replace(state, cache=cache, clean=clean, sink=chunks[0][1], tracks=tracks)


def _advanced(
    state: RolloutState, cache: Cache, latents: Tensor, tracks: Tensor | None, policy: Policy
) -> RolloutState:
    """The state after a chunk; latents and tracks are kept for as many frames as entries."""
    count = latents.shape[2]
    clean = latents if state.clean is None else torch.cat([state.clean, latents], 2)
    commanded = _joined_tracks(state, tracks, count)
    if policy.capacity is not None and clean.shape[2] > policy.capacity:
        if commanded is not None:
            fold = commanded.shape[2] // clean.shape[2]
            commanded = commanded[:, :, -policy.capacity * fold :]
        clean = clean[:, :, -policy.capacity :]
    return RolloutState(
        cache=cache,
        frame=state.frame + count,
        chunk=state.chunk + 1,
        prompt=state.prompt,
        clean=clean,
        tracks=commanded,
        first=latents if state.first is None else state.first,
        sink=latents if state.sink is None else state.sink,
    )


def _joined_tracks(state: RolloutState, tracks: Tensor | None, count: int) -> Tensor | None:
    """Tracks of the kept latents and of `count` more frames; unspecified ones are zeros."""
    before, known = state.tracks, 0 if state.clean is None else state.clean.shape[2]
    if tracks is None and before is None:
        return None
    if tracks is None:
        fold = before.shape[2] // known
        tracks = before.new_zeros(*before.shape[:2], count * fold, *before.shape[3:])
    if before is None:
        fold = tracks.shape[2] // count
        before = tracks.new_zeros(*tracks.shape[:2], known * fold, *tracks.shape[3:])
    return torch.cat([before, tracks], 2)


def _newest_tracks(state: RolloutState, count: int) -> Tensor | None:
    if state.tracks is None:
        return None
    fold = state.tracks.shape[2] // state.clean.shape[2]
    return state.tracks[:, :, -count * fold :]
