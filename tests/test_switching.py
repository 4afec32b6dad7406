"""A prompt switch: which entries stay bit for bit, which are rewritten, what they see, and where."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from playground.diffusion.noise_plan import NoisePlan
from playground.memory.policies import policy
from playground.memory.switching import STRATEGIES, strategy
from playground.streams.rollout import RolloutState, generate_chunk, planned, recache
from playground.streams.video_controls import RECACHES
from random_video import random_context, random_latents, random_wan

PLAN = NoisePlan.few_step((1000, 625))


@pytest.fixture(scope="module")
def model():
    return random_wan()


class Played:
    """A stream with switches before the chunks that `switches` names; keeps all that was looked at."""

    def __init__(self, model, rule, chunks, switches=(), way="longlive", same_words=False):
        self.calls, self.network, self.rule = [], model, rule
        self.state, self.plans, self.results, self.views = RolloutState(), [], [], {}
        for chunk in range(chunks):
            if chunk in switches:
                self.switch(way, same_words)
            self.chunk()

    def forward(self, x, t, context, **where):
        self.calls.append({"x": x, "t": t, **where})
        return self.network(x, t, context, **where)

    def switch(self, way, same_words=False):
        self.before = self.state
        self.plans.append(planned(self.state, self.rule, strategy(way)))
        words = 0 if same_words else self.state.prompt + 1
        context, number = random_context(self.network, words), self.state.prompt + 1
        self.calls.clear()
        self.state = recache(self.forward, self.state, context, self.rule, self.plans[-1], number)
        self.pass_calls = list(self.calls)

    def chunk(self):
        state, context = self.state, random_context(self.network, self.state.prompt)
        noise = torch.stack([random_latents(3, seed=100 * state.chunk + n) for n in range(2)])
        self.state, result = generate_chunk(self.forward, state, context, self.rule, PLAN, noise)
        self.results.append(result)

    @property
    def latents(self):
        return torch.cat([result.latents for result in self.results], 2)


def span(*ends):
    """span(0, 3, 6, 9) = 0 1 2 6 7 8."""
    pairs = zip(ends[::2], ends[1::2], strict=True)
    return tuple(n for first, last in pairs for n in range(first, last))


# way, policy, sizes, chunks made: frames kept, frames rewritten, positions of what they see, and theirs
TABLE = [
    # the shipped policy: cache of sink and six frames
    ("stale", "motionstream", {}, 6, span(0, 3, 12, 18), (), (), ()),
    ("cross", "motionstream", {}, 6, span(0, 3, 12, 18), (), (), ()),
    ("longlive", "motionstream", {}, 6, span(0, 3), span(12, 18), span(0, 3), span(3, 9)),
    ("longlive", "motionstream", {}, 2, (), span(0, 6), (), span(0, 6)),
    ("longlive", "motionstream", {}, 3, (), span(0, 9), (), span(0, 9)),
    ("longlive_sink", "motionstream", {}, 6, (), span(9, 18), (), span(0, 9)),
    ("causal", "motionstream", {}, 6, (), span(9, 18), (), span(0, 9)),
    ("causal", "motionstream", {}, 1, (), span(0, 3), (), span(0, 3)),
    ("flush", "motionstream", {}, 6, (*span(0, 3), 17), (), (), ()),
    ("flush", "motionstream", {}, 1, span(0, 3), (), (), ()),
    ("anchor", "motionstream", {}, 6, span(0, 3), span(12, 18), span(0, 3), span(3, 9)),
    # LongLive's own: absolute positions
    ("longlive", "longlive", {}, 6, span(0, 3), span(9, 18), span(0, 3), span(9, 18)),
    ("longlive", "longlive", {}, 4, (), span(0, 12), (), span(0, 12)),
    ("longlive_sink", "longlive", {}, 6, (), span(6, 18), (), span(6, 18)),
    ("causal", "longlive", {}, 6, (), span(6, 18), (), span(0, 12)),
    ("flush", "longlive", {}, 6, (*span(0, 3), 17), (), (), ()),
    ("stale", "longlive", {}, 6, span(0, 3, 9, 18), (), (), ()),
    # no sink, and no end
    ("longlive", "sliding", {"window": 6}, 6, (), span(12, 18), (), span(0, 6)),
    ("flush", "sliding", {"window": 6}, 6, (17,), (), (), ()),
    ("longlive", "everything", {}, 6, (), span(0, 18), (), span(0, 18)),
    ("causal", "everything", {}, 6, (), span(0, 18), (), span(0, 18)),
    ("flush", "everything", {}, 6, (17,), (), (), ()),
    ("causal", "sink_window", {"window": 10}, 6, (), span(8, 18), (), span(0, 10)),
]  # fmt: skip


@pytest.mark.parametrize(("way", "name", "sizes", "chunks", "kept", "anew", "past", "query"), TABLE)
def test_the_table_of_kept_and_rewritten_slots(
    model, way, name, sizes, chunks, kept, anew, past, query
):
    played = Played(model, policy(name, **sizes), chunks)
    played.switch(way)
    (plan,), cache, old = played.plans, played.state.cache, played.before.cache
    assert (plan.surviving.frames, plan.frames) == (kept, anew)
    assert (plan.view.positions, plan.view.query) == (past, query)
    assert cache.frames == (*kept, *anew)
    assert len(played.pass_calls) == bool(anew)
    for slot, frame in enumerate(cache.frames):
        was = old.frames.index(frame) if frame in old.frames else None
        assert cache.prompts[slot] == int(frame in anew)
        if frame in kept:
            assert torch.equal(cache.entries.k[:, :, slot], old.entries.k[:, :, was])
            assert torch.equal(cache.entries.v[:, :, slot], old.entries.v[:, :, was])
        elif was is not None:
            moved = cache.entries.v[-1, :, slot] - old.entries.v[-1, :, was]
            assert moved.abs().max() > 1e-2


def test_the_pass_is_one_over_the_clean_frames_at_those_positions(model):
    played = Played(model, policy("motionstream"), 6)
    played.switch("longlive")
    (call,) = played.pass_calls
    assert torch.equal(call["x"], played.before.clean[:, :, -6:])
    assert not call["t"].any() and "mask" not in call
    assert call["positions"].tolist() == [*range(3, 9)]
    assert call["past_positions"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("way", ["longlive", "longlive_sink", "anchor"])
def test_rewritten_frames_see_each_other_in_both_directions(model, way):
    assert spoilt_first_key(model, way) > 1e-3


def test_a_causal_rewriting_sees_backwards_only(model):
    assert spoilt_first_key(model, "causal") <= 1e-5


def spoilt_first_key(model, way):
    """How far keys of the first rewritten frame move when the last clean frame does."""
    played = Played(model, policy("motionstream"), 6)
    rewriting = planned(played.state, played.rule, strategy(way))
    clean = played.state.clean.clone()
    clean[:, :, -1] += 1
    states = [played.state, replace(played.state, clean=clean)]
    context, slot = random_context(model, 1), len(rewriting.surviving)
    keys = [
        recache(model, state, context, played.rule, rewriting, 1).cache.entries.k[1, :, slot]
        for state in states
    ]
    return (keys[0] - keys[1]).abs().max()


@pytest.mark.parametrize("chunks", [1, 2, 5])
def test_causal_rewriting_under_the_same_words_gives_the_original_cache(model, chunks):
    """As long as nothing was evicted: then each chunk saw just what it sees in the masked pass."""
    for name in ("everything", "longlive", "motionstream"):
        if name == "everything" or chunks < 3:
            played = Played(model, policy(name), chunks)
            played.switch("causal", same_words=True)
            for part in ("k", "v"):
                ours = getattr(played.state.cache.entries, part)
                was = getattr(played.before.cache.entries, part)
                assert_close(ours, was, atol=1e-5, rtol=1e-5)


def test_positions_from_zero_are_the_same_as_absolute_ones(model):
    """Rotary embedding knows differences only, so a causal pass may start anywhere."""
    played = Played(model, policy("longlive"), 7)
    plan = planned(played.state, played.rule, strategy("causal"))
    moved = replace(plan, view=replace(plan.view, query=plan.frames))
    context = random_context(model, 1)
    entries = [
        recache(model, played.state, context, played.rule, each, 1).cache.entries
        for each in (plan, moved)
    ]
    assert_close(entries[0].k, entries[1].k, atol=1e-5, rtol=1e-5)


def test_cross_and_stale_are_the_same_numbers(model):
    """The words' keys and values are handed in with every call, so there is nothing to reset."""
    streams = [
        Played(model, policy("motionstream"), 8, switches=(5,), way=way)
        for way in ("stale", "cross")
    ]
    assert torch.equal(streams[0].latents, streams[1].latents)
    same = Played(model, policy("motionstream"), 8)
    assert (streams[0].latents - same.latents)[:, :, 15:].abs().max() > 1e-2


@pytest.mark.parametrize("way", STRATEGIES)
@pytest.mark.parametrize(
    "name", ["everything", "sliding", "sink_window", "longlive", "motionstream"]
)
def test_every_way_works_with_every_policy_early_late_and_often(model, name, way):
    played = Played(model, policy(name), 12, switches=(0, 1, 2, 6, 7, 11), way=way)
    assert torch.isfinite(played.latents).all()
    assert played.state.prompt == 6
    assert played.state.cache.frames[-1] == 35
    assert list(played.state.cache.frames) == sorted(set(played.state.cache.frames))
    if played.rule.capacity:
        most = played.rule.capacity + 2 * played.rule.chunk * (way == "anchor")
        assert len(played.state.cache) <= most


@pytest.mark.parametrize("way", STRATEGIES)
def test_a_switch_changes_nothing_in_place(model, way):
    played = Played(model, policy("motionstream"), 6)
    state = played.state
    before = state.cache.entries.k.clone(), state.clean.clone(), state.cache.frames
    played.switch(way)
    assert torch.equal(before[0], state.cache.entries.k)
    assert torch.equal(before[1], state.clean) and before[2] == state.cache.frames


def test_a_switch_before_the_first_frame_only_changes_the_prompt(model):
    for way in STRATEGIES:
        played = Played(model, policy("longlive"), 0)
        played.switch(way)
        assert (played.state.prompt, len(played.state.cache), played.pass_calls) == (1, 0, [])


def test_a_sink_longer_than_that_of_the_policy_is_cut(model):
    """The policy was changed together with the prompt."""
    played = Played(model, policy("longlive"), 6)
    played.rule = policy("motionstream", sink_chunks=0)
    played.switch("longlive")
    assert played.state.cache.frames == span(12, 18)
    assert played.state.cache.sink == 0


def test_the_names_are_those_of_the_knob_and_others_are_refused():
    assert tuple(STRATEGIES) == RECACHES
    with pytest.raises(ValueError, match=r"recache must be one of longlive, .*; got 'wipe'"):
        strategy("wipe")
