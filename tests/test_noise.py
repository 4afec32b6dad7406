"""Noise is a function of seeds and counters, and what it was in streamdiffusion 0.1.1."""

import pytest
import torch
from torch.testing import assert_close

from playground.diffusion import noise

SHAPE = (4, 8, 8)


def test_the_noise_of_the_slots_is_that_of_a_cpu_generator_with_the_seed():
    expected = torch.randn((3, *SHAPE), generator=torch.Generator().manual_seed(11))
    assert_close(noise.initial(11, 3, SHAPE), expected, atol=0, rtol=0)


def test_more_slots_do_not_change_the_noise_of_the_first():
    assert_close(noise.initial(2, 8, SHAPE)[:2], noise.initial(2, 2, SHAPE), atol=0, rtol=0)


@pytest.mark.parametrize("amount", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_a_blend_of_seeds_keeps_the_strength_of_noise(amount):
    shape = (4, 64, 64)
    blend = noise.initial(1, 2, shape, (9, amount))
    assert_close(blend.std(), torch.tensor(1.0), atol=0.02, rtol=0)
    for seed, share in ((1, 1 - amount), (9, amount)):
        cosine = torch.cosine_similarity(
            blend.flatten(), noise.initial(seed, 2, shape).flatten(), dim=0
        )
        assert_close(cosine, torch.sin(torch.tensor(share * torch.pi / 2)), atol=0.03, rtol=0)


def test_the_ends_of_a_blend_are_the_seeds_themselves():
    assert_close(noise.initial(1, 2, SHAPE, (9, 0.0)), noise.initial(1, 2, SHAPE), atol=0, rtol=0)
    assert_close(noise.initial(1, 2, SHAPE, (9, 1.0)), noise.initial(9, 2, SHAPE), atol=0, rtol=0)


def test_fresh_noise_depends_on_seed_and_counter_alone():
    first = noise.fresh(3, 5, (1, *SHAPE))
    torch.manual_seed(0)
    assert_close(noise.fresh(3, 5, (1, *SHAPE)), first, atol=0, rtol=0)
    assert not torch.equal(noise.fresh(3, 6, (1, *SHAPE)), first)
    assert not torch.equal(noise.fresh(4, 5, (1, *SHAPE)), first)


def test_draws_are_uniform_and_repeat():
    draws = torch.tensor([noise.draw(7, number) for number in range(4000)])
    assert draws.min() >= 0
    assert draws.max() < 1
    assert_close(torch.histc(draws, 10, 0, 1) / 400, torch.ones(10), atol=0.2, rtol=0)
    assert noise.draw(7, 3) == noise.draw(7, 3) != noise.draw(8, 3)
