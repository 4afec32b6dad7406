"""Anchors: a pinned chunk stays when age evicts it, stands between sink and window, and makes room again."""

import pytest
import torch

from playground.memory import anchors
from playground.memory.cache import Cache
from playground.memory.policies import policy
from random_video import numbered_entries
from test_switching import Played, model, span  # noqa: F401


def after(chunks, rule, pinned=(), count=3):
    """A cache whose prompt number changes with every pinned chunk (given by its first frame)."""
    cache, prompt = Cache(), 0
    for start in range(0, chunks * count, count):
        if start in pinned:
            cache, prompt = cache.with_pinned(range(start, start + count)), prompt + 1
        cache = rule.commit(cache, numbered_entries(start, count), start, prompt)
    return cache


def test_without_a_switch_anchors_change_nothing(model):  # noqa: F811
    plain = Played(model, policy("motionstream"), 8)
    assert plain.state.cache.anchor == 0
    early = Played(model, policy("motionstream"), 8, switches=(0,), way="anchor")
    other = Played(model, policy("motionstream"), 8, switches=(0,), way="longlive")
    assert torch.equal(early.latents[:, :, :9], other.latents[:, :, :9])


def test_a_pinned_chunk_becomes_the_anchor_when_age_evicts_it():
    """Published sizes: switch at frame 18; with a window of 12, that is when frame 30 is made."""
    rule = policy("longlive")
    frames = {chunks: after(chunks, rule, pinned=(18,)).frames for chunks in (9, 10, 12)}
    assert frames[9] == span(0, 3, 18, 27)
    assert frames[10] == span(0, 3, 18, 21, 21, 30)
    assert frames[12] == span(0, 3, 18, 21, 27, 36)
    assert after(9, rule, pinned=(18,)).anchor == 0
    assert after(10, rule, pinned=(18,)).anchor == 3


def test_the_regions_are_the_published_ones():
    rule = policy("longlive")
    cache = after(12, rule, pinned=(18,))
    view = rule.view(cache, 36, 3)
    assert [cache.frames[slot] for slot in view.slots] == list(span(0, 3, 18, 21, 30, 36))
    assert view.positions == span(0, 3, 6, 9, 12, 18)
    assert view.query == span(18, 21)


def test_the_regions_of_the_shipped_policy_leave_no_gap():
    rule = policy("motionstream")
    cache = after(8, rule, pinned=(12,))
    view = rule.view(cache, 24, 3)
    assert [cache.frames[slot] for slot in view.slots] == list(span(0, 3, 12, 15, 21, 24))
    assert (view.positions, view.query) == (span(0, 9), span(9, 12))
    assert cache.roles(3) == ("sink",) * 3 + ("anchor",) * 3 + ("window",) * 3 + ("current",) * 3


def test_a_smaller_last_chunk_keeps_the_regions():
    rule = policy("longlive")
    view = rule.view(after(12, rule, pinned=(18,)), 36, 1)
    assert (view.positions, view.query) == (span(0, 3, 6, 9, 12, 20), (20,))


def test_the_anchor_before_stays_until_the_next_one_has_left_the_window():
    rule = policy("motionstream")
    pins = (12, 24)
    anchor = {
        chunks: after(chunks, rule, pins).frames[3:6] if after(chunks, rule, pins).anchor else ()
        for chunks in range(6, 13)
    }
    assert anchor == {
        6: (), 7: span(12, 15), 8: span(12, 15), 9: span(12, 15), 10: span(12, 15),
        11: span(24, 27), 12: span(24, 27),
    }  # fmt: skip


@pytest.mark.parametrize(("chunk", "window", "sink"), [(4, 10, 1), (2, 7, 3), (1, 6, 3)])
def test_an_anchor_is_whole_or_not_there(chunk, window, sink):
    rule = policy("sink_window", chunk=chunk, window=window, sink=sink)
    for chunks in range(1, 20):
        cache = after(chunks, rule, pinned=(4 * chunk, 9 * chunk), count=chunk)
        assert cache.anchor in (0, chunk)
        assert len(cache) <= window + 2 * chunk
        view = rule.view(cache, cache.end, chunk)
        assert len(view.positions) == len(view.slots)
        order = (*view.positions, *view.query)
        assert list(order) == sorted(set(order))
        assert chunks < 13 or cache.anchor


def test_memory_stays_constant_over_many_switches(model):  # noqa: F811
    played = Played(model, policy("motionstream"), 60, switches=range(5, 60, 5), way="anchor")
    assert len(played.state.cache) <= 12
    assert len(played.state.cache.pinned) <= 6
    assert played.state.clean.shape[2] == 9


def test_a_late_switch_keeps_sink_and_anchor_and_shows_them_to_the_rewritten_window(model):  # noqa: F811
    played = Played(model, policy("motionstream"), 9, switches=(4,), way="anchor")
    played.switch("anchor")
    (_, plan), old = played.plans, played.before.cache
    assert (plan.surviving.frames, plan.frames) == (span(0, 3, 12, 15), span(21, 27))
    assert plan.view.positions == span(0, 6) and plan.view.query == span(6, 12)
    assert torch.equal(played.state.cache.entries.k[:, :, :6], old.entries.k[:, :, :6])
    assert played.state.cache.prompts == (0,) * 3 + (1,) * 3 + (2,) * 6
    assert played.state.cache.pinned == span(12, 15, 27, 30)


def test_a_pinned_chunk_that_is_rewritten_loses_its_pin(model):  # noqa: F811
    played = Played(model, policy("motionstream"), 5, switches=(4,), way="anchor")
    assert played.state.cache.pinned == span(12, 15)
    played.switch("anchor")
    assert played.state.cache.pinned == span(15, 18)


@pytest.mark.parametrize("way", ["longlive", "longlive_sink", "causal", "flush"])
def test_other_ways_let_the_anchor_go(model, way):  # noqa: F811
    played = Played(model, policy("motionstream"), 9, switches=(4,), way="anchor")
    assert played.state.cache.anchor == 3
    played.switch(way)
    assert (played.state.cache.anchor, played.state.cache.pinned) == (0, ())


def test_a_policy_with_another_sink_takes_the_anchor_for_window():
    cache = after(8, policy("motionstream"), pinned=(12,))
    rule = policy("sliding", window=9)
    assert not anchors.is_seen(cache, rule.sinks, 6)
    assert [cache.frames[slot] for slot in rule.view(cache, 24, 3).slots] == list(span(18, 24))
    assert len(rule.view(cache, 24, 3).slots) == 6


def test_nothing_leaves_where_nothing_is_evicted():
    assert after(12, policy("everything"), pinned=(18,)).anchor == 0
