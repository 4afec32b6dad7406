"""Recipes: honest sizes, files found where they are, and a way on where they are not."""

import dataclasses

import pytest
from huggingface_hub import constants

from playground.models.image_recipes import RECIPES, TAESD, recipe_named
from playground.models.recipes import (
    Recipe,
    Repository,
    folder_for,
    folder_of,
    is_here,
    models_folder,
    needed_files,
    require,
)
from playground.streams.controls import Controls
from published import PUBLISHED, parameter_counts


@pytest.fixture(autouse=True)
def _empty_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def put(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")


@pytest.mark.parametrize("name", RECIPES)
def test_sizes_are_counted_from_the_published_configurations(name):
    recipe, counts = RECIPES[name], parameter_counts(PUBLISHED[name])
    codec = counts.pop("vae")
    base = recipe.repository("base")
    assert base.parameters == sum(counts.values())
    full = recipe.with_full_codec()
    assert full.memory_bytes("float32") == 4 * (base.parameters + codec)
    assert recipe.memory_bytes() < full.memory_bytes() < recipe.memory_bytes("float32")
    assert recipe.disk_bytes >= recipe.memory_bytes()


@pytest.mark.parametrize("name", RECIPES)
def test_recommended_knobs_are_allowed(name):
    recipe = RECIPES[name]
    assert Controls(**recipe.knobs()).t_index == recipe.t_index
    assert all(side % 64 == 0 for side in recipe.size)
    assert recipe.licence and recipe.ids[0].count("/") == 1


def test_every_recipe_has_its_tiny_codec_and_can_do_without():
    for recipe in RECIPES.values():
        assert recipe.has_tiny_codec
        full = recipe.with_full_codec()
        assert not full.has_tiny_codec
        assert len(full.repositories) == len(recipe.repositories)


def test_files_are_found_in_the_models_folder_in_half_or_full_precision():
    recipe = RECIPES["sd15-lcm"]
    assert not is_here(recipe)
    assert all(file.path is None for file in needed_files(recipe))
    for repository in recipe.repositories:
        put(folder_for(repository.repo), [name.replace(".fp16.", ".") for name in repository.files])
    assert is_here(recipe)
    assert all(file.path.is_file() for file in needed_files(recipe))
    assert folder_of(TAESD) == models_folder() / "madebyollin--taesd"


def test_files_are_found_in_the_cache_of_the_hub(tmp_path):
    repo = tmp_path / "hub" / "models--madebyollin--taesd"
    put(repo / "snapshots" / "abc", TAESD.files)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("abc")
    assert folder_of(TAESD) == repo / "snapshots" / "abc"


def test_what_is_missing_is_named_with_the_command_and_the_folder():
    recipe = RECIPES["sd-turbo"]
    put(folder_for("stabilityai/sd-turbo"), ["model_index.json"])
    with pytest.raises(FileNotFoundError, match="nothing is downloaded unasked") as caught:
        require(recipe.repositories)
    message = str(caught.value)
    assert (
        "stabilityai/sd-turbo lacks scheduler/scheduler_config.json, tokenizer/merges.txt"
        in message
    )
    assert "hf download stabilityai/sd-turbo model_index.json" in message
    assert f"--local-dir {folder_for('madebyollin/taesd')}" in message
    assert "unet/diffusion_pytorch_model.fp16.safetensors" in message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: recipe_named("sd3"), "recipe must be one of sd15-lcm, .*; got 'sd3'"),
        (lambda: dataclasses.replace(TAESD, role="soul"), "role must be one of base, .*got 'soul'"),
        (
            lambda: dataclasses.replace(TAESD, repo="taesd"),
            "repo must be 'owner/name', got 'taesd'",
        ),
        (
            lambda: Recipe(name="a", title="A", repositories=(TAESD,), dtype="float8"),
            "dtype must be one of float32, float16, bfloat16, int8; got 'float8'",
        ),
    ],
)
def test_recipes_refuse_what_makes_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_recipes_come_without_a_network_library():
    import subprocess
    import sys

    code = (
        "import sys; from playground.models.image_recipes import RECIPES; from playground.models.recipes "
        "import is_here; [is_here(r) for r in RECIPES.values()]; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_repositories_are_values():
    assert (
        Repository(**{f.name: getattr(TAESD, f.name) for f in dataclasses.fields(TAESD)}) == TAESD
    )
