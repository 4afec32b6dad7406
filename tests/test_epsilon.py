"""A velocity network in the dress of a noise network."""

import pytest
import torch
from diffusers import LCMScheduler
from torch.testing import assert_close

from playground.models.epsilon import EpsFromV
from playground.models.image_model import ImageModel
from small_models import velocity_pipeline


def batch(model, timesteps=(999, 359, 19)):
    sample = torch.randn(len(timesteps), 4, 16, 16, generator=torch.Generator().manual_seed(0))
    text = model.encode_prompt("a cat").clone().expand(len(timesteps), -1, -1)
    return sample, torch.tensor(timesteps), text


@torch.no_grad()
def test_it_answers_with_noise(v_model):
    wrapped = EpsFromV(v_model.unet, v_model.scheduler)
    sample, timesteps, text = batch(v_model)
    expected = v_model.predict_eps(sample, timesteps, text)
    assert_close(wrapped(sample, timesteps, encoder_hidden_states=text).sample, expected)
    assert_close(
        wrapped(sample, timesteps, encoder_hidden_states=text, return_dict=False)[0], expected
    )


@torch.no_grad()
@pytest.mark.parametrize("timestep", [359, torch.tensor(359), torch.tensor([359])])
def test_one_timestep_holds_for_the_whole_batch(v_model, timestep):
    wrapped = EpsFromV(v_model.unet, v_model.scheduler)
    sample, _, text = batch(v_model)
    expected = v_model.predict_eps(sample, torch.tensor([359] * 3), text)
    assert_close(wrapped(sample, timestep, text, return_dict=False)[0], expected)


@torch.no_grad()
def test_a_scheduler_for_noise_steps_as_one_for_velocity(v_model):
    wrapped = EpsFromV(v_model.unet, v_model.scheduler)
    sample, _, text = batch(v_model, (359,))
    steps = {}
    for kind, network in (("epsilon", wrapped), ("v_prediction", v_model.unet)):
        scheduler = LCMScheduler.from_config(v_model.scheduler.config, prediction_type=kind)
        scheduler.set_timesteps(50)
        answer = network(sample, 359, text, return_dict=False)[0]
        steps[kind] = scheduler.step(answer, 359, sample, return_dict=False)[1]
    assert_close(steps["epsilon"], steps["v_prediction"], atol=1e-5, rtol=1e-5)


def test_it_has_what_pipelines_look_at(v_model):
    wrapped = EpsFromV(v_model.unet, v_model.scheduler)
    assert wrapped.config is v_model.unet.config
    assert (wrapped.dtype, wrapped.device) == (torch.float32, torch.device("cpu"))
    assert wrapped.add_embedding is v_model.unet.add_embedding


def test_a_noise_network_needs_no_dress():
    model = ImageModel.load(
        velocity_pipeline(scheduler_settings={"prediction_type": "epsilon"}), runtime="eager"
    )
    with pytest.raises(
        ValueError, match="scheduler must say prediction_type 'v_prediction', got 'epsilon'"
    ):
        EpsFromV(model.unet, model.scheduler)
