"""The video stream against a kept reference, and against a second implementation with slot buffers."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.testing import assert_close

from longlive_oracle import Script, write_folder
from playground.benchmarks import parity_video
from playground.cli import main
from playground.models.causal_wan import Turn

GOLDEN = Path(__file__).parent / "data" / "video_stream"

SCRIPTS = {
    "no_switch": Script(),
    "late": Script(switches=(15,), chunks=8),
    "late_sink_rebuilt": Script(switches=(15,), chunks=8, keep_sink=False),
    "early": Script(switches=(6,), chunks=7),
    "early_sink_rebuilt": Script(switches=(6,), chunks=7, keep_sink=False),
    "exactly_full": Script(switches=(12,), chunks=7),
    "from_the_start": Script(switches=(0,), chunks=3),
    "between_chunks": Script(switches=(13,), chunks=7),
    "several": Script(switches=(4, 9, 16, 21), chunks=10, timesteps=(1000.0, 833.3, 400.0)),
    "several_sink_rebuilt": Script(switches=(4, 16, 21), chunks=10, keep_sink=False),
    "twice_at_one_chunk": Script(switches=(14, 15), chunks=7),
    "last_chunk": Script(switches=(15,), chunks=6),
    "never_reached": Script(switches=(60,), chunks=6),
    "single_frames": Script(chunk=1, window=6, sink=3, switches=(2, 8), chunks=14),
    "sink_of_no_chunk": Script(chunk=2, window=7, sink=3, switches=(3, 12), chunks=9),
    "chunk_over_sink": Script(chunk=4, window=10, sink=1, switches=(16,), chunks=7),
    "no_sink": Script(sink=0, window=6, switches=(3, 12), chunks=8),
    "no_window": Script(sink=3, window=6, switches=(12,), chunks=7),
    "odd_window": Script(window=10, switches=(12, 15), chunks=8),
    "other_network": Script(
        heads=3, head_dim=16, layers=3, rows=3, columns=2, batch=2, switches=(6,), seed=7, window=9
    ),
}


def test_the_kept_stream_is_reproduced():
    report = parity_video.run(GOLDEN)
    assert report["max_velocity_error"] <= 1e-4
    assert report["max_latent_error"] <= 1e-4
    assert report["chunks"] == 10
    assert report["switched_at_frames"] == [18]


def test_the_kept_keys_and_values_are_reproduced():
    """Those of the last layer after the last chunk: rotated when read = stored rotated."""
    *_, (_, state) = parity_video.rollout(parity_video.load(GOLDEN))
    kept = load_file(GOLDEN / "stream.safetensors")
    turn = Turn(torch.tensor(state.cache.frames), len(state.cache), 2, 3, 24)
    last = state.cache.entries
    assert_close(turn.rotate(last.k[-1].flatten(1, 2)), kept["k_last"], atol=1e-4, rtol=0)
    assert_close(last.v[-1].flatten(1, 2), kept["v_last"], atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", SCRIPTS)
def test_any_stream_of_that_form_is_reproduced(tmp_path, name):
    """By one that stores its keys rotated and moves them about in slots of fixed number."""
    script = SCRIPTS[name]
    slots = write_folder(tmp_path, script)
    report = parity_video.run(tmp_path)
    assert report["max_velocity_error"] <= 1e-4
    assert report["max_latent_error"] <= 1e-4
    expected = [-(-frame // script.chunk) * script.chunk for frame in script.switches]
    reached = [frame for frame in expected if frame < script.chunks * script.chunk]
    assert report["switched_at_frames"] == reached
    *_, (_, state) = parity_video.rollout(parity_video.load(tmp_path))
    assert list(state.cache.frames) == slots.held[: slots.filled]


@pytest.mark.parametrize(
    "change",
    [
        {"global_sink": False},
        {"prompt_switch_at_frames": [15]},
        {"window_frames": 15},
        {"sink_frames": 2},
        {"timesteps": [1000, 937.5, 833.3333, 600]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_wrong_setting_is_seen(tmp_path, change):
    folder = changed(tmp_path, **change)
    report = parity_video.run(folder)
    assert report["max_velocity_error"] > 1e-3
    assert report["max_latent_error"] > 1e-3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"timesteps": None}, "settings.json must have .*timesteps is missing"),
        ({"timesteps": [1000, 500]}, "noise must have 2 passes of 3 frames"),
        ({"timesteps": [500, 600, 700, 800]}, "timesteps must fall"),
        ({"chunk_frames": 2}, "noise must have 4 passes of 2 frames"),
        ({"window_frames": 5}, "window must be >= 6"),
        ({"prompt_switch_at_frames": [3, 6]}, "3 prompts for 2 switches; prompt_c is missing"),
    ],
)
def test_settings_that_cannot_run_are_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        parity_video.run(changed(tmp_path, **change))


@pytest.mark.parametrize("missing", parity_video.PARTS)
def test_an_incomplete_folder_is_refused(tmp_path, missing):
    folder = changed(tmp_path)
    (folder / missing).unlink()
    with pytest.raises(FileNotFoundError, match=f"must hold {missing}"):
        parity_video.run(folder)


def test_broken_and_foreign_weights_are_refused(tmp_path):
    folder = changed(tmp_path)
    weights = load_file(folder / "weights.safetensors")
    save_file(
        {n: w for n, w in weights.items() if n != "head.modulation"}, folder / "weights.safetensors"
    )
    with pytest.raises(ValueError, match=r"(?s)must fit the config.*head\.modulation"):
        parity_video.run(folder)
    (folder / "weights.safetensors").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"weights\.safetensors cannot be read"):
        parity_video.run(folder)


def test_tensors_of_different_chunks_are_refused(tmp_path):
    folder = changed(tmp_path)
    stream = load_file(folder / "stream.safetensors")
    stream["latents"] = stream["latents"][:-1].contiguous()
    save_file(stream, folder / "stream.safetensors")
    with pytest.raises(ValueError, match="must be of the same chunks"):
        parity_video.run(folder)
    del stream["velocity"]
    save_file(stream, folder / "stream.safetensors")
    with pytest.raises(ValueError, match="must hold noise, velocity, latents; velocity is missing"):
        parity_video.run(folder)


def test_the_command_prints_one_json_object(capsys):
    assert main(["parity", "video", str(GOLDEN), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert max(report["max_velocity_error"], report["max_latent_error"]) <= 1e-4


def test_the_command_names_what_is_missing(tmp_path, capsys):
    assert main(["parity", "video", str(tmp_path), "--json"]) == 2
    assert "parity folder must hold settings.json" in capsys.readouterr().err


def changed(tmp_path: Path, **settings) -> Path:
    """The kept folder with other settings; None takes an entry away."""
    folder = shutil.copytree(GOLDEN, tmp_path / "copy")
    kept = {**json.loads((folder / "settings.json").read_text()), **settings}
    kept = {name: value for name, value in kept.items() if value is not None}
    (folder / "settings.json").write_text(json.dumps(kept))
    return folder
