"""The benchmark of published sizes, on sizes that a test has time for."""

from dataclasses import replace

import pytest
import torch

from playground.benchmarks import bench_full_size
from playground.benchmarks.full_size_models import random_image_model, random_video_model
from playground.models.memory_estimate import parameters
from playground.models.video_recipes import RECIPES

CPU = torch.device("cpu")
SMALL_WAN = {"dim": 48, "ffn_dim": 96, "num_heads": 2, "num_layers": 2, "text_dim": 24}
SMALL_UNET = {
    "sample_size": 16,
    "block_out_channels": (32, 32, 32, 32),
    "cross_attention_dim": 32,
    "attention_head_dim": (2, 2, 2, 2),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_the_video_half_measures_a_stream_and_its_peer(dtype):
    recipe = RECIPES["longlive-1.3b"]
    settings = replace(recipe.settings, size=(32, 32))
    model = random_video_model(recipe, settings, CPU, dtype=dtype, **SMALL_WAN)
    figures = bench_full_size.video_figures(model, "tiny", chunks=2, rounds=1)
    assert figures["video_peer_difference"] < (1e-4 if dtype == torch.float32 else 0.1)
    assert figures["video_frames_per_s"] == pytest.approx(12e3 / figures["video_chunk_ms"])
    assert figures["video_chunk_ms"] > figures["video_decode_ms"] > 0
    assert 0 < figures["video_recache_ms"] < figures["video_switched_chunk_ms"]
    assert "video_peak_gb" not in figures  # a CPU does not tell


@pytest.mark.peer
def test_the_image_half_measures_three_sides_in_one_step_and_in_four():
    with torch.inference_mode():
        model = random_image_model(CPU, torch.float32, runtime="eager", **SMALL_UNET)
        figures = bench_full_size.image_figures(model, rounds=1)
    assert set(figures["image_ms"]) == {
        f"{side}_{steps}" for side in ("ours", "streamdiffusion", "diffusers") for steps in (1, 4)
    }
    for steps in (1, 4):
        ours = figures["image_ms"][f"ours_{steps}"]
        assert figures[f"image_frames_per_s_{steps}"] == pytest.approx(1e3 / ours)


def test_the_published_sizes_are_those_that_the_memory_is_told_for():
    with torch.device("meta"):
        recipe = RECIPES["longlive-1.3b"]
        model = random_video_model(recipe, recipe.settings, torch.device("meta"))
    counted = sum(weight.numel() for weight in model.transformer.parameters())
    config = model.transformer.config
    block, rest, outside = parameters(config)
    assert counted == config.num_layers * (block + rest) + outside == 1_418_996_800


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"recipe": "wan-14b"}, "recipe must be one of"),
        ({"chunks": 1}, "chunks must be >= 2"),
        ({"rounds": 0}, "rounds >= 1"),
    ],
)
def test_wrong_wishes_are_refused_before_anything_is_made(wrong, message):
    with pytest.raises(ValueError, match=message):
        bench_full_size.run(**wrong)
