"""Published video weights through `VideoStream`: recipes, sizes in time, memory, pictures to begin with."""

import json

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from playground import Tracks, VideoStream
from playground.diffusion import flow
from playground.models import published_video, video_recipes
from playground.models.int8_linear import quantised
from playground.models.published_video import Wishes
from playground.models.video_model import VideoModel
from playground.models.video_settings import VideoSettings
from playground.models.wan_vae import WanCodec
from random_video import random_wan
from small_video import small_model
from small_wan import PUBLISHED_SIZES, small_prompts, small_vae

SIZE = (32, 48)


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "cache" / "networks"))


def load(source, **more):
    wishes = {"weights": "float32", "size": SIZE, "device": "cpu", **more}
    return VideoStream.load(source, prompt="a duck on the sea", **wishes)


def one_model(wan, tmp_path, **settings):
    settings = {"size": SIZE, "timesteps": (1000, 750), **settings}
    parts = {"transformer": wan, "codec": WanCodec(small_vae()), "words": small_prompts(tmp_path)}
    return VideoModel(**parts, settings=VideoSettings(**settings))


def frames(video, chunks):
    return np.concatenate([next(video).frames for _ in range(chunks)])


# ------------------------------------------------------------ streaming


def test_a_diffusers_folder_streams_one_picture_first_and_then_fours(folder, capsys):
    video = load(folder)
    assert "float32, full decoder: about" in capsys.readouterr().err
    chunks = [next(video) for _ in range(3)]
    assert [len(chunk.frames) for chunk in chunks] == [9, 12, 12]
    assert [chunk.frame for chunk in chunks] == [0, 9, 21]
    assert video.frame == 33
    assert chunks[0].frames.shape == (9, *SIZE, 3)
    assert (video.fps, video.controls.policy, dict(video.controls.sizes)) == (
        16,
        "sliding",
        {"window": 21},
    )
    assert video.model.times() == pytest.approx((1000, 937.5, 833.333, 625), rel=1e-4)
    video.prompt = "a fox on the snow"
    assert next(video).prompt == "a fox on the snow"


def test_the_stream_shows_the_latents_decoded_at_once(wan, tmp_path):
    video = VideoStream(one_model(wan, tmp_path))
    shown = frames(video, 3)
    latents = video._flight.rollout.clean
    pixels = video.model.decode(latents)[0].transpose(0, 1)
    assert_close(
        torch.tensor(shown).permute(0, 3, 1, 2).float(),
        ((pixels + 1) * 127.5).clamp(0, 255),
        atol=1.0,
        rtol=0,
    )


def test_a_snapshot_takes_the_decoder_back_too(wan, tmp_path):
    video = VideoStream(one_model(wan, tmp_path))
    frames(video, 2)
    state = video.state
    expected = frames(video, 2)
    np.testing.assert_array_equal(frames(VideoStream.restore(state), 2), expected)


def test_paths_of_a_track_conditioned_model_have_four_grids_a_latent_frame(tmp_path):
    wan = random_wan(track_channels=62, track_dim=3, track_fold=4, **PUBLISHED_SIZES)
    video = VideoStream(one_model(wan, tmp_path, policy="motionstream"))
    free = next(VideoStream(video.model)).frames
    video.tracks = Tracks.from_strokes([[(4, 4), (30, 20)]], size=SIZE, fps=video.fps)
    chunks = [next(video) for _ in range(2)]
    assert [chunk.tracks.frames for chunk in chunks] == [9, 12]
    assert (chunks[0].frames != free).any()


@pytest.mark.parametrize("weights", ["bfloat16", "int8"])
def test_smaller_weights_stream_too(folder, weights):
    video = load(folder, weights=weights)
    video.step(slots=True)
    assert video.model.dtype == torch.bfloat16
    assert video._flight.chunk.cache.attention is not None
    assert video._flight.rollout.cache.entries.k.dtype == torch.bfloat16
    assert video._flight.rollout.clean.dtype == torch.float32


def test_blocks_on_the_cpu_give_the_same_numbers(folder):
    plain, moved = load(folder), load(folder, offload=True)
    assert moved.model.transformer.blocks[0].ffn[0].weight.is_meta  # it comes when it is needed
    np.testing.assert_array_equal(frames(moved, 2), frames(plain, 2))
    small = load(folder, offload=True, weights="int8")
    np.testing.assert_array_equal(frames(small, 1), frames(load(folder, weights="int8"), 1))


def test_int8_stays_close_to_float32_on_the_tiny_models_architecture():
    plain, rounded = small_model(), small_model()
    quantised(rounded.transformer)
    one, other = (frames(VideoStream(model), 3) for model in (plain, rounded))
    assert np.abs(one.astype(float) - other).mean() < 4


# ------------------------------------------------------------ beginning with a picture


def test_a_stream_begins_with_its_picture(wan, tmp_path):
    model = one_model(wan, tmp_path)
    video, picture = (
        VideoStream(model),
        np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8),
    )
    video.start_from(picture)
    first = model.encode(
        (torch.tensor(picture).permute(2, 0, 1)[None, :, None] / 127.5 - 1).float()
    )
    next(video)
    assert_close(video._flight.rollout.clean[:, :, :1], first, atol=1e-4, rtol=1e-4)
    begun, free = next(video).frames, frames(VideoStream(model), 2)[9:]
    assert (begun != free).any()  # what follows has seen it
    with pytest.raises(ValueError, match="picture must be"):
        video.start_from("no picture"[:0] or 3)
    video.reset()
    np.testing.assert_array_equal(frames(video, 1), frames(VideoStream(model), 1))


def test_with_chunks_of_one_frame_the_first_chunk_is_the_picture():
    model = small_model(chunk=1, policy="everything")
    video, picture = VideoStream(model), np.full((16, 16, 3), 200, np.uint8)
    video.start_from(picture)
    pixels = model.decode(model.encode(torch.full((1, 3, 1, 16, 16), 200 / 127.5 - 1)))
    shown = next(video).frames[0]
    expected = ((pixels[0, :, 0].permute(1, 2, 0) + 1) * 127.5).clamp(0, 255)
    assert_close(torch.tensor(shown).float(), expected, atol=1.0, rtol=0)


# ------------------------------------------------------------ recipes


@pytest.mark.parametrize("name", video_recipes.RECIPES)
def test_recipes_say_what_to_fetch_and_where_to_put_it(name, tmp_path):
    recipe = video_recipes.RECIPES[name]
    base = recipe.repositories[0]
    with pytest.raises(FileNotFoundError, match="nothing is downloaded unasked") as caught:
        VideoStream.load(name, device="cpu")
    message = str(caught.value)
    assert f"hf download {base.repo} {base.files[0]}" in message
    assert str(tmp_path / "models" / base.repo.replace("/", "--")) in message
    assert recipe.times == pytest.approx(flow.warped(recipe.steps, recipe.shift))
    assert 5e9 < base.disk_bytes < 6e9


def test_longlive_loads_from_its_base_and_its_lora(wan, folder, tmp_path):
    home = tmp_path / "models" / "Efficient-Large-Model--LongLive-1.3B"
    (home / "models").mkdir(parents=True)
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(shape, generator=generator) for shape in ((4, 24), (24, 4)))
    name = "base_model.model.blocks.0.self_attn.q"
    state = {f"model.{key}": weight for key, weight in wan.state_dict().items()}
    torch.save({"generator": state, "critic": {}}, home / "models" / "longlive_base.pt")
    lora = {f"{name}.lora_A.weight": a, f"{name}.lora_B.weight": b}
    torch.save({"generator_lora": lora, "critic_lora": {}}, home / "models" / "lora.pt")
    (home / "models" / "config.json").write_text(json.dumps({"num_heads": 2}))
    video = load("longlive-1.3b", parts=folder)
    merged = video.model.transformer.blocks[0].self_attn.q.weight
    assert_close(merged, wan.blocks[0].self_attn.q.weight + b @ a)
    assert (video.controls.policy, dict(video.controls.sizes)) == (
        "longlive",
        {"window": 12, "sink": 3},
    )
    assert len(next(video).frames) == 9


def test_a_hub_name_is_its_folder_on_this_machine_or_says_how_to_fetch_it(folder):
    with pytest.raises(FileNotFoundError, match=r"hf download somebody/some-video --local-dir"):
        load("somebody/some-video")
    place = published_video.recipes.folder_for("somebody/some-video")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(folder, target_is_directory=True)
    video = load("somebody/some-video")
    assert video.model.folder == place
    np.testing.assert_array_equal(next(video).frames, next(load(folder)).frames)


def test_a_file_takes_its_parts_from_a_folder_that_is_named(wan, folder, tmp_path):
    torch.save({"generator_ema": dict(wan.state_dict())}, tmp_path / "mine.pt")
    (tmp_path / "config.json").write_text(json.dumps({"num_heads": 2, "freq_dim": 16}))
    one, other = load(tmp_path / "mine.pt", parts=folder), load(folder)
    np.testing.assert_array_equal(frames(one, 1), frames(other, 1))
    with pytest.raises(FileNotFoundError, match=r"hf download Wan-AI/Wan2\.1-T2V-1\.3B-Diffusers"):
        load(tmp_path / "mine.pt")
    with pytest.raises(FileNotFoundError, match=r"taew2_1\.pth is missing: run `curl"):
        load(folder, decoder="tiny")


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (
            {"weights": "int4"},
            "weights must be one of float32, bfloat16, float16, int8; got 'int4'",
        ),
        ({"decoder": "huge"}, "decoder must be full or tiny, got 'huge'"),
        ({"size": (30, 48)}, r"size must be \(H, W\) in multiples of 16, got \(30, 48\)"),
    ],
)
def test_wishes_that_make_no_sense_are_refused_before_anything_is_read(wishes, message):
    with pytest.raises(ValueError, match=message):
        Wishes(**wishes)


def test_the_tiny_model_takes_no_wishes():
    with pytest.raises(ValueError, match="weights must be left out for 'tiny'"):
        VideoModel.load("tiny", weights="int8")


def test_without_wishes_what_fits_is_chosen_and_told(folder, monkeypatch, capsys):
    monkeypatch.setattr(published_video, "free_bytes", lambda device: 10**9)
    load(folder, weights=None)
    assert "float32, full decoder" in capsys.readouterr().err
    monkeypatch.setattr(published_video, "free_bytes", lambda device: 10)
    with pytest.raises(ValueError, match="free memory must be at least"):
        load(folder, weights=None)
