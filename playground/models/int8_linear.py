"""Weights of linear layers as whole numbers of 8 bits, one scale a row; sums stay in floating point.

    w = scale * q,   q in -127..127,   scale = max |row| / 127

Only the transformer's blocks, nearly all of its weights, are made so. A row is brought back while it is
multiplied, so activations lose nothing. It is our own layer and not torchao's `Int8WeightOnlyConfig`,
though that runs on CPUs too: theirs starts from a network that is in memory in full precision, ours is
filled tensor by tensor from a file that is only mapped, and moves with `accelerate`'s offloading.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int8
from torch import Tensor, nn


class Int8Linear(nn.Module):
    """A linear layer whose weight is `weight` * `scale`."""

    def __init__(self, inputs: int, outputs: int, bias: bool, dtype: torch.dtype) -> None:
        super().__init__()
        self.register_buffer("weight", torch.empty(outputs, inputs, dtype=torch.int8))
        self.register_buffer("scale", torch.empty(outputs, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(outputs, dtype=dtype)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """As a linear layer."""
        answer = F.linear(x, self.weight.to(x.dtype)) * self.scale.to(x.dtype)
        return answer if self.bias is None else answer + self.bias.to(x.dtype)


def as_int8(weight: Float[Tensor, "o i"]) -> tuple[Int8[Tensor, "o i"], Float[Tensor, " o"]]:
    """Whole numbers and the scale of every row, in float32; a row of zeros stays one."""
    rows = weight.float()
    scale = rows.abs().amax(1).clamp(min=1e-12) / 127
    return (rows / scale[:, None]).round_().to(torch.int8), scale


def int8_layers(transformer: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    """The layers that are made so, with their names: every linear one inside the blocks."""
    for name, layer in transformer.named_modules():
        if isinstance(layer, nn.Linear) and name.startswith("blocks."):
            yield name, layer


def with_int8_layers(transformer: nn.Module, dtype: torch.dtype) -> list[str]:
    """Exchange the layers in place for empty ones, on the same device; gives their names."""
    layers = list(int8_layers(transformer))
    for name, layer in layers:
        home, last = name.rsplit(".", 1)
        with layer.weight.device:
            empty = Int8Linear(layer.in_features, layer.out_features, layer.bias is not None, dtype)
        setattr(transformer.get_submodule(home), last, empty)
    return [name for name, _ in layers]


def quantised(transformer: nn.Module) -> nn.Module:
    """Exchange the layers of a filled transformer in place, each with its own numbers; gives it back."""
    for name, layer in list(int8_layers(transformer)):
        home, last = name.rsplit(".", 1)
        other = Int8Linear(
            layer.in_features, layer.out_features, layer.bias is not None, layer.weight.dtype
        )
        other.weight, scale = as_int8(layer.weight.detach())
        other.scale, other.bias = scale.to(layer.weight.dtype), layer.bias
        setattr(transformer.get_submodule(home), last, other)
    return transformer
