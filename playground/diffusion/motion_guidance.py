"""Text and motion guidance together: up to three velocities, mixed into one.

With v(c_t, c_m) given text and tracks, v(0, c_m) without the text and v(c_t, 0) without the tracks:

    v = v_base + w_t (v(c_t, c_m) - v(0, c_m)) + w_m (v(c_t, c_m) - v(c_t, 0))
    v_base = a v(0, c_m) + (1 - a) v(c_t, 0),   a = w_t / (w_t + w_m)

Source: MotionStream (arXiv 2511.01266, section 3.1). As one weighted sum the terms that weigh nothing
fall away: one weight alone is classifier-free guidance in two evaluations, and both at 0, where `a` is
not defined, mean plain conditional. Knows no networks.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Weights:
    """What each velocity counts; they add up to 1. A branch that weighs 0 need not be evaluated."""

    both: float  # given text and tracks
    no_text: float
    no_tracks: float

    @property
    def evaluations(self) -> int:
        """How many network calls a step takes."""
        return 1 + (self.no_text != 0) + (self.no_tracks != 0)


def weights(text: float, motion: float) -> Weights:
    """The weighted sum of `text` (w_t) and `motion` (w_m) guidance, each >= 0; both 0 = off."""
    if text < 0 or motion < 0:
        raise ValueError(f"guidance must be >= 0, got text {text:g} and motion {motion:g}; use 0")
    if text == motion == 0:
        return Weights(both=1.0, no_text=0.0, no_tracks=0.0)
    share = text / (text + motion)
    return Weights(
        both=text + motion,
        no_text=share - text if text else 0.0,
        no_tracks=1 - share - motion if motion else 0.0,
    )


def mixed(
    weighing: Weights,
    both: Float[Tensor, "b c t h w"],
    no_text: Float[Tensor, "b c t h w"] | None = None,
    no_tracks: Float[Tensor, "b c t h w"] | None = None,
) -> Float[Tensor, "b c t h w"]:
    """The guided velocity; branches that weigh 0 may be left out."""
    total = both if weighing.both == 1 else weighing.both * both
    for name, branch in (("no_text", no_text), ("no_tracks", no_tracks)):
        weight = getattr(weighing, name)
        if weight and branch is None:
            raise ValueError(f"{name} must be given where it weighs {weight:g}, got None")
        if weight:
            total = total + weight * branch
    return total
