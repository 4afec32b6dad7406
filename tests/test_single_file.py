"""A model in one file gives what its diffusers folder gives; what it lacks is said."""

import shutil

import numpy as np
import pytest
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from ldm_layout import write_single_file
from pictures import drawings
from playground import ImageStream
from playground.models.image_recipes import RECIPES
from playground.models.recipes import folder_for
from published import PUBLISHED, SD_15, SD_21_V, SDXL, small_parts
from published_files import write_folder, write_tiny_codec


@pytest.fixture(autouse=True)
def disk(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def settings_only(folder):
    """What a folder has besides weights."""
    for path in folder.rglob("*.safetensors"):
        path.unlink()
    return folder


def picture(source, **more):
    knobs = {"prompt": "a cat", "guidance": "full", "guidance_scale": 1.5, "t_index": (18, 35)}
    stream = ImageStream.load(source, device="cpu", runtime="eager", **knobs, **more)
    return stream(drawings(1)[0])


@pytest.mark.parametrize(
    "published", [SD_15, SDXL, PUBLISHED["sd-turbo"], SD_21_V], ids=["1.5", "xl", "2", "2 velocity"]
)
def test_one_file_is_the_folder(disk, published):
    folder, is_2 = (
        write_folder(published, disk / "model"),
        published.unet["cross_attention_dim"] == 1024,
    )
    file = write_single_file(small_parts(published), disk / "a.safetensors", open_clip=is_2)
    expected = picture(folder)
    settings = settings_only(shutil.copytree(folder, disk / "settings"))
    assert np.array_equal(picture(file, config=settings), expected)


@pytest.mark.parametrize("name", ["sd15-lcm", "sdxl-lcm"])
def test_the_settings_of_the_architecture_are_found_by_themselves(disk, name):
    base = RECIPES[name].repository("base")
    folder = write_folder(PUBLISHED[name], folder_for(base.repo))
    expected = picture(folder)
    settings_only(folder)
    file = write_single_file(small_parts(PUBLISHED[name]), disk / "mine.safetensors")
    assert np.array_equal(picture(file), expected)
    assert np.array_equal(picture(file, config=name), expected)
    codec = write_tiny_codec(disk / "taesd")
    assert not np.array_equal(picture(file, codec=codec), expected)


def test_without_settings_the_command_is_named(disk):
    file = write_single_file(small_parts(SD_15), disk / "mine.safetensors")
    with pytest.raises(
        FileNotFoundError, match=r"run `hf download stable-diffusion-v1-5/.*config="
    ):
        picture(file)
    with pytest.raises(FileNotFoundError, match=r"config must be a recipe \(sd15-lcm, .*got 'a/b'"):
        picture(file, config="a/b")


def test_settings_of_another_architecture_do_not_fit(disk):
    file = write_single_file(small_parts(SD_15), disk / "mine.safetensors")
    settings = settings_only(write_folder(SDXL, disk / "settings"))
    with pytest.raises(ValueError, match=r"does not fit the settings .*give the right ones"):
        picture(file, config=settings)


def test_stable_diffusion_2_must_say_what_it_predicts(disk):
    import torch

    name = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    save_file({name: torch.zeros(4, 1024)}, disk / "two.safetensors")
    with pytest.raises(ValueError, match="config must be given for a file of Stable Diffusion 2"):
        picture(disk / "two.safetensors")


def test_files_that_are_no_model_are_refused(disk):
    parts = small_parts(SD_15)
    file = write_single_file(parts, disk / "mine.safetensors")
    codec = {k: v for k, v in load_file(file).items() if k.startswith("first_stage_model")}
    save_file(codec, disk / "codec.safetensors")
    (disk / "broken.safetensors").write_bytes(b"no weights")
    (disk / "old.ckpt").write_bytes(b"")
    cases = {
        "codec.safetensors": (ValueError, "must hold a whole Stable Diffusion model"),
        "broken.safetensors": (ValueError, "cannot be read: .*the file is damaged"),
        "old.ckpt": (ValueError, r"model file must be \.safetensors, got .*convert it first"),
        "none.safetensors": (FileNotFoundError, "model must be a file that exists"),
    }
    for name, (kind, message) in cases.items():
        with pytest.raises(kind, match=message):
            picture(disk / name)
