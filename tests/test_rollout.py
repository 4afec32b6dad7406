"""A stream chunk by chunk: what it sees, what it writes, where it can go back to."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from playground.diffusion.noise_plan import NoisePlan
from playground.memory.policies import policy
from playground.memory.switching import LongLiveSwitch
from playground.models.causal_wan import KeyValues
from playground.streams.rollout import RolloutState, generate_chunk, planned, recache
from random_video import random_context, random_latents, random_wan

PLAN = NoisePlan.few_step((1000, 625))
TRACKED = {"track_channels": 5, "track_dim": 3}


@pytest.fixture(scope="module")
def model():
    return random_wan()


def noise_of(chunk: int, frames: int = 3, passes: int = 2, batch: int = 1):
    drawn = [random_latents(frames, seed=100 * chunk + n, batch=batch) for n in range(passes)]
    return torch.stack(drawn)


def tracks_of(chunk: int, frames: int = 3):
    return torch.randn(1, 5, frames, 4, 2, generator=torch.Generator().manual_seed(chunk))


def run(model, rule, chunks, state=None, seed=0, **options):
    """The state and the results after that many more chunks."""
    state, results, context = state or RolloutState(), [], random_context(model, seed)
    for _ in range(chunks):
        drawn = noise_of(state.chunk)
        state, result = generate_chunk(model, state, context, rule, PLAN, drawn, **options)
        results.append(result)
    return state, results


def latents_of(results):
    return torch.cat([result.latents for result in results], 2)


class Spy:
    """Passes calls on to a network and keeps what they were given."""

    def __init__(self, model) -> None:
        self.model, self.calls = model, []
        self.context, self.config = model.context, model.config

    def __call__(self, x, t, context, **given):
        self.calls.append({"x": x, "t": t, "context": context, **given})
        return self.model(x, t, context, **given)


def test_a_cached_rollout_is_one_masked_pass_a_prediction(model):
    """Every velocity again, from a full pass over all clean frames and the noisy chunk, no cache."""
    _, results = run(model, policy("everything"), 4, keep_predictions=True)
    clean, context = latents_of(results), random_context(model)
    block = torch.arange(12) // 3
    for result in results:
        end = result.frame + 3
        mask = block[:end, None] >= block[None, :end]
        for prediction in result.predictions:
            x = torch.cat([clean[:, :, : result.frame], prediction.x], 2)
            t = torch.tensor([[0.0] * result.frame + [prediction.t] * 3])
            v, _ = model(x, t, context, positions=torch.arange(end), mask=mask)
            assert_close(prediction.velocity, v[:, :, -3:], atol=1e-5, rtol=1e-5)


def test_a_window_as_long_as_the_stream_is_full_attention(model):
    _, full = run(model, policy("everything"), 5)
    for name in ("sliding", "sink_window", "longlive"):
        _, windowed = run(model, policy(name, window=15), 5)
        assert_close(latents_of(windowed), latents_of(full), atol=1e-5, rtol=1e-5)
    _, windowed = run(model, policy("motionstream", window_chunks=3), 5)
    assert_close(latents_of(windowed), latents_of(full), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["sliding", "sink_window", "longlive", "motionstream"])
def test_an_evicted_frame_is_out_of_reach_and_a_kept_one_is_not(model, name):
    """Spoil entries of one frame at a time: the next chunk changes if and only if it sees the frame."""
    rule = policy(name)
    state, _ = run(model, rule, 6)
    seen = rule.view(state.cache, 18, 3).slots
    _, (expected,) = run(model, rule, 1, state)
    for slot in range(len(state.cache)):
        written = list(state.cache.written)
        written[slot] = KeyValues(written[slot].k, written[slot].v + 1)
        spoiled = replace(state, cache=replace(state.cache, written=tuple(written)))
        _, (result,) = run(model, rule, 1, spoiled)
        assert torch.equal(result.latents, expected.latents) == (slot not in seen)


def test_passes_are_those_of_the_plan(model):
    spy = Spy(model)
    state, _ = run(spy, policy("motionstream"), 5)
    spoken = [call["t"][0, 0].item() for call in spy.calls]
    assert spoken == [1000, 625, 0] * 5
    last = spy.calls[-3:]
    assert all(call["positions"].tolist() == [6, 7, 8] for call in last)
    assert all(call["past_positions"].tolist() == list(range(6)) for call in last)
    assert all(call["past"] is last[0]["past"] for call in last)  # read once a chunk
    assert torch.equal(last[-1]["x"], state.clean[:, :, -3:])


def test_the_clean_pass_and_no_other_is_kept(model):
    state, (result,) = run(model, policy("everything"), 1)
    t, at = torch.zeros(1, 3), torch.arange(3)
    _, kept = model(result.latents, t, random_context(model), positions=at)
    assert_close(state.cache.entries.k, kept.k)
    assert_close(state.cache.entries.v, kept.v)


def test_fresh_noise_leads_from_one_time_to_the_next(model):
    _, (result,) = run(model, policy("everything"), 1, keep_predictions=True)
    first, second = result.predictions
    drawn = noise_of(0)
    assert torch.equal(first.x, drawn[0])
    assert_close(first.x0, first.x - first.velocity)
    assert_close(second.x, 0.375 * first.x0 + 0.625 * drawn[1])
    assert torch.equal(result.latents, second.x0)
    assert run(model, policy("everything"), 1)[1][0].predictions == ()


@pytest.mark.parametrize("name", ["everything", "longlive", "motionstream"])
def test_a_restored_state_goes_on_as_before(model, name):
    """Also after the stream ran on, under other words, from the very same state."""
    rule = policy(name)
    state, _ = run(model, rule, 5)
    on, first = run(model, rule, 4, state)
    switched = told_anew(model, state, rule)
    _, other = run(model, rule, 4, switched, seed=1)
    on_again, second = run(model, rule, 4, state)
    assert torch.equal(latents_of(first), latents_of(second))
    assert torch.equal(on.cache.entries.k, on_again.cache.entries.k)
    assert (latents_of(other) - latents_of(first)).abs().max() > 1e-2
    assert (on.frame, on.chunk, state.frame, state.chunk) == (27, 9, 15, 5)


@pytest.mark.parametrize("name", ["sliding", "sink_window", "longlive", "motionstream"])
def test_memory_stays_constant(model, name):
    rule = policy(name)
    state, _ = run(model, rule, 4)
    later, _ = run(model, rule, 12, state)
    assert len(later.cache) == later.clean.shape[2] == rule.capacity
    assert later.cache.entries.k.numel() == later.cache.entries.v.numel()
    for part in ("k", "v"):  # what stays holds no memory of what went
        frames = [getattr(entry, part) for entry in later.cache.written]
        assert [frame.untyped_storage().nbytes() for frame in frames] == [
            frame.nbytes for frame in frames
        ]
    assert (
        later.clean.untyped_storage().nbytes() <= (rule.capacity + 3) * later.clean[:, :, 0].nbytes
    )


def test_a_chunk_may_have_another_length(model):
    state, _ = run(model, policy("longlive"), 5)
    context = random_context(model)
    for frames in (1, 2, 4):
        drawn = noise_of(state.chunk, frames=frames)
        state, result = generate_chunk(model, state, context, policy("longlive"), PLAN, drawn)
        assert result.latents.shape[2] == frames
    assert state.frame == 22
    assert state.cache.frames == (0, 1, 2, *range(13, 22))


def test_several_streams_run_as_one_batch(model):
    rule, context = policy("longlive"), random_context(model, batch=2)
    state, alone = RolloutState(), [RolloutState(), RolloutState()]
    for chunk in range(5):
        drawn = noise_of(chunk, batch=2)
        state, both = generate_chunk(model, state, context, rule, PLAN, drawn)
        for row in range(2):
            own = type(context)(context.k[:, row : row + 1], context.v[:, row : row + 1])
            only = drawn[:, row : row + 1]
            alone[row], one = generate_chunk(model, alone[row], own, rule, PLAN, only)
            assert_close(both.latents[row : row + 1], one.latents, atol=1e-5, rtol=1e-5)


def test_noise_must_be_one_draw_a_pass(model):
    with pytest.raises(ValueError, match="noise must have 2 draws, one a denoising pass, got 3"):
        generate_chunk(
            model,
            RolloutState(),
            random_context(model),
            policy("everything"),
            PLAN,
            noise_of(0, passes=3),
        )


# ---------------------------------------------------------------- another prompt


def told_anew(model, state, rule, seed=1, way=None):
    """The state after LongLive's switch, or another way."""
    rewriting = planned(state, rule, way or LongLiveSwitch())
    return recache(model, state, random_context(model, seed), rule, rewriting, 1)


def switched(model, chunks, seed=1, way=None):
    rule = policy("longlive")
    before, _ = run(model, rule, chunks)
    return before, told_anew(model, before, rule, seed, way)


def test_the_same_prompt_again_is_not_nothing(model):
    """The past was computed causally, and is rewritten looking both ways; first keys stay."""
    before, after = switched(model, 6, seed=0)
    moved = (before.cache.entries.k - after.cache.entries.k).abs()
    assert moved[0].max() <= 1e-5
    assert moved[1, :, 3:].max() > 1e-3
    other = switched(model, 6, seed=1)[1]
    assert (before.cache.entries.k - other.cache.entries.k).abs()[1].max() > moved[1].max()


def test_a_sink_that_is_not_kept_moves_to_the_window(model):
    _, after = switched(model, 6, way=LongLiveSwitch(keep_sink=False))
    assert after.cache.frames == tuple(range(6, 18))
    assert after.cache.sink == 3
    later, _ = run(model, policy("longlive"), 2, after, seed=1)
    assert later.cache.frames == (6, 7, 8, *range(15, 24))


def test_a_rewritten_past_hears_the_tracks_it_was_made_with():
    model, rule = random_wan(**TRACKED), policy("longlive")
    state, context = RolloutState(), random_context(model)
    for chunk in range(6):
        tracks = tracks_of(chunk) if chunk % 2 else None
        state, _ = generate_chunk(model, state, context, rule, PLAN, noise_of(chunk), tracks)
    spy = Spy(model)
    told_anew(spy, state, rule)
    (call,) = spy.calls
    assert call["positions"].tolist() == list(range(9, 18))
    heard = torch.cat([tracks_of(3), torch.zeros_like(tracks_of(4)), tracks_of(5)], 2)
    assert torch.equal(call["tracks"], heard)
    assert torch.equal(call["x"], state.clean[:, :, -9:])


def test_tracks_bend_the_chunk_they_are_given_with():
    model, rule = random_wan(**TRACKED), policy("motionstream")
    state, context = run(model, rule, 3)[0], random_context(model)
    plain = generate_chunk(model, state, context, rule, PLAN, noise_of(3))[1]
    bent = generate_chunk(model, state, context, rule, PLAN, noise_of(3), tracks_of(3))[1]
    assert (plain.latents - bent.latents).abs().max() > 1e-2
