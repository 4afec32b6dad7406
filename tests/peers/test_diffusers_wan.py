"""Our causal transformer against diffusers' WanTransformer3DModel, on the same weights.

Theirs has no cache and one time for all frames, so what is compared is one clip under full attention.
"""

import pytest
import torch
from torch.testing import assert_close

from playground.benchmarks.video_peers import diffusers_twin
from random_video import random_latents, random_wan

pytestmark = pytest.mark.peer


@pytest.mark.parametrize("t", [1000, 431, 0])
def test_one_clip_under_full_attention(t):
    frames, ours = 7, random_wan(dim=48, num_layers=3, seed=4)
    x = random_latents(frames, batch=2, rows=4, columns=6)
    text = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(1))
    times = torch.full((2, frames), float(t))
    expected = diffusers_twin(ours)(x, times[:, 0], text, return_dict=False)[0]
    answer, _ = ours(x, times, ours.context(text), positions=torch.arange(frames))
    assert expected.abs().mean() > 0.1
    assert_close(answer, expected, atol=1e-4, rtol=1e-4)
