"""Soft prompt switches: the shares, chunk by chunk, and what a stream makes of them."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from playground.streams.mixed_prompts import MIXING, context_of
from playground.streams.transition import KINDS, MOST_TEXTS, Hearing, Transition, heard_next
from small_video import frames, small_model, stream

DUCK, CAT, FOX = "a duck on the sea", "a cat on the beach", "a fox on snow"


@pytest.fixture(scope="module")
def model():
    return small_model()


def heard(prompts, way):
    """What every chunk hears, when these are the prompts of the controls."""
    hearing, mixtures = None, []
    for prompt in prompts:
        hearing = heard_next(hearing, prompt, way)
        mixtures.append(dict(hearing.mixture))
    return mixtures


def test_the_new_text_weighs_more_with_every_chunk_until_it_is_alone():
    mixtures = heard([DUCK, *[CAT] * 5], Transition(chunks=4))
    assert [mixture.get(CAT, 0) for mixture in mixtures] == [0, 0.25, 0.5, 0.75, 1, 1]
    assert mixtures[4] == mixtures[5] == {CAT: 1.0}
    assert all(sum(mixture.values()) == pytest.approx(1) for mixture in mixtures)


@pytest.mark.parametrize("way", [None, Transition(chunks=1), Transition(chunks=1, recache=False)])
def test_one_chunk_is_a_hard_switch(model, way):
    assert heard([DUCK, CAT], way) == [{DUCK: 1.0}, {CAT: 1.0}]
    soft, hard = stream(model, transition=way), stream(model)
    for video in (soft, hard):
        frames(video, 4)
        video.prompt = CAT
    np.testing.assert_array_equal(frames(soft, 3), frames(hard, 3))


def test_a_new_prompt_in_the_middle_starts_from_the_present_blend():
    mixtures = heard([DUCK, CAT, CAT, *[FOX] * 4], Transition(chunks=4))
    assert mixtures[2] == {DUCK: 0.5, CAT: 0.5}
    assert mixtures[3] == {FOX: 0.25, DUCK: 0.375, CAT: 0.375}
    assert mixtures[6] == {FOX: 1.0}


def test_going_back_in_the_middle_is_a_transition_too():
    mixtures = heard([DUCK, CAT, DUCK, DUCK], Transition(chunks=2))
    assert mixtures == [{DUCK: 1}, {DUCK: 0.5, CAT: 0.5}, {DUCK: 0.75, CAT: 0.25}, {DUCK: 1}]


def test_a_transition_ends_at_once_when_it_is_switched_off():
    before = heard_next(Hearing(target=DUCK), CAT, Transition(chunks=9))
    assert heard_next(before, CAT, Transition(chunks=2)).step == 2
    assert heard_next(before, CAT, None).mixture == ((CAT, 1.0),)


def test_impatient_people_do_not_pile_up_texts():
    names = [f"a {word} on snow" for word in ("cat", "duck", "fox", "car", "robot", "ball", "frog")]
    last = heard(names, Transition(chunks=8))[-1]
    assert len(last) == MOST_TEXTS
    assert sum(last.values()) == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_step_is_the_new_prompt_exactly_and_those_before_lie_between(model, kind):
    hearing, way, distances = Hearing(target=DUCK), Transition(chunks=4, kind=kind), []
    for _ in range(4):
        hearing = heard_next(hearing, CAT, way)
        distances.append((context_of(model, hearing).k - model.context(CAT).k).norm().item())
    assert hearing.is_there
    assert context_of(model, hearing) is model.context(CAT)
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] == 0 < distances[-2]


def test_both_kinds_mix_and_differ(model):
    assert tuple(MIXING) == KINDS
    start = Hearing(target=DUCK)
    linear, slerp = (
        context_of(model, heard_next(start, CAT, Transition(chunks=2, kind=kind))) for kind in KINDS
    )
    assert (linear.k - slerp.k).abs().max() > 1e-4
    same = heard_next(start, DUCK, Transition(chunks=2, kind="slerp"))
    assert_close(context_of(model, same).k, model.context(DUCK).k)


@pytest.mark.parametrize(("recache", "rewritten"), [(True, [1, 1, 1, 0]), (False, [0, 0, 1, 0])])
def test_the_past_is_rewritten_at_every_step_or_with_the_last_one(model, recache, rewritten):
    video = stream(model, transition=Transition(chunks=3, recache=recache))
    frames(video, 4)
    video.prompt = CAT
    chunks = [next(video) for _ in range(4)]
    assert [chunk.switch is not None for chunk in chunks] == rewritten
    assert ["recache" in chunk.timings for chunk in chunks] == rewritten


def test_every_step_has_its_number_and_the_cache_says_what_each_entry_heard(model):
    video = stream(model, transition=Transition(chunks=3), recache="stale")
    frames(video, 4)
    video.prompt = CAT
    chunks = [next(video) for _ in range(4)]
    assert [chunk.prompt for chunk in chunks] == [CAT] * 4
    assert [dict(chunk.heard).get(CAT) for chunk in chunks] == [1 / 3, 2 / 3, 1, 1]
    view = chunks[2].cache
    assert view.numbers == (0,) * 3 + (2,) * 3 + (3,) * 3
    assert view.prompts[0] == DUCK and view.prompts[-1] == CAT
    assert view.prompts[3] == f"67% {CAT} + 33% {DUCK}"
    assert [dict(mixture).get(CAT, 0) for mixture in view.heard[::3]] == [0, 2 / 3, 1]


def test_a_chunk_tells_what_its_switch_rewrote(model):
    video = stream(model)
    frames(video, 6)
    assert next(video).switch is None
    video.prompt = CAT
    chunk = next(video)
    switch, view = chunk.switch, chunk.cache
    assert (switch.recache, switch.kept, switch.rewritten) == (
        "longlive",
        (0, 1, 2),
        (*range(15, 21),),
    )
    assert (switch.positions, switch.forgotten) == ((3, 4, 5, 6, 7, 8), ())
    assert view.rewritten == (False,) * 3 + (True,) * 3 + (False,) * 3
    assert view.recache_ms == switch.ms == chunk.timings["recache"] > 0
    after = next(video).cache
    assert not any(after.rewritten) and after.recache_ms == 0
    video.recache, video.prompt = "flush", DUCK
    assert next(video).switch.forgotten == (*range(21, 26),)


def test_a_snapshot_in_the_middle_of_a_transition_goes_on_as_the_original_did(model):
    video = stream(model, transition=Transition(chunks=4, kind="slerp"))
    frames(video, 4)
    video.prompt = CAT
    frames(video, 2)
    state = video.state
    expected = frames(video, 4)
    np.testing.assert_array_equal(frames(video.restore(state), 4), expected)


def test_a_transition_before_the_first_chunk_has_nothing_to_come_from(model):
    soft = stream(model, prompt=CAT, transition=Transition(chunks=4))
    np.testing.assert_array_equal(frames(soft), frames(stream(model, prompt=CAT)))
    assert torch.equal(model.context(CAT).k, context_of(model, Hearing(target=CAT)).k)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"chunks": 0}, r"transition chunks must be in 1\.\.100, got 0"),
        ({"chunks": 2.5}, r"transition chunks must be a whole number in 1\.\.100, got 2\.5"),
        ({"kind": "cubic"}, "transition kind must be one of linear, slerp; got 'cubic'"),
        ({"recache": 1}, "transition recache must be True or False, got 1"),
    ],
)
def test_transitions_that_make_no_sense_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        Transition(**sizes)
