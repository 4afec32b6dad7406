"""Our causal transformer against diffusers' WanTransformer3DModel, on the same weights.

Theirs has no cache and one time for all frames, so what is compared is one clip under full attention.
"""

import re

import pytest
import torch
from torch.testing import assert_close

from random_video import random_latents, random_wan

pytestmark = pytest.mark.peer

NAMES = [  # ours to theirs, first match wins
    (r"^time_embedding\.0", "condition_embedder.time_embedder.linear_1"),
    (r"^time_embedding\.2", "condition_embedder.time_embedder.linear_2"),
    (r"^text_embedding\.0", "condition_embedder.text_embedder.linear_1"),
    (r"^text_embedding\.2", "condition_embedder.text_embedder.linear_2"),
    (r"^time_projection\.1", "condition_embedder.time_proj"),
    (r"^head\.modulation", "scale_shift_table"),
    (r"^head\.head", "proj_out"),
    (r"\.modulation$", ".scale_shift_table"),
    (r"\.ffn\.0\.", ".ffn.net.0.proj."),
    (r"\.ffn\.2\.", ".ffn.net.2."),
    (r"\.norm3\.", ".norm2."),
    (r"\.self_attn\.", ".attn1."),
    (r"\.cross_attn\.", ".attn2."),
]


def their_name(name: str) -> str:
    for pattern, replacement in NAMES:
        name, found = re.subn(pattern, replacement, name)
        if found:
            break
    name = re.sub(r"(attn[12])\.([qkv])\.", r"\1.to_\2.", name)
    return re.sub(r"(attn[12])\.o\.", r"\1.to_out.0.", name)


def theirs(ours):
    """Their class with our numbers; every parameter of both must have found its partner."""
    from diffusers import WanTransformer3DModel

    config = ours.config
    peer = WanTransformer3DModel(
        patch_size=config.patch_size,
        num_attention_heads=config.num_heads,
        attention_head_dim=config.dim // config.num_heads,
        in_channels=config.in_dim,
        out_channels=config.out_dim,
        text_dim=config.text_dim,
        freq_dim=config.freq_dim,
        ffn_dim=config.ffn_dim,
        num_layers=config.num_layers,
        cross_attn_norm=config.cross_attn_norm,
        eps=config.eps,
    )
    peer.load_state_dict({their_name(name): value for name, value in ours.state_dict().items()})
    return peer.eval().requires_grad_(False)


@pytest.mark.parametrize("t", [1000, 431, 0])
def test_one_clip_under_full_attention(t):
    frames, ours = 7, random_wan(dim=48, num_layers=3, seed=4)
    x = random_latents(frames, batch=2, rows=4, columns=6)
    text = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(1))
    times = torch.full((2, frames), float(t))
    expected = theirs(ours)(x, times[:, 0], text, return_dict=False)[0]
    answer, _ = ours(x, times, ours.context(text), positions=torch.arange(frames))
    assert expected.abs().mean() > 0.1
    assert_close(answer, expected, atol=1e-4, rtol=1e-4)
