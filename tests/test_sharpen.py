"""The endpoints of the teacher, and the training that learns them, on toy settings and shipped weights."""

import argparse
from pathlib import Path

import pytest
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel

from playground.training import precision, sharpen
from playground.training.distill import clean_prediction
from playground.training.endpoints import EndpointPool

MODEL = Path(__file__).parents[1] / "playground/models/tiny/image"


def arguments(out, **changes):
    parser = argparse.ArgumentParser()
    sharpen.add_arguments(parser)
    toy = {"out": out, "teacher": MODEL, "student": MODEL, "pool": 3, "batch": 2, "renew": 1}
    return argparse.Namespace(**(vars(parser.parse_args([])) | toy | changes))


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return sharpen.SharpenRecipe(arguments(tmp_path_factory.mktemp("sharpen")))


@pytest.fixture(scope="module")
def pool(recipe):
    return EndpointPool(
        teacher=recipe.teacher, student=recipe.before, text_encoder=recipe.text_encoder,
        tokenizer=recipe.tokenizer, codec=recipe.codec, scheduler=recipe.scheduler, guidance=1.0,
        capacity=4, seed=0,
    )  # fmt: skip


def test_an_endpoint_is_where_the_librarys_own_sampler_goes(recipe, pool, monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_pays", lambda: False)  # theirs is in float32
    words = recipe.text_encoder(pool.pictures.tokens(["a red fox on snow"])).last_hidden_state
    x = noise = torch.randn(1, recipe.codec.config.latent_channels, 16, 16)
    with torch.no_grad():
        ours = pool._endpoint(noise, torch.tensor([900]), words)
    theirs = DDIMScheduler.from_config(recipe.scheduler.config, clip_sample=False)
    theirs.num_inference_steps = 1000 // 90  # so that its steps are 90 long, as ours from 900
    with torch.no_grad():
        for t in range(900, 0, -90):
            v = recipe.teacher(x, torch.tensor([t]), words, return_dict=False)[0]
            step = theirs.step(v, t, x)
            x = step.prev_sample
    assert torch.allclose(step.pred_original_sample, ours, atol=2e-3)


def test_renewing_replaces_the_oldest_first(pool):
    before = [held.clone() for held in pool.kept]
    noisy, t, tokens, endpoints = pool.draw(5, renew=2)
    assert noisy.shape == endpoints.shape == (5, *before[0].shape[1:])
    assert t.shape == (5,) and tokens.shape[0] == 5
    assert set(t.tolist()) <= {999, *range(199, 1000, 100)}
    assert not torch.equal(pool.kept[3][:2], before[3][:2])
    assert torch.equal(pool.kept[3][2:], before[3][2:])


def test_pure_noise_is_a_start_as_a_stream_has_it(pool):
    noisy, t = pool.kept[0], pool.kept[1]
    for latents in noisy[t == 999]:
        assert 0.8 < latents.std() < 1.2


def test_training_moves_the_student_alone_resumes_and_writes_a_model(tmp_path):
    sharpen.run(arguments(tmp_path, steps=2))
    sharpen.run(arguments(tmp_path, steps=3))
    resumed = sharpen.SharpenRecipe(arguments(tmp_path))
    assert resumed.step == 3
    before = UNet2DConditionModel.from_pretrained(MODEL, subfolder="unet").state_dict()
    after = UNet2DConditionModel.from_pretrained(tmp_path / "model", subfolder="unet").state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    for part in ("vae/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"):
        assert (tmp_path / "model" / part).read_bytes() == (MODEL / part).read_bytes()


def test_the_loss_falls_on_one_batch(recipe, pool):
    batch = pool.draw(4, renew=0)
    losses = [recipe._update(*batch)["distance"] for _ in range(8)]
    assert losses[-1] < losses[0]


def test_a_clean_prediction_is_of_v(recipe):
    x, t = torch.randn(1, recipe.codec.config.latent_channels, 16, 16), torch.tensor([499])
    words = torch.zeros(1, 4, recipe.text_encoder.config.hidden_size)
    with torch.no_grad():
        v = recipe.teacher(x, t, words, return_dict=False)[0]
        clean = clean_prediction(recipe.teacher, x, t, words, recipe.scheduler)
    kept = recipe.scheduler.alphas_cumprod[499]
    assert torch.allclose(clean, kept.sqrt() * x - (1 - kept).sqrt() * v, atol=0.05)
