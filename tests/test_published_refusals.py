"""What is wrong with published weights is said before anything is loaded or changed."""

import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import constants

from playground import ImageStream
from playground.models.image_model import ImageModel
from playground.models.image_recipes import RECIPES
from playground.models.loading import move
from playground.models.recipes import folder_for
from published import PUBLISHED, SD_15, SDXL, shrunk, small_parts
from published_files import write_folder, write_tiny_codec


@pytest.fixture(autouse=True)
def disk(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def test_an_unknown_name_lists_the_recipes():
    with pytest.raises(FileNotFoundError, match="or one of the recipes sd15-lcm, dreamshaper-lcm"):
        ImageStream.load("sd-turbo-9")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_whose_files_are_missing_names_them_the_command_and_the_folder(name):
    base = RECIPES[name].repository("base")
    with pytest.raises(FileNotFoundError, match=f"hf download {base.repo} model_index.json") as e:
        ImageStream.load(name)
    assert str(folder_for(base.repo)) in str(e.value)


def test_a_recipe_of_which_a_part_is_missing_names_that_part():
    recipe = RECIPES["sdxl-turbo"]
    folder = write_folder(PUBLISHED["sdxl-turbo"], folder_for(recipe.repository("base").repo))
    write_tiny_codec(folder_for(recipe.repository("codec").repo))
    shutil.rmtree(folder / "text_encoder_2")
    with pytest.raises(FileNotFoundError, match=r"lacks text_encoder_2/config\.json"):
        ImageStream.load("sdxl-turbo")


def test_a_part_of_the_wrong_class_is_refused(disk):
    folder = write_folder(SD_15, disk / "model")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "unet": ["diffusers", "Flux"]}))
    with pytest.raises(ValueError, match="parts must be classes that diffusers has, got 'Flux'"):
        ImageModel.load(folder)


def test_a_large_model_without_its_second_encoder_is_refused():
    parts = small_parts(SDXL)
    del parts.text_encoder_2
    parts.tokenizer = None
    with pytest.raises(ValueError, match="text_encoder_2 must be there exactly where the unet"):
        ImageModel.load(parts)


def test_an_inpainting_network_is_refused_with_the_way_that_works():
    from diffusers import UNet2DConditionModel

    parts = small_parts(SD_15)
    parts.unet = UNet2DConditionModel(**shrunk(SD_15).unet, in_channels=9)
    parts.tokenizer = None
    with pytest.raises(ValueError, match=r"got 9 and 4; use the plain model .*with a `mask`"):
        ImageModel.load(parts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"addition_embed_type": "image"}, "addition_embed_type must be one of .*got 'image'"),
        ({"projection_class_embeddings_input_dim": 48}, "must read 6 numbers and a summary, got"),
    ],
)
def test_conditions_that_a_stream_does_not_have_are_refused(change, message):
    parts = small_parts(SDXL)
    parts.unet.register_to_config(**change)
    parts.tokenizer = parts.tokenizer_2 = None
    with pytest.raises(ValueError, match=message):
        ImageModel.load(parts)


def test_a_hub_name_without_its_autoencoder_says_how_to_stream_without_it(disk):
    """A recipe fetches the tiny autoencoder alone, the plain hub name means the model's own."""
    repo = RECIPES["sd-turbo"].repository("base").repo
    shutil.rmtree(write_folder(PUBLISHED["sd-turbo"], folder_for(repo)) / "vae")
    with pytest.raises(
        FileNotFoundError, match=r'must hold vae/, .*codec="tiny" takes the tiny one'
    ):
        ImageStream.load(repo)
    codec = write_tiny_codec(folder_for(RECIPES["sd-turbo"].repository("codec").repo))
    model = ImageModel.load(repo, codec="tiny", device="cpu", runtime="eager")
    assert type(model.vae).__name__ == "AutoencoderTiny" and codec.is_dir()


def test_a_codec_that_is_nothing_is_refused(disk):
    folder = write_folder(SD_15, disk / "model")
    with pytest.raises(FileNotFoundError, match="codec must be 'tiny', 'full', a folder or a hub"):
        ImageModel.load(folder, codec="no/codec")
    with pytest.raises(FileNotFoundError, match="hf download madebyollin/taesd"):
        ImageModel.load(folder, codec="tiny")


def test_a_codec_that_overflows_in_half_precision_stays_in_full():
    parts = vars(small_parts(SDXL))
    move(parts, None, torch.float16)
    assert (parts["unet"].dtype, parts["vae"].dtype) == (torch.float16, torch.float32)
    gentle = SimpleNamespace(**vars(small_parts(SD_15)))
    move({"vae": gentle.vae}, None, torch.float16)
    assert gentle.vae.dtype == torch.float16
