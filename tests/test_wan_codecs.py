"""Wan's codecs and prompts: decoding in chunks is decoding at once, and texts are encoded once."""

import pytest
import torch
from torch.testing import assert_close

from playground.models.tiny_wan_vae import TinyWanCodec, tiny_wan_codec
from playground.models.wan_vae import WanCodec
from small_wan import small_prompts, small_vae


@pytest.fixture(scope="module")
def vae():
    return small_vae()


def tiny_codec():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return TinyWanCodec((16, 12, 8, 8)).eval().requires_grad_(False)


def latents(frames):
    return torch.randn(1, 16, frames, 2, 3, generator=torch.Generator().manual_seed(4))


@pytest.fixture(params=["wan", "tiny"])
def codec(request, vae):
    return WanCodec(vae) if request.param == "wan" else tiny_codec()


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1, 1, 1, 1), (3, 3, 1), (1, 3, 3), (2, 5)])
def test_decoding_in_chunks_is_decoding_the_whole_clip(codec, sizes):
    x, memory, parts = latents(7), None, []
    for part in x.split(sizes, 2):
        pixels, memory = codec.decode_next(part, memory)
        parts.append(pixels)
    assert [part.shape[2] for part in parts] == [4 * n - 3 * (k == 0) for k, n in enumerate(sizes)]
    assert_close(torch.cat(parts, 2), codec.decode(x), atol=1e-5, rtol=1e-5)
    assert parts[-1].std() > 1e-3


def test_the_stream_decodes_as_diffusers_decodes(vae):
    x, codec = latents(5), WanCodec(vae)
    expected = vae.decode(x * codec.std + codec.mean).sample
    pixels, memory = codec.decode_next(x[:, :, :2])
    rest, _ = codec.decode_next(x[:, :, 2:], memory)
    assert_close(torch.cat([pixels, rest], 2), expected, atol=1e-5, rtol=1e-5)


def test_memory_can_be_gone_back_to(codec):
    x = latents(4)
    _, memory = codec.decode_next(x[:, :, :2])
    first, _ = codec.decode_next(x[:, :, 2:], memory)
    codec.decode_next(-x[:, :, 2:], memory)
    codec.decode_next(x)
    again, _ = codec.decode_next(x[:, :, 2:], memory)
    assert_close(again, first, rtol=0, atol=0)


def test_one_picture_becomes_one_latent_and_other_counts_are_refused(codec):
    pixels = torch.rand(1, 3, 1, 16, 24) * 2 - 1
    assert codec.encode(pixels).shape == (1, 16, 1, 2, 3)
    assert codec.encode(pixels.expand(-1, -1, 5, -1, -1)).shape == (1, 16, 2, 2, 3)
    with pytest.raises(ValueError, match=r"frames must be 1 \+ 4 n, got 4"):
        codec.encode(pixels.expand(-1, -1, 4, -1, -1))


def test_latents_are_scaled_by_the_published_numbers(vae):
    codec, pixels = WanCodec(vae), torch.rand(1, 3, 1, 16, 24) * 2 - 1
    raw = vae.encode(pixels).latent_dist.mode()
    assert codec.mean.flatten()[:2].tolist() == pytest.approx([-0.7571, -0.7089])
    assert_close(codec.encode(pixels) * codec.std + codec.mean, raw, atol=1e-5, rtol=1e-5)


def test_the_tiny_codec_has_the_published_names():
    names = set(TinyWanCodec().state_dict())
    grow = {f"decoder.{n}.conv.weight" for n in (7, 13, 19)}
    pool = {f"encoder.{n}.conv.weight" for n in (2, 7, 12)}
    assert grow | pool | {"decoder.1.bias", "decoder.3.conv.4.bias", "decoder.22.weight"} <= names


def test_weights_of_the_tiny_codec_load_or_are_named():
    codec = tiny_codec()
    weights = codec.state_dict()
    loaded = tiny_wan_codec(weights, "taew2_1.pth")
    assert_close(loaded.decode(latents(3)), codec.decode(latents(3)), rtol=0, atol=0)
    name = "decoder.7.conv.weight"  # stored for two frames, used for one: the last
    doubled = {**weights, name: torch.cat([torch.zeros_like(weights[name]), weights[name]])}
    loaded = tiny_wan_codec(doubled, "taew2_1.pth")
    assert_close(loaded.decode(latents(3)), codec.decode(latents(3)), rtol=0, atol=0)
    del weights["decoder.3.conv.0.bias"]
    with pytest.raises(ValueError, match=r"taew2_1\.pth .* 1 missing: decoder\.3\.conv\.0\.bias"):
        tiny_wan_codec(weights, "taew2_1.pth")


# ------------------------------------------------------------ prompts


def test_prompts_are_encoded_as_transformers_encodes_them(tmp_path):
    prompts = small_prompts(tmp_path)
    answer = prompts(["a duck &amp; a  fox", "a cat"])
    tokenizer, encoder = prompts._held
    ids = tokenizer(["a duck & a fox"], return_tensors="pt").input_ids
    expected = encoder(ids).last_hidden_state
    assert_close(answer[:1], expected, atol=1e-6, rtol=1e-6)
    assert answer[1, 3:].abs().max() == 0  # two words, an end, then nothing


def test_a_text_is_encoded_once_and_the_encoder_put_away(tmp_path):
    prompts = small_prompts(tmp_path, stays=False)
    first = prompts(["a duck"])
    assert not prompts.is_held
    again = small_prompts(tmp_path, stays=False)
    again._encoded = None  # whoever calls it fails
    assert torch.equal(again(["a  duck"]), first)
    assert prompts.known("a duck") and not prompts.unknown("zyx")


def test_another_encoder_or_text_is_another_entry(tmp_path):
    prompts = small_prompts(tmp_path)
    keys = {prompts._key(text) for text in ("a duck", "a fox")}
    other = small_prompts(tmp_path / "other", seed=1)
    assert len(keys | {other._key("a duck")}) == 3


def test_a_folder_without_the_encoder_is_named(tmp_path):
    from playground.models.wan_text import Umt5Prompts

    (tmp_path / "tokenizer").mkdir()
    with pytest.raises(FileNotFoundError, match=r"without text_encoder"):
        Umt5Prompts(tmp_path, cache=tmp_path / "cache")(["a duck"])
    (tmp_path / "text_encoder").mkdir()
    with pytest.raises(ValueError, match=r"text_encoder of .* cannot be read"):
        Umt5Prompts(tmp_path, cache=tmp_path / "cache")(["a duck"])
