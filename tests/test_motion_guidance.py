"""Joint guidance is the published formula, with its undefined case and its savings."""

import pytest
import torch
from torch.testing import assert_close

from playground.diffusion.motion_guidance import mixed, weights

SCALES = [(3.0, 1.5), (1.0, 1.0), (0.5, 4.0), (2.0, 0.0), (0.0, 2.5), (1.0, 0.0)]


def branches(count=3):
    draw = torch.Generator().manual_seed(0)
    return [torch.randn(1, 4, 3, 2, 2, generator=draw) for _ in range(count)]


@pytest.mark.parametrize(("text", "motion"), SCALES)
def test_the_weighted_sum_is_the_formula_of_the_paper(text, motion):
    both, no_text, no_tracks = branches()
    share = text / (text + motion)
    base = share * no_text + (1 - share) * no_tracks
    expected = base + text * (both - no_text) + motion * (both - no_tracks)
    assert_close(mixed(weights(text, motion), both, no_text, no_tracks), expected)


@pytest.mark.parametrize(("text", "motion"), [*SCALES, (0.0, 0.0)])
def test_branches_that_agree_are_not_changed(text, motion):
    (same,) = branches(1)
    assert_close(mixed(weights(text, motion), same, same, same), same)


def test_both_off_is_plain_conditional_in_one_evaluation():
    (both,) = branches(1)
    assert weights(0, 0).evaluations == 1
    assert mixed(weights(0, 0), both) is both


@pytest.mark.parametrize(
    ("text", "motion", "evaluations"), [(3, 1.5, 3), (3, 0, 2), (0, 3, 2), (1, 0, 1)]
)
def test_only_what_weighs_is_evaluated(text, motion, evaluations):
    assert weights(text, motion).evaluations == evaluations


def test_one_weight_alone_is_classifier_free_guidance():
    both, no_text, no_tracks = branches()
    assert_close(mixed(weights(2.5, 0), both, no_text), no_text + 2.5 * (both - no_text))
    guided = mixed(weights(0, 2.5), both, None, no_tracks)
    assert_close(guided, no_tracks + 2.5 * (both - no_tracks))


def test_negative_weights_and_missing_branches_are_refused():
    with pytest.raises(ValueError, match=r"guidance must be >= 0, got text -1 and motion 0"):
        weights(-1, 0)
    with pytest.raises(ValueError, match=r"no_tracks must be given where it weighs -1\.5"):
        mixed(weights(0, 2.5), *branches(1))
