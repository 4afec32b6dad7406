"""Latents against those of streamdiffusion 0.1.1 kept in tests/data/golden_image."""

import json
import shutil

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from oracles import Recipe, frame_by_frame
from playground.benchmarks import parity_image


def test_latents_are_those_of_the_reference(golden_folder):
    report = parity_image.run(golden_folder)
    assert set(report["cases"]) == {"none_2", "full_2", "self_2", "initialize_2"}
    assert report["max_error"] == max(report["cases"].values())
    assert report["max_error"] <= 1e-4


def test_a_wrong_setting_is_seen(golden_folder, tmp_path):
    """The measure can fail: another seed than the one recorded gives other latents."""
    folder = shutil.copytree(golden_folder, tmp_path / "copy")
    settings = json.loads((folder / "settings.json").read_text())
    settings["cases"] = {"self_2": {**settings["cases"]["self_2"], "guidance_scale": 1.9}}
    (folder / "settings.json").write_text(json.dumps(settings))
    assert parity_image.run(folder)["max_error"] > 1e-4


CASES = {
    "one": {"t_index_list": [10], "cfg_type": "full", "guidance_scale": 1.6, "seed": 9},
    "alone": {"t_index_list": [0], "cfg_type": "self", "guidance_scale": 1.2, "seed": 1},
    "three": {"t_index_list": [3, 20, 49], "cfg_type": "initialize", "delta": 0.5, "seed": 4},
    "dry": {"t_index_list": [8, 20, 30, 40], "cfg_type": "self", "do_add_noise": False},
    "eight": {"t_index_list": [0, 7, 14, 21, 28, 35, 42, 49], "cfg_type": "none", "seed": 123},
}


def test_any_folder_of_that_layout_can_be_compared(tmp_path, v_model):
    """Latents by the frame-by-frame oracle, of a velocity model, other seeds, step counts, kinds."""
    StableDiffusionPipeline(
        unet=v_model.unet,
        vae=v_model.vae,
        text_encoder=v_model.text_encoder,
        tokenizer=v_model.tokenizer,
        scheduler=v_model.scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(tmp_path / "pipeline")
    frames = np.random.default_rng(0).random((10, 3, 64, 64), np.float32)
    arrays = {
        f"{name}_latents": oracle_latents(v_model, frames, case) for name, case in CASES.items()
    }
    np.savez(tmp_path / "reference.npz", frames=frames, **arrays)
    cases = {name: {"prompt": "a cat", "negative": "bad", **case} for name, case in CASES.items()}
    (tmp_path / "settings.json").write_text(json.dumps({"cases": cases}))
    report = parity_image.run(str(tmp_path))
    assert set(report["cases"]) == set(CASES)
    assert report["max_error"] <= 1e-4


def oracle_latents(model, frames, case) -> np.ndarray:
    t_index = tuple(case["t_index_list"])
    recipe = Recipe(
        t_index=t_index,
        kind=case["cfg_type"],
        scale=case.get("guidance_scale", 1.2),
        delta=case.get("delta", 1.0),
        seed=case.get("seed", 2),
        add_noise=case.get("do_add_noise", True),
    )
    latents = model.encode(torch.from_numpy(frames) * 2 - 1)
    finished = [frame_by_frame(model, z[None], recipe).clean[-1] for z in latents]
    warm_up = [torch.full_like(finished[0], torch.nan)] * (len(t_index) - 1)
    return torch.cat(warm_up + finished)[: len(frames)].numpy()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cases": {}}, 'settings.json must have "cases"'),
        ({"cases": {"other": {"t_index_list": [3]}}}, "reference.npz must hold other_latents"),
        ({"cases": {"none_2": {"cfg_type": "none"}}}, "case 'none_2' must name its t_index_list"),
        ({"cases": {"none_2": {"t_index_list": [3, 60]}}}, "t_index entries must be in 0..49"),
        (
            {"cases": {"none_2": {"t_index_list": [3], "cfg_type": "odd"}}},
            "guidance must be one of",
        ),
    ],
)
def test_settings_that_cannot_run_are_refused(golden_folder, tmp_path, settings, message):
    folder = shutil.copytree(golden_folder, tmp_path / "copy")
    (folder / "settings.json").write_text(json.dumps(settings))
    with pytest.raises(ValueError, match=message):
        parity_image.run(folder)


def test_a_broken_archive_is_refused(golden_folder, tmp_path):
    folder = shutil.copytree(golden_folder, tmp_path / "copy")
    (folder / "reference.npz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"reference\.npz cannot be read"):
        parity_image.run(folder)


def test_too_few_frames_to_warm_up_are_refused(golden_folder, tmp_path):
    folder = shutil.copytree(golden_folder, tmp_path / "copy")
    arrays = dict(np.load(folder / "reference.npz"))
    arrays["frames"] = arrays["frames"][:1]
    np.savez(folder / "reference.npz", **arrays)
    with pytest.raises(ValueError, match="frames must be at least 2 for case 'none_2', got 1"):
        parity_image.run(folder)


@pytest.mark.parametrize("missing", ["settings.json", "reference.npz", "pipeline"])
def test_an_incomplete_folder_is_refused(golden_folder, tmp_path, missing):
    folder = shutil.copytree(golden_folder, tmp_path / "copy")
    target = folder / missing
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    with pytest.raises(FileNotFoundError, match=f"must hold {missing}"):
        parity_image.run(folder)
