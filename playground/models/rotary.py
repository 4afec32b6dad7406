"""Rotary embedding in time, row and column, and the sinusoids of a noise level: Wan2.1's constants.

A head's pairs of numbers are split in three: the first part turns with the temporal position, which the
caller gives, the others with row and column. All in float32, on any device. Source: RoFormer (arXiv
2104.09864), in the layout of Wan2.1 (2503.20314).
"""

from functools import cached_property

import torch
from jaxtyping import Complex, Float, Int
from torch import Tensor

THETA = 10_000.0  # base of the frequencies


class Turn:
    """The rotary embedding of one call: temporal positions as given, rows and columns from 0."""

    def __init__(
        self,
        positions: Int[Tensor, " t"],
        new: int,
        rows: int,
        columns: int,
        head_dim: int,
    ) -> None:
        angles = rotary_angles(positions, rows, columns, head_dim).flatten(0, 1)
        self.cos = angles.cos().repeat_interleave(2, -1)[:, None]
        sine = angles.sin()
        self.sin = torch.stack([-sine, sine], -1).flatten(-2)[:, None]
        self.first_new = len(angles) - new * rows * columns

    @cached_property
    def pairs(self) -> Complex[Tensor, "n 1 e"]:
        """The turn of every pair of numbers, as a complex number."""
        return torch.complex(self.cos[..., ::2], self.sin[..., 1::2])

    def rotate(self, x: Float[Tensor, "b n a d"], *, new: bool = False) -> Tensor:
        """Turns neighbouring pairs of numbers; `new` = only the last frames are given."""
        start = self.first_new if new else 0
        crossed = x.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
        return torch.addcmul(x * self.cos[start:], crossed, self.sin[start:]).to(x.dtype)


def rotary_angles(
    positions: Int[Tensor, " t"], rows: int, columns: int, head_dim: int
) -> Float[Tensor, "t n e"]:
    """Angles of all pairs: the first part turns with time, then a third each with row and column."""
    pairs = head_dim // 2
    third = head_dim // 6  # of the pairs; the remainder goes to time
    device = positions.device
    row = torch.arange(rows, device=device).repeat_interleave(columns)
    column = torch.arange(columns, device=device).repeat(rows)
    over_time = positions[:, None, None] * _frequencies(pairs - 2 * third, device)
    over_rows = row[:, None] * _frequencies(third, device)
    over_columns = column[:, None] * _frequencies(third, device)
    shape = (len(positions), rows * columns, -1)
    return torch.cat([part.expand(*shape) for part in (over_time, over_rows, over_columns)], -1)


def _frequencies(count: int, device: torch.device) -> Tensor:
    return THETA ** (-torch.arange(count, device=device, dtype=torch.float32) / count)


def sinusoid(t: Float[Tensor, "b t"], width: int) -> Float[Tensor, "b t e"]:
    """Cosines, then sines, of t at `width` / 2 frequencies."""
    half = width // 2
    angles = t.float()[..., None] * _frequencies(half, t.device)
    return torch.cat([angles.cos(), angles.sin()], -1)
