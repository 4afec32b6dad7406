"""The video benchmark: its peers do the same work, its figures are what they say."""

import json

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from playground.benchmarks import bench_video, video_peers, video_stand_in
from playground.diffusion.noise_plan import NoisePlan
from playground.models import video_files
from playground.results import as_json
from playground.streams import rollout
from playground.streams.making import Making
from playground.streams.steering import noise_of
from small_video import small_model


@pytest.fixture(scope="module")
def model():
    return small_model()


@pytest.mark.peer
@pytest.mark.parametrize("channels", [62, 0], ids=["tracks", "no tracks"])
def test_the_stream_on_diffusers_blocks_shows_the_same_frames(channels):
    ours = small_model(track_channels=channels)
    theirs = video_peers.on_diffusers(ours, bench_video.PROMPT)
    videos = [bench_video.ready_stream(side) for side in (ours, theirs)]
    for _ in range(3):
        one, other = (next(video).frames.astype(int) for video in videos)
        assert np.abs(one - other).max() <= 1
    states = [video.state.flight.rollout for video in videos]
    assert_close(states[0].clean, states[1].clean, atol=1e-4, rtol=1e-4)
    assert_close(states[0].cache.entries.k, states[1].cache.entries.k, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_without_a_cache_the_first_chunks_are_the_same(model):
    """As long as nothing was evicted, recomputing the context gives what the cache kept."""
    video = bench_video.ready_stream(model)
    video.reset()
    video.tracks = None
    next(video), next(video)
    state, making = video.state.flight.rollout, Making.of(model, video.controls)
    noise, times = noise_of(state.frame, making), model.times()
    context = model.context(bench_video.PROMPT)
    recomputed = video_peers.without_cache(model, state.clean, context, times, noise)
    plan = NoisePlan.few_step(times)
    _, cached = rollout.generate_chunk(
        model.forward, state, context, making.policy, plan, noise, None
    )
    assert_close(recomputed(), cached.latents, atol=1e-4, rtol=1e-4)


def test_comparisons_name_every_figure(model):
    with bench_video.threads(1):
        figures = bench_video.compared(model, rounds=1)
        figures |= bench_video.network_figures(model, rounds=1)
        figures["cache_speedup"] = bench_video.cache_speedup(model, rounds=1)
    assert figures["frames_per_s"] == pytest.approx(3e3 / figures["chunk_latency_ms"])
    assert figures["max_difference"] == 0
    assert figures["peer_difference"] < 1e-3
    assert 0 < figures["network_share"] < 1
    assert figures["cache_speedup"] > 0  # how large, the benchmark says: one round proves nothing


def test_the_long_run_compares_its_end_with_its_start(model):
    figures = bench_video.long_run(bench_video.ready_stream(model), frames=300)
    assert figures["long_run_frames"] == 300
    assert 0.3 < figures["cost_growth"] < 3
    assert 0.8 < figures["memory_growth"] < 1.2


@pytest.mark.parametrize("settings", [{"rounds": 0}, {"frames": -1}, {"frames": 20}])
def test_settings_that_measure_nothing_are_refused(settings):
    with pytest.raises(ValueError, match="rounds must be >= 1 and frames 0 or >= 100, got"):
        bench_video.run(**settings)


def test_figures_outside_their_limits_are_named():
    results = {"frames_per_s": 30.0, "cost_growth": 1.0, "cache_speedup": 2.0}
    missed = bench_video.missed_limits(results)
    assert missed == ["frames_per_s"]
    assert "MISSED" in bench_video.describe({**results, "missed": missed})


def test_one_short_run_of_a_saved_model_prints_every_figure(model, tmp_path):
    model.save(tmp_path)
    results = bench_video.run(str(tmp_path), rounds=1, frames=100, runtime="eager")
    figures = json.loads(as_json(results))
    assert {
        *bench_video.LIMITS,
        "machine",
        "chunk_latency_ms",
        "roofline",
        "passed",
    } <= figures.keys()


def test_without_weights_a_stand_in_of_the_tiny_shape_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(video_files, "TINY", tmp_path / "nothing")
    stand_in, is_random = video_stand_in.model_or_random("tiny", "eager")
    assert is_random
    assert (stand_in.size, stand_in.latent_shape) == ((64, 64), (16, 8, 8))
    stand_in.check_prompt(bench_video.PROMPT)
