"""Constants of the slots against diffusers and against numbers worked out by hand."""

import pytest
import torch
from torch.testing import assert_close

from oracles import constants
from playground.diffusion.guidance import Guidance, weights, x0_weights
from playground.diffusion.schedule import Schedule, timestep_grid


def test_the_grid_of_fifty_falls_by_twenty(eps_model):
    assert timestep_grid(eps_model.scheduler).tolist() == list(range(999, 0, -20))


def test_the_constants_of_stable_diffusion(eps_model):
    schedule = Schedule.from_scheduler(eps_model.scheduler, (0, 16, 32, 45))
    assert schedule.timesteps.tolist() == [999, 679, 359, 99]
    assert_close(schedule.alpha, torch.tensor([0.0683, 0.3098, 0.7011, 0.9463]), atol=5e-5, rtol=0)
    assert_close(schedule.beta, torch.tensor([0.9977, 0.9508, 0.7131, 0.3233]), atol=5e-5, rtol=0)


@pytest.mark.parametrize("steps", [10, 25, 40, 50])
def test_other_numbers_of_steps_are_those_of_diffusers(eps_model, steps):
    t_index = (0, 3, steps - 1)
    timesteps, a, b, c_skip, c_out = constants(eps_model, t_index, steps)
    schedule = Schedule.from_scheduler(eps_model.scheduler, t_index, steps)
    assert schedule.timesteps.tolist() == timesteps
    for ours, theirs in zip(
        (schedule.alpha, schedule.beta, schedule.c_skip, schedule.c_out),
        (a, b, c_skip, c_out),
        strict=True,
    ):
        assert_close(ours, torch.stack(theirs))


@pytest.mark.parametrize("t_index", [(), (-1,), (50,)])
def test_positions_off_the_grid_are_refused(eps_model, t_index):
    with pytest.raises(
        ValueError, match=r"t_index entries must be in 0..49 for 50 inference steps"
    ):
        Schedule.from_scheduler(eps_model.scheduler, t_index)


@pytest.mark.parametrize("steps", [0, 51, -3])
def test_more_steps_than_the_model_was_made_for_are_refused(eps_model, steps):
    with pytest.raises(ValueError, match=f"num_inference_steps must be in 1..50 .* got {steps}"):
        timestep_grid(eps_model.scheduler, steps)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_clean_picture_comes_back_from_a_perfect_answer(eps_model, prediction):
    schedule = Schedule.from_scheduler(eps_model.scheduler, (0, 20, 49), prediction=prediction)
    clean, noise = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    noisy = schedule.alpha * clean + schedule.beta * noise
    velocity = schedule.alpha * noise - schedule.beta * clean
    answer = noise if prediction == "epsilon" else velocity
    x_gain, raw_gain = x0_weights(schedule)
    assert_close(x_gain * noisy + raw_gain * answer, clean, atol=1e-5, rtol=1e-5)


def test_other_predictions_are_refused(eps_model):
    schedule = Schedule.from_scheduler(eps_model.scheduler, (0,), prediction="sample")
    with pytest.raises(
        ValueError, match="prediction must be 'epsilon' or 'v_prediction', got 'sample'"
    ):
        x0_weights(schedule)


@pytest.mark.parametrize("kind", ["none", "full", "self", "initialize"])
def test_without_strength_no_reference_is_asked_for(eps_model, kind):
    schedule = Schedule.from_scheduler(eps_model.scheduler, (10, 20))
    for scale in (0.0, 0.5, 1.0):
        assert weights(schedule, Guidance(kind=kind, scale=scale)).reference is None
    strong = weights(schedule, Guidance(kind=kind, scale=1.5)).reference
    assert (strong is None) == (kind == "none")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "strong"}, "guidance must be one of none, full, self, initialize; got 'strong'"),
        ({"scale": -1.0}, "guidance_scale must be finite and >= 0, got -1.0"),
        ({"scale": float("nan")}, "guidance_scale must be finite and >= 0, got nan"),
    ],
)
def test_guidance_out_of_range_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Guidance(**settings)
