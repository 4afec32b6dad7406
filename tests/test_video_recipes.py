"""Every video recipe from files in exactly the layout that its repositories have, by name and by hub name."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from playground import Tracks, VideoStream
from playground.models import video_recipes
from playground.models.recipes import folder_for, is_here
from playground.models.tiny_wan_vae import TinyWanCodec
from random_video import random_wan
from small_wan import PUBLISHED_SIZES

SIZE = (32, 48)
HEADS = json.dumps({"num_heads": 2, "freq_dim": 16, "_class_name": "WanModel"})


@pytest.fixture(scope="module")
def expected(folder, tmp_path_factory):
    """The first chunk that the same weights give from diffusers' folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAYGROUND_CACHE", str(tmp_path_factory.mktemp("cache") / "networks"))
        return next(load(folder)).frames


@pytest.fixture
def disk(folder, tmp_path, monkeypatch):
    """A models folder with the parts that all recipes share, the text encoder in its five shards."""
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "cache" / "networks"))
    place = folder_for(video_recipes.WAN_REPO)
    for part in ("vae", "tokenizer", "text_encoder"):
        for file in (folder / part).iterdir():
            put(place / part / file.name, file.read_bytes())
    for name in ("spiece.model", "special_tokens_map.json"):
        put(place / "tokenizer" / name, b"{}")
    shard(place / "text_encoder" / "model.safetensors", 5)
    return tmp_path


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def shard(file, count):
    """One file as so many, with their index, under the names that the hub has."""
    tensors, places = load_file(file), {}
    names = sorted(tensors)
    for number in range(count):
        part = names[number::count]
        name = f"{file.stem}-{number + 1:05}-of-{count:05}.safetensors"
        save_file({key: tensors[key] for key in part}, file.with_name(name), {"format": "pt"})
        places |= dict.fromkeys(part, name)
    index = json.dumps({"metadata": {}, "weight_map": places})
    file.with_name(f"{file.name}.index.json").write_text(index)
    file.unlink()


def fetch(recipe, wan, folder):
    """The model's own files, as its authors save them."""
    place = folder_for(recipe.repositories[0].repo)
    file, bare = place / recipe.checkpoint, dict(wan.state_dict())
    model = {f"model.{name}": weight for name, weight in bare.items()}
    other = {name: weight * 0 for name, weight in model.items()}
    if file.suffix == ".pt":
        fsdp = {
            name.replace("model.", "model._fsdp_wrapped_module."): w for name, w in model.items()
        }
        states = {"generator": other, "generator_ema": fsdp}
        if recipe.which == "generator":
            states = {"generator": model, "generator_ema": other}
        put(file.parent / "config.json", HEADS.encode())
        torch.save({**states, "critic": {}}, file)
    elif recipe.checkpoint == "transformer":
        for one in (folder / "transformer").iterdir():
            put(file / one.name, one.read_bytes())
        shard(file / "diffusion_pytorch_model.safetensors", 2)
    else:
        put(place / "config.json", HEADS.encode())
        save_file(bare, file)
    if recipe.lora_file:
        pair = {"lora_A.weight": torch.ones(4, 24), "lora_B.weight": torch.zeros(24, 4)}
        layer = "base_model.model.blocks.0.self_attn.q"
        torch.save(
            {"generator_lora": {f"{layer}.{n}": w for n, w in pair.items()}},
            place / recipe.lora_file,
        )


def load(source, **more):
    wishes = {"weights": "float32", "size": SIZE, "device": "cpu", **more}
    return VideoStream.load(source, prompt="a duck on the sea", **wishes)


@pytest.mark.parametrize("name", video_recipes.RECIPES)
def test_a_recipe_streams_from_its_own_files_by_name_and_by_hub_name(
    name, wan, folder, expected, disk
):
    recipe = video_recipes.RECIPES[name]
    assert not is_here(recipe)
    fetch(recipe, wan, folder)
    assert is_here(recipe)
    for source in (name, recipe.repositories[0].repo):
        video = load(source)
        np.testing.assert_array_equal(next(video).frames, expected)
        assert video.model.times() == pytest.approx(recipe.times)
        assert not video.model.words.is_held  # the text encoder was put away


@pytest.mark.parametrize("name", video_recipes.RECIPES)
def test_a_hub_name_of_a_recipe_that_is_not_here_names_its_files(name, disk):
    repo = video_recipes.RECIPES[name].repositories[0]
    with pytest.raises(FileNotFoundError, match=f"hf download {repo.repo} {repo.files[0]}"):
        load(repo.repo)


def test_a_repository_with_nothing_but_a_checkpoint_is_found_by_its_hub_name(wan, folder, disk):
    place = folder_for("somebody/some-students")
    place.mkdir()
    torch.save(
        {"generator_ema": dict(random_wan(dim=128, num_heads=1, **PUBLISHED_SIZES).state_dict())},
        place / "w.pt",
    )
    video = load("somebody/some-students", parts=folder)
    assert video.model.folder == place and video.model.transformer.config.dim == 128
    assert len(next(video).frames) == 9


def test_licences_are_those_of_the_cards():
    told = {name: recipe.licence for name, recipe in video_recipes.RECIPES.items()}
    for name in ("self-forcing", "longlive-1.3b"):
        assert told[name] == "CC BY-NC-SA 4.0; Apache-2.0"
    assert told["causal-forcing"] == told["wan2.1-1.3b"] == "Apache-2.0"


# ------------------------------------------------------------ how it is kept


def test_the_tiny_decoder_streams_from_its_file(folder, disk, capsys):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        codec = TinyWanCodec((16, 12, 8, 8)).eval()
    place = folder_for(video_recipes.TINY_CODEC_REPO)
    place.mkdir()
    torch.save(codec.state_dict(), place / video_recipes.TINY_CODEC_FILE)
    video = load(folder, decoder="tiny")
    assert "float32, tiny decoder: about" in capsys.readouterr().err
    shown = np.concatenate([next(video).frames for _ in range(2)])
    with torch.inference_mode():
        whole = codec.decode(video._flight.rollout.clean)[0].permute(1, 2, 3, 0)
    expected = ((whole + 1) * 127.5).clamp(0, 255).numpy()
    assert shown.shape == (21, *SIZE, 3) and np.abs(shown - expected).max() <= 1
    video.start_from(shown[0])
    assert len(next(video).frames) == 9


def test_half_precision_streams_too(folder, disk):
    video, full = load(folder, weights="float16"), load(folder)
    ours, theirs = next(video).frames, next(full).frames
    assert video.model.dtype == torch.float16
    assert np.abs(ours.astype(float) - theirs).mean() < 8


def test_a_track_conditioned_checkpoint_loads_the_same_way(folder, disk):
    wan = random_wan(track_channels=62, track_dim=3, track_fold=4, **PUBLISHED_SIZES)
    state = {
        f"model.{name.replace('track_head.', 'tracker.')}": weight
        for name, weight in wan.state_dict().items()
    }
    torch.save({"generator": state}, disk / "tracks.pt")
    (disk / "config.json").write_text(HEADS)
    with pytest.raises(ValueError, match=r"4 not known: tracker\.0"):
        load(disk / "tracks.pt", parts=folder)
    names = {"tracker.": "track_head."}
    video, free = (load(disk / "tracks.pt", parts=folder, names=names) for _ in range(2))
    assert "tracks" not in video.cannot and "tracks" in load(folder).cannot
    video.tracks = Tracks.from_strokes([[(4, 4), (30, 20)]], size=SIZE, fps=video.fps)
    assert (next(video).frames != next(free).frames).any()
