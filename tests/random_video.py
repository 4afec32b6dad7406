"""A random causal transformer, small enough to run dozens of chunks in a test."""

import torch

from playground.models.causal_wan import CausalWan, KeyValues, WanConfig

SIZES = {
    "dim": 24, "ffn_dim": 48, "num_heads": 2, "num_layers": 2, "in_dim": 4, "out_dim": 4,
    "text_dim": 8, "text_len": 5, "freq_dim": 16,
}  # fmt: skip


def random_wan(seed: int = 0, **sizes) -> CausalWan:
    """Weights strong enough that text, past, time and tracks all show in the answer."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = CausalWan(WanConfig.from_dict({**SIZES, **sizes})).eval().requires_grad_(False)
        for weight in model.parameters():
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=1.2 / weight[0].numel() ** 0.5)
            else:
                weight.add_(0.1 * torch.randn_like(weight))
    return model


def random_latents(frames: int, *, seed: int = 0, batch: int = 1, rows: int = 4, columns: int = 2):
    """[b, 4, t, h, w]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 4, frames, rows, columns, generator=generator)


def random_context(model: CausalWan, seed: int = 0, batch: int = 1):
    generator = torch.Generator().manual_seed(1000 + seed)
    return model.context(torch.randn(batch, 3, model.config.text_dim, generator=generator))


def numbered_entries(start: int, count: int) -> KeyValues:
    """Keys that are their frame's number, values that are its negative."""
    numbers = torch.arange(start, start + count).float().view(1, 1, count, 1, 1, 1)
    return KeyValues(numbers, -numbers)
