"""The stochastic similarity filter: skip inputs that look like the last one that was processed.

With S the cosine between the two inputs in [-1, 1], an input is skipped with the probability
max(0, (S - eta) / (1 - eta)) (StreamDiffusion, arXiv 2312.12491, sec. 3.5), so that slow changes
get through now and then. No more than `max_skip` inputs are skipped in a row. A reference is what
was last processed, not what was last seen. The cosine does not remove the mean: two dark pictures
are similar whatever they show.

Pure: the random number comes from outside, the memory is a frozen value.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FilterState:
    """The input processed last, and how many were skipped since."""

    reference: Float[Tensor, "b 3 H W"] | None = None
    skipped: int = 0


def skip_probability(
    first: Float[Tensor, "b 3 H W"], second: Float[Tensor, "b 3 H W"], threshold: float
) -> float:
    """Probability of skipping `second` after `first`; 0 for a threshold of 1 or more."""
    if threshold >= 1:
        return 0.0
    cosine = torch.cosine_similarity(first.flatten(), second.flatten(), dim=0).item()
    return min(max((cosine - threshold) / (1 - threshold), 0.0), 1.0)


def decide(
    state: FilterState,
    pixels: Float[Tensor, "b 3 H W"],
    *,
    threshold: float | None,
    max_skip: int,
    draw: float,
) -> tuple[FilterState, bool]:
    """Whether to skip `pixels`, and the memory after it; `draw` is uniform in 0..1.

    A threshold of None or 1, and a max_skip of 0, switch the filter off.
    """
    processed = FilterState(reference=pixels)
    is_off = threshold is None or threshold >= 1 or state.skipped >= max_skip
    if is_off or state.reference is None or state.reference.shape != pixels.shape:
        return processed, False
    if skip_probability(state.reference, pixels, threshold) <= draw:
        return processed, False
    return replace(state, skipped=state.skipped + 1), True
