"""The causal transformer: cached = masked, rotate when read = rotate when written, no frame leaks."""

import pytest
import torch
from torch.testing import assert_close

from playground.models import key_values
from playground.models.causal_wan import CausalWan, WanConfig, attention
from playground.models.key_values import KeyValues
from playground.models.rotary import Turn, rotary_angles
from random_video import SIZES, random_context, random_latents, random_wan

FRAMES, CHUNK = 9, 3


def block_causal(frames: int = FRAMES, chunk: int = CHUNK):
    """Frame i looks at frame j of its own chunk and of earlier ones."""
    block = torch.arange(frames) // chunk
    return block[:, None] >= block[None, :]


def times(values, batch: int = 1):
    return torch.tensor([values] * batch, dtype=torch.float32)


def chunk_by_chunk(model, x, t, context, tracks=None):
    """Velocities and all keys and values, three frames at a time."""
    past, answers = None, []
    for start in range(0, x.shape[2], CHUNK):
        now = slice(start, start + CHUNK)
        v, fresh = model(
            x[:, :, now], t[:, now], context, positions=torch.arange(start, start + CHUNK), past=past,
            past_positions=torch.arange(start), tracks=None if tracks is None else tracks[:, :, now],
        )  # fmt: skip
        past = fresh if past is None else KeyValues.join([past, fresh])
        answers.append(v)
    return torch.cat(answers, 2), past


@pytest.mark.parametrize("sizes", [{}, {"track_channels": 5, "track_dim": 3}, {"qk_norm": False}, {"cross_attn_norm": False}])  # fmt: skip
def test_chunk_by_chunk_with_a_cache_is_one_masked_pass(sizes):
    model, x = random_wan(**sizes), random_latents(FRAMES, batch=2)
    t = torch.rand(2, FRAMES, generator=torch.Generator().manual_seed(3)) * 1000
    context = random_context(model, batch=2)
    tracks = torch.randn(2, 5, FRAMES, 4, 2) if "track_dim" in sizes else None
    at = torch.arange(FRAMES)
    whole, kept = model(x, t, context, positions=at, mask=block_causal(), tracks=tracks)
    cached, past = chunk_by_chunk(model, x, t, context, tracks)
    assert_close(cached, whole, atol=1e-5, rtol=1e-5)
    assert_close(past.k, kept.k, atol=1e-5, rtol=1e-5)
    assert_close(past.v, kept.v, atol=1e-5, rtol=1e-5)


def test_without_a_mask_every_frame_sees_every_frame():
    model, x = random_wan(), random_latents(FRAMES)
    t, at, context = times([500] * FRAMES), torch.arange(FRAMES), random_context(model)
    whole, _ = model(x, t, context, positions=at)
    everything, _ = model(x, t, context, positions=at, mask=torch.ones(FRAMES, FRAMES).bool())
    causal, _ = model(x, t, context, positions=at, mask=block_causal())
    assert_close(everything, whole, atol=1e-5, rtol=1e-5)
    assert (causal - whole)[:, :, :3].abs().max() > 1e-2


def test_a_mask_beside_a_cache_leaves_the_past_in_sight():
    model, x = random_wan(), random_latents(FRAMES)
    t, context = times([300] * FRAMES), random_context(model)
    whole, kept = model(x, t, context, positions=torch.arange(FRAMES), mask=block_causal())
    rest, _ = model(
        x[:, :, 3:], t[:, 3:], context, positions=torch.arange(3, FRAMES), past=KeyValues.join(kept.each()[:3]),
        past_positions=torch.arange(3), mask=block_causal(6),
    )  # fmt: skip
    assert_close(rest, whole[:, :, 3:], atol=1e-5, rtol=1e-5)


def test_only_differences_of_positions_count():
    """Which is why a cache may be moved in time as a whole."""
    model, x = random_wan(), random_latents(FRAMES)
    t, context, at = times([700] * FRAMES), random_context(model), torch.arange(FRAMES)
    here, _ = model(x, t, context, positions=at)
    moved, _ = model(x, t, context, positions=at + 17)
    spread, _ = model(x, t, context, positions=at * 2)
    assert_close(moved, here, atol=1e-4, rtol=1e-4)
    assert (spread - here).abs().max() > 1e-2


def test_keys_rotated_when_read_are_keys_rotated_when_written():
    keys = torch.randn(2, FRAMES * 4, 2, 12, generator=torch.Generator().manual_seed(0))
    at = torch.tensor([0, 1, 2, 40, 41, 42, 43, 44, 45])
    read = Turn(at, FRAMES, 2, 2, 12).rotate(keys)
    one_by_one = [
        Turn(at[f : f + 1], 1, 2, 2, 12).rotate(keys[:, 4 * f : 4 * f + 4]) for f in range(FRAMES)
    ]
    assert_close(read, torch.cat(one_by_one, 1), atol=1e-5, rtol=0)


def test_a_stored_rotation_can_be_turned_on_to_another_position():
    """Only numbers that turn with time change; rows and columns keep their angles."""
    keys = torch.randn(1, 4, 2, 12, generator=torch.Generator().manual_seed(0))
    stored = Turn(torch.tensor([5]), 1, 2, 2, 12).rotate(keys)
    delta = (
        rotary_angles(torch.tensor([8]), 2, 2, 12)[0]
        - rotary_angles(torch.tensor([0]), 2, 2, 12)[0]
    )
    assert torch.equal(delta[:, 2:], torch.zeros_like(delta[:, 2:]))
    factor = torch.polar(torch.ones_like(delta), delta)[:, None]
    turned = torch.view_as_real(
        torch.view_as_complex(stored.unflatten(-1, (-1, 2))) * factor
    ).flatten(-2)
    assert_close(turned, Turn(torch.tensor([13]), 1, 2, 2, 12).rotate(keys), atol=1e-5, rtol=0)


def test_attention_is_the_same_with_and_without_gradients():
    q, k, v = torch.randn(3, 2, 6, 2, 8, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(6, 6).tril().bool()
    for seen in (None, mask):
        fused = attention(q, k, v, seen)
        assert_close(attention(q.clone().requires_grad_(), k, v, seen), fused, atol=1e-6, rtol=1e-5)


def test_every_frame_has_its_own_time():
    model, x = random_wan(), random_latents(FRAMES)
    context, at, alone = random_context(model), torch.arange(FRAMES), torch.eye(FRAMES).bool()
    mixed, _ = model(x, times([100, 900] + [500] * 7), context, positions=at, mask=alone)
    for frame, t in enumerate([100, 900]):
        one = x[:, :, frame : frame + 1]
        single, _ = model(one, times([t]), context, positions=at[frame : frame + 1])
        assert_close(mixed[:, :, frame : frame + 1], single, atol=1e-5, rtol=1e-5)


def test_prompt_time_and_tracks_show_in_the_answer():
    model = random_wan(track_channels=5, track_dim=3)
    x, at, t = random_latents(3), torch.arange(3), times([500] * 3)
    tracks = torch.randn(1, 5, 3, 4, 2, generator=torch.Generator().manual_seed(1))

    def answer(t=t, seed=0, tracks=None):
        return model(x, t, random_context(model, seed), positions=at, tracks=tracks)[0]

    plain = answer()
    for other in (answer(t=times([400] * 3)), answer(seed=1), answer(tracks=tracks)):
        assert (other - plain).abs().max() > 1e-2
    assert torch.equal(answer(tracks=torch.zeros_like(tracks)), plain)


def test_tracks_of_several_pixel_frames_go_into_one_latent_frame():
    model = random_wan(track_channels=5, track_dim=3, track_fold=4)
    x, at, t = random_latents(3), torch.arange(3), times([500] * 3)
    tracks = torch.zeros(1, 5, 12, 4, 2)
    tracks[:, :, 4:8] = 1.0  # those of the second latent frame
    args = x, t, random_context(model)
    alone = torch.eye(3).bool()
    plain, _ = model(*args, positions=at, mask=alone)
    moved, _ = model(*args, positions=at, mask=alone, tracks=tracks)
    changed = (moved - plain).abs().amax((0, 1, 3, 4))
    assert changed[1] > 1e-2
    assert_close(changed[[0, 2]], torch.zeros(2), atol=1e-6, rtol=0)


def test_a_prompt_is_filled_up_with_zeros():
    model = random_wan()
    text = torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(0))
    padded = torch.cat([text, torch.zeros(1, 2, 8)], 1)
    assert torch.equal(model.context(text).k, model.context(padded).k)
    with pytest.raises(ValueError, match="a prompt must have at most 5 tokens, got 6; shorten it"):
        model.context(torch.zeros(1, 6, 8))


def test_gradients_reach_every_parameter():
    model = random_wan(track_channels=5, track_dim=3).requires_grad_()
    text, tracks = torch.randn(1, 3, 8), torch.randn(1, 5, 3, 4, 2)
    v, _ = model(
        random_latents(3),
        times([500] * 3),
        model.context(text),
        positions=torch.arange(3),
        tracks=tracks,
    )
    v.square().mean().backward()
    assert [
        name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()
    ] == []


def test_parameters_have_the_names_and_shapes_of_the_published_model():
    """Wan2.1-T2V-1.3B, laid out without memory: 1 418 996 800 numbers."""
    with torch.device("meta"):
        config = {
            "dim": 1536,
            "ffn_dim": 8960,
            "num_heads": 12,
            "num_layers": 30,
            "model_type": "t2v",
        }
        model = CausalWan(WanConfig.from_dict(config))
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
    assert sum(p.numel() for p in model.parameters()) == 1_418_996_800
    assert shapes["patch_embedding.weight"] == (1536, 16, 1, 2, 2)
    assert shapes["text_embedding.0.weight"] == (1536, 4096)
    assert shapes["time_projection.1.weight"] == (9216, 1536)
    assert shapes["blocks.29.modulation"] == (1, 6, 1536)
    assert shapes["blocks.0.self_attn.norm_q.weight"] == shapes["blocks.0.norm3.bias"] == (1536,)
    assert shapes["blocks.0.cross_attn.o.bias"] == (1536,)
    assert shapes["blocks.0.ffn.2.weight"] == (1536, 8960)
    assert shapes["head.modulation"] == (1, 2, 1536) and shapes["head.head.weight"] == (64, 1536)
    assert not [name for name in shapes if "norm1" in name or "norm2" in name]


def test_unknown_entries_of_a_config_are_left_aside():
    config = WanConfig.from_dict({**SIZES, "local_attn_size": 12, "patch_size": [1, 2, 2]})
    assert config.patch_size == (1, 2, 2) and config.dim == SIZES["dim"]


def test_frames_for_themselves_are_joined_in_any_order():
    entries = KeyValues(*torch.randn(2, 3, 1, 9, 2, 1, 4))
    places = [5, 3, 4, 0]
    joined = KeyValues.join([entries.each()[place] for place in places])
    assert joined.frames == 4
    assert_close(joined.k, entries.k[:, :, places], rtol=0, atol=0)
    assert_close(joined.v, entries.v[:, :, places], rtol=0, atol=0)


def test_a_large_past_is_read_run_by_run_and_never_joined(monkeypatch):
    model, x = random_wan(), random_latents(FRAMES)
    t, context = times([500] * FRAMES), random_context(model)
    _, kept = chunk_by_chunk(model, x, t, context)
    call = (x[:, :, 6:], t[:, 6:], context)
    where = {"positions": torch.arange(6, 9), "past_positions": torch.arange(6)}
    with torch.inference_mode():
        joined = KeyValues.join(kept.each()[:6])
        expected, fresh = model(*call, **where, past=joined)
        assert "k" in vars(joined)
        monkeypatch.setattr(key_values, "JOINED_BYTES", 0)
        apart = KeyValues.join(kept.each()[:6])
        answer, again = model(*call, **where, past=apart)
        assert "k" not in vars(apart) and "v" not in vars(apart)
    assert_close((answer, again.k, again.v), (expected, fresh.k, fresh.v), rtol=0, atol=0)


def test_memory_is_gathered_without_gradients_as_with_them():
    model, x = random_wan(), random_latents(3)
    call, where = (x, times([500] * 3), random_context(model)), {"positions": torch.arange(3)}
    model.requires_grad_(True)
    velocity, kept = model(*call, **where)
    assert kept.k.requires_grad
    with torch.no_grad():
        alone, again = model(*call, **where)
    assert_close((alone, again.k, again.v), (velocity, kept.k, kept.v), atol=1e-5, rtol=1e-5)
    kept.k.sum().backward()
    assert model.blocks[-1].self_attn.k.weight.grad.abs().max() > 0
