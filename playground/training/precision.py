"""How a CPU trains fastest: bfloat16 where that is measured to pay, and compiled blocks where asked for.

CPU flags do not tell the whole story, so a product is timed in both formats.
"""

import contextlib
import functools
import time
from collections.abc import Iterable

import torch
from torch import nn


def _seconds(matrix: torch.Tensor, tries: int = 9) -> float:
    """The quickest of several products: on a busy machine the others say more about its neighbours."""
    times = []
    for _ in range(tries):
        started = time.perf_counter()
        matrix @ matrix
        times.append(time.perf_counter() - started)
    return min(times)


@functools.cache
def bfloat16_pays() -> bool:
    """True where a bfloat16 matrix product is at least a fifth faster than a float32 one."""
    matrix = torch.randn(256, 256)
    half = matrix.bfloat16()
    return _seconds(half) < 0.8 * _seconds(matrix)


def mixed() -> contextlib.AbstractContextManager:
    """Autocast to bfloat16 where that pays, else nothing."""
    if bfloat16_pays():
        return torch.autocast("cpu", torch.bfloat16)
    return contextlib.nullcontext()


def compiled(blocks: Iterable[nn.Module]) -> None:
    """Compiles alike modules in place: half a minute for each new shape, then 1.4 to 1.7 times as fast.

    Sequences come in a handful of shapes, each with its own kernels, hence the higher limit.
    """
    torch._dynamo.config.recompile_limit = 64
    torch._dynamo.config.accumulated_recompile_limit = 512
    for block in blocks:
        block.compile(dynamic=False)
