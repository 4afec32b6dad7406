"""Flow matching and the order of work: the written-down numbers, and the way there and back."""

import pytest
import torch
from torch.testing import assert_close

from playground.diffusion import flow
from playground.diffusion.noise_plan import NoisePlan
from random_video import random_latents

WARPED = [
    ((1000, 750, 500, 250), (1000, 937.5, 833.333, 625)),
    ((1000, 800, 600, 400, 200), (1000, 952.381, 882.353, 769.231, 555.556)),
    ((1000, 500), (1000, 833.333)),
    ((1000, 100), (1000, 357.143)),
]


@pytest.mark.parametrize(("steps", "expected"), WARPED)
def test_warped_steps_are_those_of_the_published_models(steps, expected):
    assert flow.warped(steps) == pytest.approx(expected, abs=5e-4)


def test_a_shift_of_one_changes_nothing_and_the_ends_stay():
    assert flow.warped((900, 400, 1), shift=1) == pytest.approx((900, 400, 1))
    assert flow.warped((1000, 0), shift=8) == (1000, 0)


def test_warped_agrees_with_the_scheduler_of_diffusers():
    """Whose grid of 1000 steps with that shift is looked up at 1000 - step."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler(shift=5.0)
    steps = (1000, 750, 500, 250)
    looked_up = [float(scheduler.timesteps[1000 - step]) for step in steps]
    assert flow.warped(steps) == pytest.approx(looked_up, abs=1e-2)


@pytest.mark.parametrize("t", [1000, 937.5, 500, 20, 0])
def test_the_true_velocity_leads_back_at_every_time(t):
    x0, eps = random_latents(3, seed=1), random_latents(3, seed=2)
    x = flow.noised(x0, eps, t)
    assert_close(flow.clean(x, flow.velocity(x0, eps), t), x0, atol=1e-6, rtol=0)


def test_the_ends_are_clean_latents_and_noise():
    x0, eps = random_latents(3, seed=1), random_latents(3, seed=2)
    assert torch.equal(flow.noised(x0, eps, 0), x0)
    assert torch.equal(flow.noised(x0, eps, 1000), eps)


def test_every_frame_may_have_its_own_time():
    x0, eps = random_latents(3, seed=1, batch=2), random_latents(3, seed=2, batch=2)
    times = torch.tensor([[0.0, 250.0, 1000.0], [1000.0, 10.0, 500.0]])
    x = flow.noised(x0, eps, times)
    for row in range(2):
        for frame in range(3):
            at = slice(row, row + 1), slice(None), slice(frame, frame + 1)
            assert_close(x[at], flow.noised(x0[at], eps[at], float(times[row, frame])))
    assert_close(flow.clean(x, eps - x0, times), x0, atol=1e-6, rtol=0)


def test_a_shift_must_be_positive():
    with pytest.raises(ValueError, match="shift must be > 0, got 0; 1 switches it off"):
        flow.warped((1000,), shift=0)


def test_a_plan_shows_every_pass():
    plan = NoisePlan.few_step((1000, 937.5, 625))
    shown = [(turn.kind, turn.t, turn.next_t, turn.emits, turn.writes) for turn in plan.passes]
    assert shown == [
        ("denoise", 1000, 937.5, False, False),
        ("denoise", 937.5, 625, False, False),
        ("denoise", 625, None, True, False),
        ("clean", 0, None, False, True),
    ]
    assert len(plan.denoising) == 3
    assert NoisePlan.few_step((1000,), context_time=50).context_time == 50


@pytest.mark.parametrize("times", [(500, 600), (500, 500), (1200, 500), (1000, 0), (1000, -3)])
def test_times_must_fall_within_the_range(times):
    with pytest.raises(ValueError, match="timesteps must fall from at most 1000 and stay > 0"):
        NoisePlan.few_step(times)


def test_a_plan_needs_a_time():
    with pytest.raises(ValueError, match="timesteps must have at least 1 entry, got none"):
        NoisePlan.few_step(())
