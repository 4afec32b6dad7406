"""Loading a model says what is wrong; its four calls agree with diffusers."""

import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from torch.testing import assert_close

from playground.models import loading
from playground.models.image_model import CACHED_PROMPTS, ImageModel
from small_models import velocity_pipeline

VOCABULARY = {
    "objects": ["fox", "fire engine"],
    "backgrounds": ["snow", "night sky"],
    "colours": ["red"],
    "words": ["a", "on"],
}


@pytest.fixture
def folder(golden_folder, tmp_path):
    """A copy of the reference pipeline that a test may damage."""
    return shutil.copytree(golden_folder / "pipeline", tmp_path / "pipeline")


def test_sizes_follow_from_the_parts(eps_model, v_model):
    assert (eps_model.size, eps_model.latent_shape) == ((64, 64), (4, 8, 8))
    assert (v_model.size, v_model.latent_shape) == ((64, 64), (4, 16, 16))
    assert (eps_model.pixels_per_latent, v_model.pixels_per_latent) == (8, 4)
    assert (eps_model.prediction, v_model.prediction) == ("epsilon", "v_prediction")


def test_prompts_are_encoded_as_diffusers_does(eps_model):
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline(
        unet=eps_model.unet,
        vae=eps_model.vae,
        text_encoder=eps_model.text_encoder,
        tokenizer=eps_model.tokenizer,
        scheduler=eps_model.scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    for text in ("a cat", "", "a cat on a hill " * 20):
        theirs, _ = pipeline.encode_prompt(text, "cpu", 1, False)
        assert_close(eps_model.encode_prompt(text), theirs)


def test_prompts_are_encoded_once_and_the_oldest_forgotten(v_pipeline):
    model, calls = ImageModel.load(v_pipeline, runtime="eager"), []
    encode = model._encode_text
    model._encode_text = lambda text: calls.append(text) or encode("a")
    for number in range(CACHED_PROMPTS):
        model.encode_prompt(str(number))
    model.encode_prompt("0")
    model.encode_prompt("one more")
    assert len(calls) == CACHED_PROMPTS + 1
    model.encode_prompt("0")
    assert len(calls) == CACHED_PROMPTS + 1
    model.encode_prompt("1")
    assert len(calls) == CACHED_PROMPTS + 2


def test_velocity_becomes_noise(v_model):
    draw = torch.Generator().manual_seed(0)
    sample = torch.randn(3, 4, 16, 16, generator=draw)
    timesteps, text = torch.tensor([999, 359, 19]), v_model.encode_prompt("a cat").expand(3, -1, -1)
    with torch.inference_mode():
        velocity = v_model.unet(sample, timesteps, text).sample
    noise = v_model.predict_eps(sample, timesteps, text)
    theirs = [
        v_model.scheduler.alphas_cumprod[t] ** 0.5 * v
        + (1 - v_model.scheduler.alphas_cumprod[t]) ** 0.5 * x
        for t, v, x in zip(timesteps, velocity, sample, strict=True)
    ]
    assert_close(noise, torch.stack(theirs))


def test_codecs_are_called_with_their_scale():
    from diffusers import AutoencoderKL

    torch.manual_seed(0)
    parts = velocity_pipeline()
    parts.vae = AutoencoderKL(
        block_out_channels=(32,), latent_channels=4, scaling_factor=0.25
    ).eval()
    model = ImageModel.load(parts, runtime="eager")
    assert model.pixels_per_latent == 1
    pixels = torch.rand(1, 3, 16, 16) * 2 - 1
    latents = model.encode(pixels)
    with torch.inference_mode():
        assert_close(latents, parts.vae.encode(pixels).latent_dist.mode() * 0.25)
        assert_close(model.decode(latents), parts.vae.decode(latents / 0.25).sample)
    assert_close(
        model.encode(pixels), latents, atol=0, rtol=0
    )  # no draw: a still picture stands still


def test_networks_are_swapped_by_one_assignment(v_pipeline):
    from dataclasses import replace

    model = ImageModel.load(v_pipeline, runtime="eager")
    zeros = lambda sample, timesteps, embeddings: torch.zeros_like(sample)  # noqa: E731
    model.networks = replace(model.networks, unet=zeros)
    sample, text = torch.ones(1, 4, 16, 16), model.encode_prompt("a cat")
    assert model.unet_forward(sample, torch.tensor([3]), text).abs().max() == 0


def test_half_precision_networks_speak_single_precision_outside():
    model = ImageModel.load(velocity_pipeline(), dtype=torch.bfloat16, runtime="eager")
    sample, text = torch.ones(1, 4, 16, 16), model.encode_prompt("a cat")
    assert model.unet_forward(sample, torch.tensor([3]), text).dtype == torch.float32
    assert model.encode(torch.zeros(1, 3, 64, 64)).dtype == torch.float32
    assert model.decode(sample).dtype == torch.float32


# ---------------------------------------------------------------- words


def test_words_that_the_model_never_read_are_named(folder):
    (folder / "vocabulary.json").write_text(json.dumps(VOCABULARY))
    model = ImageModel.load(folder, runtime="eager")
    assert model.vocabulary == VOCABULARY
    assert model.unknown_words("A red fox on the Night-Sky, zebra; zebra!") == ("the", "zebra")
    assert model.remarks("a fire engine") == ()
    assert model.remarks("a zebra") == ("words this model does not know: zebra",)
    assert model.remarks("b c d e f g") == ("words this model does not know: b, c, d, e, f, ...",)


def test_a_model_without_a_vocabulary_calls_no_word_unknown(eps_model):
    assert eps_model.vocabulary is None
    assert eps_model.unknown_words("zebra") == ()


def test_a_vocabulary_that_is_no_object_is_refused(folder):
    (folder / "vocabulary.json").write_text("[1]")
    with pytest.raises(ValueError, match="must hold one object of word lists, got list"):
        ImageModel.load(folder, runtime="eager")


def test_a_prompt_that_is_too_long_is_cut_and_remarked_on(eps_model):
    text = "a cat " * 1700
    assert eps_model.encode_prompt(text).shape == (1, 16, 32)
    (remark,) = eps_model.remarks(text)
    assert remark.startswith("the prompt has 6802 tokens and is cut to 16")


# ---------------------------------------------------------------- what can be missing or broken


def test_missing_tiny_weights_say_how_to_get_them(monkeypatch, tmp_path):
    monkeypatch.setattr(loading, "TINY", tmp_path / "tiny")
    with pytest.raises(
        FileNotFoundError, match=r"no weights for the tiny image model.*playground train"
    ):
        ImageModel.load("tiny")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no/such/folder", "model must be 'tiny', a folder that exists or a hub name"),
        (
            "nowhere",
            "model must be 'tiny', a folder that exists or a hub name 'owner/name', got 'nowhere'",
        ),
        ("./a/b", "model must be 'tiny', a folder that exists"),
    ],
)
def test_a_name_that_is_nothing_is_refused(name, message):
    with pytest.raises(FileNotFoundError, match=message):
        ImageModel.load(name)


def test_a_hub_name_that_is_not_here_says_how_to_fetch_it(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setenv("PLAYGROUND_MODELS", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(
        FileNotFoundError, match=r"'some/model' is neither a folder .*run `hf download some/model"
    ):
        ImageModel.load("some/model")


def test_a_folder_without_an_index_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"model folder must hold model_index\.json"):
        ImageModel.load(tmp_path)


def test_a_folder_without_a_part_is_refused(folder):
    shutil.rmtree(folder / "vae")
    with pytest.raises(FileNotFoundError, match="model folder must hold vae/"):
        ImageModel.load(folder)


@pytest.mark.parametrize("damage", [b"", b"not weights at all", None])
@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_damaged_weights_are_named(folder, part, damage):
    (file,) = (folder / part).glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-1000] if damage is None else damage)
    with pytest.raises(ValueError, match=f"{part} of .* cannot be read: .*fetch or make it again"):
        ImageModel.load(folder)


def test_missing_weights_are_named(folder):
    (file,) = (folder / "unet").glob("*.safetensors")
    file.unlink()
    with pytest.raises(ValueError, match=r"unet of .* cannot be read"):
        ImageModel.load(folder)


def test_a_broken_index_is_named(folder):
    (folder / "model_index.json").write_text("{")
    with pytest.raises(ValueError, match=r"model_index\.json .* cannot be read"):
        ImageModel.load(folder)


def test_an_index_without_a_part_is_named(folder):
    index = json.loads((folder / "model_index.json").read_text())
    del index["tokenizer"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match=r"model_index\.json must name a tokenizer"):
        ImageModel.load(folder)


def test_classes_of_other_libraries_are_not_imported(folder):
    index = json.loads((folder / "model_index.json").read_text())
    index["unet"] = ["os", "system"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(
        ValueError, match="parts must come from diffusers or transformers, got 'os'"
    ):
        ImageModel.load(folder)


def test_a_class_that_the_library_lacks_is_named(folder):
    index = json.loads((folder / "model_index.json").read_text())
    index["unet"] = ["diffusers", "UNetOfTomorrow"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match="classes that diffusers has, got 'UNetOfTomorrow'"):
        ImageModel.load(folder)


def test_what_is_no_pipeline_is_refused():
    with pytest.raises(
        ValueError, match="got SimpleNamespace without vae, text_encoder, tokenizer, scheduler"
    ):
        ImageModel.load(SimpleNamespace(unet=1))


def test_a_model_that_predicts_something_else_is_refused():
    with pytest.raises(ValueError, match=r"prediction_type must be one of .*, got 'sample'"):
        ImageModel.load(velocity_pipeline(scheduler_settings={"prediction_type": "sample"}))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "gpu0"}, "device must be such as cpu, cuda, cuda:1 or mps, got 'gpu0'"),
        (
            {"runtime": "fastest"},
            "runtime must be one of auto, eager, openvino, cudagraph, compile; got 'fastest'",
        ),
    ],
)
def test_settings_out_of_range_are_refused(v_pipeline, settings, message):
    with pytest.raises(ValueError, match=message):
        ImageModel.load(v_pipeline, **settings)
