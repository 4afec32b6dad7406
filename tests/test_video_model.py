"""A video model's folder: what was saved comes back, and what is wrong with one is said."""

import json
import shutil

import pytest
import torch
from torch.testing import assert_close

from playground.models import video_files
from playground.models.video_model import VideoModel
from playground.models.video_settings import VideoSettings, times_for
from small_video import small_model


@pytest.fixture(scope="module")
def model():
    return small_model()


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("video")
    model.save(folder)
    return folder


@pytest.fixture
def damaged(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def answers(model, prompt="a duck on the sea"):
    draw = torch.Generator().manual_seed(3)
    x = torch.randn(1, *model.latent_shape[:1], 3, *model.latent_shape[1:], generator=draw)
    t = torch.full((1, 3), 500.0)
    velocity, _ = model.forward(x, t, model.context(prompt), positions=torch.arange(3))
    return velocity, model.decode(x)


def test_what_is_saved_comes_back_in_half_precision(model, saved):
    loaded = VideoModel.load(saved, runtime="eager", device="cpu")
    for part in ("transformer", "codec", "words"):
        theirs = getattr(loaded, part).state_dict()
        for name, weight in getattr(model, part).state_dict().items():
            assert torch.equal(theirs[name], weight.half().float())
    assert loaded.settings == model.settings
    assert loaded.words.words == model.words.words


def test_a_model_loaded_twice_gives_the_same_numbers(saved):
    first, second = (VideoModel.load(saved, runtime="eager", device="cpu") for _ in range(2))
    assert_close(answers(first), answers(second), rtol=0, atol=0)


def test_sizes_follow_from_the_parts(model):
    assert (model.size, model.stride, model.latent_shape) == ((16, 16), 8, (16, 2, 2))
    pixels = answers(model)[1]
    assert pixels.shape == (1, 3, 3, 16, 16)
    assert model.encode(pixels).shape == (1, 16, 3, 2, 2)


def test_text_reaches_the_answer_and_contexts_are_remembered(model):
    assert (answers(model)[0] - answers(model, "a cat on snow")[0]).abs().max() > 1e-3
    assert model.context("a cat on snow") is model.context("a cat on snow")
    for number in range(100):
        model.context("cat " * number)
    assert len(model._contexts) <= 64


def test_unknown_words_are_named_once(model):
    assert model.unknown_words("a purple duck, a Purple cow") == ("purple", "cow")
    with pytest.raises(
        ValueError, match="prompt must have a word that this model knows, got 'xyz'"
    ):
        model.check_prompt("xyz")


@pytest.mark.parametrize(
    ("own", "steps", "times"),
    [
        ((1000, 750, 500, 250), 4, (1000, 750, 500, 250)),
        ((1000, 750, 500, 250), 2, (1000, 500)),
        ((1000, 750, 500, 250), 1, (1000,)),
        ((1000, 500), 4, (1000, 750, 500, 250)),
        ((1000, 800), 3, (1000, 1000 - 400 / 3, 800 - 800 / 3)),
    ],
)
def test_other_numbers_of_steps_lie_on_the_models_own_curve(own, steps, times):
    assert times_for(own, steps) == pytest.approx(times)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"timesteps": ()}, r"timesteps must have 1\.\.4 entries, got 0"),
        ({"timesteps": (500, 750)}, "timesteps must fall from at most 1000"),
        ({"timesteps": (1000, 0)}, "timesteps must fall from at most 1000"),
        ({"timesteps": 4}, "timesteps must be a list of numbers, got 4"),
        ({"fps": 0}, "fps must be above 0, got 0"),
        ({"chunk": 0}, "chunk must be >= 1, got 0"),
        ({"size": (64, 0)}, r"size must be a side or \(H, W\) in pixels"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        VideoSettings(**settings)


def test_missing_folders_and_files_are_named(tmp_path, damaged, monkeypatch):
    with pytest.raises(FileNotFoundError, match="model must be 'tiny' or a folder that exists"):
        VideoModel.load(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"folder must hold config\.json"):
        VideoModel.load(tmp_path)
    (damaged / "codec.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"must hold codec\.safetensors"):
        VideoModel.load(damaged)
    monkeypatch.setattr(video_files, "TINY", tmp_path / "tiny")
    with pytest.raises(FileNotFoundError, match="the tiny video model must lie beside the code"):
        VideoModel.load("tiny")


def test_damaged_files_are_named(damaged):
    whole = (damaged / "words.safetensors").read_bytes()
    (damaged / "words.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"words\.safetensors of .* cannot be read"):
        VideoModel.load(damaged)


def test_weights_of_another_size_are_refused(damaged):
    config = json.loads((damaged / "config.json").read_text())
    config["transformer"]["ffn_dim"] = 48
    (damaged / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"transformer\.safetensors .* of another config"):
        VideoModel.load(damaged)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"config\.json of .* cannot be read"),
        ("[]", r"config\.json of .* must hold one object, got list"),
        ("{}", r"config\.json of .* must describe a video model"),
        ('{"transformer": {"dim": 8}}', "must describe a video model"),
    ],
)
def test_damaged_configs_are_refused(damaged, text, message):
    (damaged / "config.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        VideoModel.load(damaged)


def test_a_foreign_device_is_refused(saved):
    with pytest.raises(ValueError, match="device must be such as cpu, cuda"):
        VideoModel.load(saved, device="toaster")
