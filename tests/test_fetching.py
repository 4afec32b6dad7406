"""Downloads: asked for, checked before the first byte, going on where they stopped, explained when not."""

import importlib
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import huggingface_hub.errors
import pytest

from hub_stand_in import HubStandIn, answer, contents
from playground.cli import main
from playground.models.fetch_errors import FetchError
from playground.models.fetching import SPARE_BYTES, check_disk, fetched, planned
from playground.models.image_recipes import RECIPES
from playground.models.recipes import folder_for, is_here, located, models_folder

TURBO = RECIPES["sd-turbo"]
CLIENT = importlib.import_module(huggingface_hub.errors.HTTPError.__module__.split(".")[0])
UNET = "unet/diffusion_pytorch_model.fp16.safetensors"


@pytest.fixture
def hub(monkeypatch, tmp_path):
    return HubStandIn(contents(TURBO)).install(monkeypatch, tmp_path)


def fetch(folder=None):
    return list(fetched(planned(TURBO, folder)))


def written(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


def test_after_get_the_recipe_is_here_and_nothing_else_was_fetched(hub):
    assert not is_here(TURBO)
    brought = fetch()
    assert is_here(TURBO)
    wanted = {name for one in TURBO.repositories for name in one.files}
    assert {file.name for file in brought} == wanted == {name for name, _ in hub.calls}
    assert (folder_for("stabilityai/sd-turbo") / UNET).read_bytes() == hub.files[
        "stabilityai/sd-turbo"
    ][UNET]
    assert not [path for path in written(models_folder()) if path.suffix == ".part"]


def test_the_bar_says_which_file_of_how_many(hub):
    fetch()
    assert hub.labels[0] == f"1/{len(hub.labels)} model_index.json"
    assert hub.labels[-1].startswith(f"{len(hub.labels)}/{len(hub.labels)} ")


def test_planning_writes_nothing_and_knows_the_size(hub):
    plan = planned(TURBO)
    total = sum(len(data) for files in hub.files.values() for data in files.values())
    assert plan.remaining_bytes == total
    assert not models_folder().exists() and not hub.calls


def test_an_interrupted_download_goes_on_where_it_stopped(hub):
    hub.break_after = 700
    with pytest.raises(FetchError, match="the hub cannot be reached"):
        list(fetched(planned(TURBO)))
    first = hub.calls[-1][0]
    assert planned(TURBO).remaining_bytes == sum(
        len(d) for files in hub.files.values() for d in files.values()
    ) - 700 * (first == hub.calls[0][0])
    fetch()
    assert (first, 700) in hub.calls
    assert is_here(TURBO)


def test_what_is_complete_is_not_fetched_twice(hub):
    fetch()
    count = len(hub.calls)
    assert fetch() == [] and len(hub.calls) == count
    (folder_for("stabilityai/sd-turbo") / UNET).unlink()
    assert [file.name for file in fetch()] == [UNET]
    assert len(hub.calls) == count + 1


def test_a_file_that_changed_meanwhile_starts_again(hub):
    place = folder_for("stabilityai/sd-turbo") / "unet"
    place.mkdir(parents=True)
    stale = place / "diffusion_pytorch_model.fp16.safetensors.0123456789ab.part"
    stale.write_bytes(b"old")
    fetch()
    assert (UNET, 0) in hub.calls and not stale.exists()


def test_a_damaged_file_is_refused_and_forgotten(hub):
    plan = planned(TURBO)
    name, data = "model_index.json", hub.files["stabilityai/sd-turbo"]["model_index.json"]
    hub.files["stabilityai/sd-turbo"][name] = b"x" * len(data)
    with pytest.raises(FetchError, match=r"model_index.json .*must have the checksum .*, got"):
        list(fetched(plan))
    assert written(models_folder()) == []


def test_full_precision_is_taken_where_there_is_no_half(hub):
    files = hub.files["stabilityai/sd-turbo"]
    files[UNET.replace(".fp16.", ".")] = files.pop(UNET)
    fetch()
    assert located(TURBO.repositories[0]) is not None


def test_too_little_disk_is_said_before_anything_is_written(hub, monkeypatch):
    usage = SimpleNamespace(free=SPARE_BYTES)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    plan = planned(TURBO)
    for call in (check_disk, lambda plan: list(fetched(plan))):
        with pytest.raises(
            FetchError, match=r"disk must have .* GB free for sd-turbo .*, got .* GB"
        ):
            call(plan)
    assert not models_folder().exists() and not hub.calls
    usage.free += plan.remaining_bytes
    assert check_disk(plan) == usage.free


def test_another_folder_is_filled_in_full(hub, tmp_path):
    fetch()
    count = len(hub.calls)
    fetch(tmp_path / "stick")
    assert len(hub.calls) == 2 * count
    names = {path.name for path in (tmp_path / "stick").iterdir()}
    assert names == {"stabilityai--sd-turbo", "madebyollin--taesd"}


def test_a_repository_with_a_new_name_is_followed(hub):
    hub.renamed["stabilityai/sd-turbo"] = "somebody/sd-turbo"
    plan = planned(TURBO)
    assert plan.renamed == (("stabilityai/sd-turbo", "somebody/sd-turbo"),)
    list(fetched(plan))
    assert is_here(TURBO)


def test_a_gated_repository_says_how_to_get_in(hub):
    hub.gated.add("stabilityai/sd-turbo")
    with pytest.raises(
        FetchError, match=r"is gated: .*accept it, .*`hf auth login`, then .* again"
    ):
        planned(TURBO)


REFUSALS = {
    "missing": (answer("RepositoryNotFoundError", 404), "stabilityai/sd-turbo is not on the hub"),
    "taken down": (answer("DisabledRepoError", 403), "was taken down by the hub"),
    "token": (answer("HfHubHTTPError", 401), "does not accept the token here; run `hf auth login`"),
    "pause": (answer("HfHubHTTPError", 429), "the hub asks for a pause"),
    "trouble": (answer("HfHubHTTPError", 503), r"trouble of its own \(HTTP 503\)"),
    "other": (answer("HfHubHTTPError", 418, "teapot"), r"the hub answered HTTP 418 \(teapot\)"),
    "refused": (ConnectionRefusedError("refused"), r"cannot be reached \(refused\)"),
    "no name": (CLIENT.ConnectError("no such name"), r"cannot be reached \(no such name\)"),
    "slow": (TimeoutError("timed out"), r"cannot be reached \(timed out\)"),
    "full": (OSError(28, "No space left on device"), "the disk is full; make room"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_every_refusal_has_a_cause_and_a_way_on(hub, case):
    error, message = REFUSALS[case]
    hub.refuse["stabilityai/sd-turbo"] = error
    with pytest.raises(FetchError, match=message):
        planned(TURBO)


def test_what_has_nothing_to_do_with_the_hub_is_not_explained_away(hub):
    hub.refuse["stabilityai/sd-turbo"] = ZeroDivisionError("ours")
    with pytest.raises(ZeroDivisionError, match="ours"):
        planned(TURBO)


def test_a_file_that_is_no_more_is_named(hub):
    del hub.files["stabilityai/sd-turbo"][UNET]
    with pytest.raises(FetchError, match=r"sd-turbo has no file unet/.* any more"):
        planned(TURBO)


def test_without_a_network_the_way_over_another_machine_is_said(hub):
    hub.refuse["stabilityai/sd-turbo"] = ConnectionError("no route")
    with pytest.raises(FetchError) as caught:
        planned(TURBO)
    message = str(caught.value)
    assert "`playground models get sd-turbo --to models`" in message
    assert (
        "hf download madebyollin/taesd config.json diffusion_pytorch_model.safetensors" in message
    )
    assert f"put what is in its folder models into {models_folder()}" in message


def test_offline_on_purpose_is_known_as_such(tmp_path):
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "PLAYGROUND_MODELS": str(tmp_path / "models")}
    command = [sys.executable, "-m", "playground.cli", "models", "get", "sd-turbo"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 2 and "HF_HUB_OFFLINE is set here" in done.stderr
    assert "--to models" in done.stderr and not (tmp_path / "models").exists()


def test_the_command_fetches_and_says_how_to_load(hub, capsys):
    assert main(["models", "get", "sd-turbo"]) == 0
    out, err = capsys.readouterr()
    assert 'the model is ready: ImageStream.load("sd-turbo")' in out
    assert "SD-Turbo (Stability AI Community; MIT)" in err and "GB free there" in err
    assert main(["models", "get", "sd-turbo"]) == 0
    assert "nothing was missing" in capsys.readouterr().out
