"""The evaluation's own arithmetic: what it calls sharp, spread out and right."""

import numpy as np
import pytest
import torch

from playground.benchmarks import eval_image
from playground.models.judge import Judge
from playground.world.vocabulary import held_out_pairs, training_pairs


def test_blur_lowers_gradient_energy():
    pictures = eval_image.renders(list(training_pairs())[:4], seed=0)
    blurred = (pictures // 2 + np.roll(pictures, 1, axis=2) // 2).astype(np.uint8)
    assert eval_image.gradient_energy(blurred) < 0.8 * eval_image.gradient_energy(pictures)


def test_equal_pictures_have_no_spread():
    picture = np.full((3, 8, 8, 3), 90, np.uint8)
    assert eval_image.spread(picture) == 0
    picture[0] += 51
    assert eval_image.spread(picture) == pytest.approx(0.2 * 2 / 3)


def test_the_judge_names_real_pictures():
    pairs = list(held_out_pairs())[::3]
    objects, backgrounds = eval_image.shares_named(
        Judge.load(), eval_image.renders(pairs, seed=4), pairs
    )
    assert objects >= 0.9
    assert backgrounds >= 0.9


def test_sampling_repeats_itself_and_follows_the_seed():
    from playground.models.image_model import ImageModel

    model = ImageModel.load("tiny", runtime="eager", device="cpu")
    prompts = ["a fox on snow", "a car on the sea"]
    torch.manual_seed(0)
    first, again, other = (eval_image.sample(model, prompts, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 1
    assert first.shape == (2, 64, 64, 3)
