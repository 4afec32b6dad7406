"""The similarity filter skips as often as its formula says, and never too often in a row."""

import pytest
import torch

from playground.diffusion import noise
from playground.diffusion.similarity import FilterState, decide, skip_probability


def pair(cosine: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Two pictures with a given cosine between them."""
    first, second = torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)
    first[0, 0, 0, 0] = 1
    second[0, 0, 0, 0], second[0, 0, 0, 1] = cosine, (1 - cosine**2) ** 0.5
    return first, second


@pytest.mark.parametrize(
    ("cosine", "threshold", "probability"),
    [(1.0, 0.98, 1.0), (0.99, 0.98, 0.5), (0.98, 0.98, 0.0), (0.5, 0.98, 0.0), (0.95, 0.9, 0.5),
     (1.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.3, 0.0, 0.3)],
)  # fmt: skip
def test_the_probability_is_that_of_the_paper(cosine, threshold, probability):
    assert skip_probability(*pair(cosine), threshold) == pytest.approx(probability, abs=1e-4)


def test_inputs_are_skipped_as_often_as_the_formula_says():
    first, second = pair(0.994)
    state = FilterState(reference=first)
    skips = [
        decide(state, second, threshold=0.9, max_skip=9, draw=noise.draw(1, number))[1]
        for number in range(3000)
    ]
    assert sum(skips) / 3000 == pytest.approx(0.94, abs=0.015)


@pytest.mark.parametrize("max_skip", [0, 1, 3])
def test_a_still_picture_is_skipped_exactly_as_often_as_allowed(max_skip):
    state, skips, picture = FilterState(), [], pair(1.0)[0]
    for _ in range(1 + 2 * (max_skip + 1)):
        state, skip = decide(state, picture, threshold=0.9, max_skip=max_skip, draw=0.5)
        skips.append(skip)
    assert skips == [False] + 2 * ([True] * max_skip + [False])


def test_an_input_processed_by_itself_starts_the_count_anew():
    first, second = pair(0.0)
    state, _ = decide(FilterState(), first, threshold=0.9, max_skip=3, draw=0.5)
    for _ in range(2):
        state, skip = decide(state, first, threshold=0.9, max_skip=3, draw=0.5)
        assert skip
    state, skip = decide(state, second, threshold=0.9, max_skip=3, draw=0.5)
    assert (skip, state.skipped) == (False, 0)


def test_the_reference_is_what_was_processed_last():
    """A slow drift is noticed: every picture is like the one before, but not like the first."""
    state, skips = FilterState(), []
    for degrees in range(0, 40, 2):
        angle = torch.deg2rad(torch.tensor(float(degrees)))
        _, picture = pair(float(torch.cos(angle)))
        state, skip = decide(state, picture, threshold=0.98, max_skip=100, draw=0.5)
        skips.append(skip)
    assert skips[1]
    assert not all(skips[1:])


@pytest.mark.parametrize("threshold", [None, 1.0])
def test_it_can_be_switched_off(threshold):
    picture = pair(1.0)[0]
    state = FilterState(reference=picture)
    assert not decide(state, picture, threshold=threshold, max_skip=5, draw=0.0)[1]


def test_another_size_is_never_similar():
    state = FilterState(reference=torch.ones(1, 3, 4, 4))
    assert not decide(state, torch.ones(2, 3, 4, 4), threshold=0.5, max_skip=5, draw=0.0)[1]
