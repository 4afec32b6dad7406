"""The video trainings on toy settings: they resume, sequences are cut right, the batched rollout is the stream's."""

import argparse

import numpy as np
import pytest
import torch

from playground.diffusion.noise_plan import NoisePlan
from playground.memory.policies import policy
from playground.models.causal_wan import CausalWan, WanConfig
from playground.models.video_codec import VideoCodec
from playground.streams.rollout import RolloutState, generate_chunk
from playground.training import (
    take_tracks,
    takes,
    video,
    video_assemble,
    video_codec,
    video_forcing,
)
from playground.training.video_rollout import rollout
from playground.world.clips import sample_take


def arguments(module, out, **changes):
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    required = ["--folder", "x"] if module is video_assemble else []
    return argparse.Namespace(**(vars(parser.parse_args(required)) | {"out": out} | changes))


@pytest.fixture(scope="module")
def codec_file(tmp_path_factory):
    out = tmp_path_factory.mktemp("codec")
    video_codec.run(arguments(video_codec, out, steps=2, pool=16, batch=2))
    return out / "checkpoint.pt"


@pytest.fixture(scope="module")
def pool():
    torch.manual_seed(0)
    return takes.TakePool(VideoCodec(), capacity=6, seed=0, switches=1.0)


def test_a_codec_training_resumes_where_it_stopped(codec_file):
    options = {"steps": 4, "pool": 16, "batch": 2}
    recipe = video_codec.VideoCodecRecipe(arguments(video_codec, codec_file.parent, **options))
    assert recipe.step == 2
    assert [report.step for report in recipe] == [3, 4]


def test_an_anchor_keeps_the_latents_of_frames_without_a_mist(codec_file, tmp_path):
    options = {"init": codec_file, "steps": 9, "pool": 32, "batch": 4, "lr": 1e-2}
    moved = {}
    for anchor in (0.0, 30.0):
        out = tmp_path / str(anchor)
        recipe = video_codec.VideoCodecRecipe(arguments(video_codec, out, **options, anchor=anchor))
        frames, _, clear = video_codec.FramePool(64, 5).draw(64)
        assert 0 < clear.sum() < 64
        list(recipe)
        with torch.no_grad():
            moved[anchor] = recipe._moved(frames[clear]).item()
    assert 0 < moved[30.0] < 0.7 * moved[0.0]


def test_an_anchor_needs_a_codec_to_hold_on_to(tmp_path):
    with pytest.raises(ValueError, match=r"--anchor must come with --init"):
        video_codec.VideoCodecRecipe(arguments(video_codec, tmp_path, anchor=1.0))


def test_the_transformer_learns_and_resumes(codec_file, tmp_path):
    options = {"codec": codec_file, "steps": 3, "chunk_steps": 1, "pool": 4, "batch": 2}
    recipe = video.VideoRecipe(arguments(video, tmp_path, **options))
    reports = list(recipe)
    assert all(np.isfinite(report.losses["loss"]) for report in reports)
    recipe.save()
    assert video.VideoRecipe(arguments(video, tmp_path, **options)).step == 3


def test_a_training_goes_on_from_a_model_folder(codec_file, tmp_path):
    options = {"codec": codec_file, "steps": 1, "chunk_steps": 9, "pool": 2, "batch": 1}
    taught = video.VideoRecipe(arguments(video, tmp_path / "first", **options))
    list(taught)
    taught.save()
    folder = tmp_path / "folder"
    video_assemble.run(
        arguments(video_assemble, None, folder=folder, codec=codec_file, model=tmp_path / "first" / "checkpoint.pt")
    )  # fmt: skip
    again = video.VideoRecipe(arguments(video, tmp_path / "second", **options, init=folder))
    expected = taught.averaged().state_dict()
    forced = video_forcing.ForcingRecipe(arguments(video_forcing, tmp_path / "third", init=folder))
    for name, value in again.model.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=2e-3, atol=1e-3)
        torch.testing.assert_close(value, forced.model.state_dict()[name])


@pytest.fixture
def forcing(codec_file, tmp_path):
    options = {"codec": codec_file, "steps": 1, "chunk_steps": 9, "pool": 2, "batch": 1}
    taught = video.VideoRecipe(arguments(video, tmp_path / "teacher", **options))
    list(taught)
    taught.save()
    more = {"steps": 4, "pool": 3, "batch": 2, "chunks": 3, "teacher": tmp_path / "teacher"}
    return lambda: video_forcing.ForcingRecipe(
        arguments(video_forcing, tmp_path / "forced", codec=codec_file, **more)
    )


def test_self_forcing_learns_and_resumes(forcing):
    recipe = forcing()
    reports = list(recipe)
    assert all(np.isfinite(list(report.losses.values())).all() for report in reports)
    recipe.save()
    assert forcing().step == 4


def test_self_forcing_learns_only_what_follows_a_change(forcing, pool):
    """A history under another caption is taken as it is: only later chunks are made and judged."""
    recipe, part = forcing(), pool.draw(24, 3)
    late = ~part.counts[:, 3]
    assert late.any() and not late.all()
    made, _, _ = recipe._rolled_out(part)
    torch.testing.assert_close(made[late, :, :3], part.latents[late, :, 3:6])
    assert (made[~late, :, :3] - part.latents[~late, :, 3:6]).abs().max() > 0.1


def test_sequences_are_whole_chunks_with_their_tracks(pool):
    for chunks in (1, 3, 4):
        part = pool.draw(5, chunks)
        frames = 3 * chunks
        assert part.latents.shape == (5, 16, frames, 8, 8)
        assert part.tracks.shape[2] == frames
        assert part.counts.shape == (5, frames)
        assert part.counts[:, -3:].all()


def test_a_change_of_caption_leaves_the_first_chunk_alone(pool):
    part = pool.draw(64, 3)
    changed = ~part.counts.all(1)
    assert 20 < changed.sum() < 60
    assert not part.counts[changed, :3].any()


def test_after_a_change_the_sink_keeps_its_words_or_hears_the_new_ones(pool):
    part = pool.draw(64, 4)
    changed = (~part.counts).any(1).tolist()
    told = [(s, t) for s, t, c in zip(part.sink_told, part.told, changed, strict=True) if c]
    assert 10 < sum(sink == now for sink, now in told) < len(told) - 10
    assert all(heard in ("", told) for heard, told in zip(part.captions, part.told, strict=True))
    assert sum(h != t for h, t in zip(part.captions, part.told, strict=True)) > 0


def test_the_chunk_before_a_later_one_is_read_clean(pool):
    """What a noisy chunk answers must not depend on another chunk's noise."""
    torch.manual_seed(1)
    model, part = video.Tiny(), pool.draw(2, 3)
    torch.nn.init.normal_(model.transformer.head.head.weight, std=0.1)
    contexts = [model.transformer.context(model.words(part.captions))] * 3
    t = torch.full((2, 9), 0.7)
    noisy = torch.randn_like(part.latents)
    other = noisy.clone()
    other[:, :, :3] += 1
    answers = []
    for x in (noisy, other):
        torch.manual_seed(2)
        answers.append(
            video._velocities(model.transformer, part.latents, x, 1000 * t, contexts, part.tracks)
        )
    torch.testing.assert_close(answers[0][:, :, 3:], answers[1][:, :, 3:])
    assert (answers[0][:, :, :3] - answers[1][:, :, :3]).abs().max() > 1e-3


def test_a_path_that_begins_with_the_stream_stands_at_the_centre():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        take = sample_take(rng, 12, two=0.0)
        figure = take.figures[0]
        if not figure.tracked[0]:
            continue
        tracks = [t for t in take_tracks.tracks_of(take, rng, 0) if not t.scene]
        np.testing.assert_allclose(tracks[0].points, figure.centre)


def test_before_a_grab_stands_the_sink_and_often_a_long_time(pool):
    places = [pool._places(20, 9) for _ in range(200)]
    assert all(start + 3 <= 20 for start, _ in places)
    assert all(start + 3 <= second <= takes.TAKE_FRAMES - 9 for start, second in places)
    assert np.mean([second > start + 3 for start, second in places]) > 0.8


def test_stretches_are_runs_of_true():
    assert take_tracks.stretches(np.array([1, 1, 0, 1, 0, 0, 1], bool)) == [(0, 1), (3, 3), (6, 6)]
    assert take_tracks.stretches(np.zeros(4, bool)) == []


@torch.no_grad()
def test_the_batched_rollout_is_the_streams_rollout():
    torch.manual_seed(0)
    config = WanConfig(dim=24, ffn_dim=32, num_heads=2, num_layers=2, in_dim=4, out_dim=4, text_dim=8,
                       text_len=4, freq_dim=16, track_channels=5, track_dim=3)  # fmt: skip
    model, times = CausalWan(config), (1000.0, 600.0)
    context, tracks = model.context(torch.randn(1, 3, 8)), torch.randn(1, 5, 15, 4, 4)
    ours = list(rollout(model, context, tracks, times, torch.Generator().manual_seed(4)))
    generator, state = torch.Generator().manual_seed(4), RolloutState()
    for k, chunk in enumerate(ours):
        noise = torch.randn(2, 1, 4, 3, 4, 4, generator=generator)
        state, result = generate_chunk(
            model.forward, state, context, policy("motionstream"), NoisePlan.few_step(times), noise,
            tracks[:, :, 3 * k : 3 * k + 3],
        )  # fmt: skip
        torch.testing.assert_close(result.latents, chunk, rtol=1e-4, atol=1e-5)


def test_a_beginning_is_clear_unless_a_picture_brings_its_mist(pool):
    part = pool.draw(24, 1)
    assert part.captions == part.told == part.sink_told
    assert 0 < part.given.sum() < 24
    shown = {True: [], False: []}
    for latents, given in zip(part.latents, part.given.tolist(), strict=True):
        for kept in pool.takes:
            own, clear = kept.latents[0][: takes.CHUNK].float(), kept.clear.float()
            wanted = (own if given else clear).transpose(0, 1)
            shown[given] += [torch.equal(latents, wanted)]
    assert sum(shown[True]) >= part.given.sum() and sum(shown[False]) >= (~part.given).sum()


def test_a_given_picture_stays_and_its_followers_are_denoised(codec_file, tmp_path):
    options = {"codec": codec_file, "steps": 1, "chunk_steps": 9, "pool": 2, "batch": 1}
    taught = video.VideoRecipe(arguments(video, tmp_path / "taught", **options))
    taught.save()
    recipe = video_forcing.ForcingRecipe(
        arguments(video_forcing, tmp_path, teacher=tmp_path / "taught", codec=codec_file)
    )
    real = torch.randn(2, 16, takes.CHUNK, 8, 8)
    context = recipe.model.transformer.context(recipe.model.words(["a fox", "a fox"]))
    given, where = torch.tensor([True, False]), {"positions": torch.arange(takes.CHUNK)}
    clean = recipe._predicted(real.shape, 1, context, where, real, given)
    assert torch.equal(clean[0, :, 0], real[0, :, 0])
    assert not torch.allclose(clean[1, :, 0], real[1, :, 0])
    assert not torch.allclose(clean[0, :, 1:], real[0, :, 1:])
