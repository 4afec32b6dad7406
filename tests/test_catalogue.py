"""The table of models: everything that can be streamed is in it, with sizes that can be trusted."""

import json

import pytest
from huggingface_hub import constants
from safetensors.numpy import load_file

from playground.cli import main
from playground.models import image_recipes, video_recipes
from playground.models.catalogue import TINY, everything, recipe_named
from playground.models.recipes import folder_for


@pytest.fixture(autouse=True)
def _empty_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def named(name):
    return next(entry for entry in everything() if entry.name == name)


def test_every_recipe_and_both_shipped_models_are_in_the_table():
    names = [entry.name for entry in everything()]
    assert names == ["tiny", "tiny-video", *image_recipes.RECIPES, *video_recipes.RECIPES]
    assert len(set(names)) == len(names)


def test_shipped_models_are_counted_in_their_files_and_are_here():
    numbers = load_file(TINY / "video" / "codec.safetensors")
    entry = named("tiny-video")
    assert entry.is_here and entry.parameters > sum(array.size for array in numbers.values())
    assert entry.disk_bytes == sum(p.stat().st_size for p in (TINY / "video").glob("*.safetensors"))
    assert named("tiny").size == entry.size == (64, 64)


@pytest.mark.parametrize("entry", everything(), ids=lambda entry: entry.name)
def test_more_pixels_need_more_of_everything(entry):
    height, width = entry.size
    half = (height // 2, width // 2)
    assert 0 < entry.memory_bytes(size=half) < entry.memory_bytes()
    assert 0 < 3.9 * entry.work(half) < entry.work()
    assert entry.memory_bytes("float32") > entry.memory_bytes("float16")
    assert entry.licence and entry.settings and entry.disk_bytes > 0


@pytest.mark.parametrize(
    ("name", "operations"), [("sd-turbo", 0.8e12), ("sdxl-lcm", 4 * 6e12), ("sd15-lcm", 4 * 0.8e12)]
)
def test_the_work_of_published_unets_is_met_within_a_factor_of_two(name, operations):
    assert operations / 2 < named(name).work() < operations * 2


def test_what_is_missing_shrinks_as_files_come():
    entry = named("sd-turbo")
    assert not entry.is_here and "madebyollin/taesd/config.json" in entry.missing
    folder = folder_for("madebyollin/taesd")
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    assert len(named("sd-turbo").missing) == len(entry.missing) - 1


def test_the_command_lists_all_models_for_people_and_for_machines(capsys):
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    assert "tiny: the image model of this project" in text and "here, in the package" in text
    assert "sdxl-turbo: SDXL-Turbo\n    not here" in text and "Stability AI Community" in text
    assert "t-index 18, 26, 35, 45, guidance self 1.2;" in text and "25, no guidance;" in text
    assert main(["models", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["models"]
    assert {"name", "licence", "disk_gb", "memory_gb", "size", "settings", "here"} <= set(rows[0])
    assert rows[0]["here"] and not rows[2]["here"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["get"], "get must name a model, such as `playground models get sd-turbo`, got none"),
        (["get", "sd3"], "name must be one of sd15-lcm, "),
        (["get", "tiny"], "got 'tiny', which is in the package"),
        (["--to", "x"], "--to must come with get NAME"),
        (["list", "tiny"], "list must stand alone, got 'tiny'"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(words, message, capsys):
    assert main(["models", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_recipe_is_found_by_its_name():
    assert recipe_named("sdxl-turbo").title == "SDXL-Turbo"
    with pytest.raises(ValueError, match=r"name must be one of sd15-lcm, .*; got 'nothing'"):
        recipe_named("nothing")
