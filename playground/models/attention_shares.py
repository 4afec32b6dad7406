"""How much attention a network pays to parts of what it sees, measured while it runs as it is.

Calls of the attention kernel are watched from outside, on this thread only, so the network itself knows
nothing of it. Knows no cache policy: who asks says which keys belong together.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode


class _Watching(TorchFunctionMode):
    """Notes shares of every attention call that has `keys` keys."""

    def __init__(self, ends: Sequence[int]) -> None:
        super().__init__()
        self.ends, self.shares = ends, []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        if func is F.scaled_dot_product_attention and args[1].shape[-2] == self.ends[-1]:
            self.shares.append(_parts(args[0], args[1], self.ends))
        return answer


def attention_shares(
    run: Callable[[], Any], ends: Sequence[int], layers: int
) -> tuple[tuple[float, ...], ...]:
    """Mean attention of each layer to keys [0, ends[0]), [ends[0], ends[1]), ...; they add up to 1.

    `run` runs the network once on plain PyTorch; self-attention comes before cross-attention there.
    """
    with _Watching(ends) as watching:
        run()
    every = len(watching.shares) // layers  # 2 where a prompt has as many tokens as there are keys
    return tuple(watching.shares[::every])


def _parts(q: Tensor, k: Tensor, ends: Sequence[int]) -> tuple[float, ...]:
    weights = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)
    a_key = torch.cat([weights.new_zeros(1), weights.mean((0, 1, 2)).cumsum(0)])
    borders = a_key[[0, *ends]].tolist()
    return tuple(b - a for a, b in pairwise(borders))
