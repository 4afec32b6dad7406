"""What a video model's config.json says about streaming it: rate, size, chunk, times, policy.

Frozen and checked, so that a damaged or foreign folder is refused in words before weights are read.
Knows no networks.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, no_type_check

MAX_STEPS = 4


@no_type_check  # checks its values itself, in words
@dataclass(frozen=True, kw_only=True, slots=True)
class VideoSettings:
    """How a model was trained to be streamed; `size` in pixels (H, W), `timesteps` in (0, 1000]."""

    fps: float | int = 20  # frames a second, above 0
    size: tuple[int, int] = (64, 64)
    chunk: int = 3  # latent frames made at once
    timesteps: tuple[float, ...] = (1000.0, 750.0, 500.0, 250.0)  # of the denoising passes, falling
    policy: str = "motionstream"  # what stays in the cache
    sizes: tuple[tuple[str, int], ...] = ()  # of the policy; () = its own
    emphasis: tuple[float, ...] = ()  # guidance of the chunks after new words, against the old

    def __post_init__(self) -> None:
        size = (self.size, self.size) if isinstance(self.size, int) else tuple(self.size)
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "timesteps", checked_timesteps(self.timesteps))
        object.__setattr__(self, "sizes", tuple(tuple(pair) for pair in self.sizes))
        if len(size) != 2 or any(side < 1 for side in size):
            raise ValueError(f"size must be a side or (H, W) in pixels, got {self.size!r}")
        if not self.fps > 0:
            raise ValueError(f"fps must be above 0, got {self.fps!r}")
        object.__setattr__(self, "emphasis", _numbers("emphasis", self.emphasis))
        if not all(0 <= weight <= 10 for weight in self.emphasis):
            raise ValueError(f"emphasis must be weights in 0..10, got {self.emphasis}")
        if self.chunk < 1:
            raise ValueError(f"chunk must be >= 1, got {self.chunk!r}")

    def knobs(self, **chosen: Any) -> dict[str, Any]:
        """The knobs of a stream that chooses these: its own policy has the sizes of training."""
        sizes = {} if "policy" in chosen else {"sizes": self.sizes}
        return {"policy": self.policy, **sizes, **chosen}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "VideoSettings":
        """The entries that this class has."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in names})

    def as_dict(self) -> dict[str, Any]:
        """Entries for config.json."""
        return asdict(self)


@no_type_check
def checked_timesteps(timesteps: Any) -> tuple[float, ...]:
    """A tuple of 1..4 falling times, the first one 1000 or below, the last above 0."""
    times = _numbers("timesteps", timesteps)
    if not 1 <= len(times) <= MAX_STEPS:
        raise ValueError(f"timesteps must have 1..{MAX_STEPS} entries, got {len(times)}")
    falling = all(later < earlier for earlier, later in zip((1001.0, *times), times, strict=False))
    if not falling or not times[-1] > 0:
        raise ValueError(f"timesteps must fall from at most 1000 and stay above 0, got {times}")
    return times


@no_type_check
def _numbers(name: str, values: Any) -> tuple[float, ...]:
    try:
        return tuple(float(value) for value in values)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a list of numbers, got {values!r:.80}") from None


def times_for(timesteps: tuple[float, ...], steps: int) -> tuple[float, ...]:
    """Times of `steps` denoising passes along the curve that a model's own times lie on.

    The model's own number of steps gives its own times; others are read between them, evenly spread
    over (places of) the list with 0 at its end, so 2 of (1000, 750, 500, 250) are (1000, 500).
    """
    if not 1 <= steps <= MAX_STEPS:
        raise ValueError(f"steps must be in 1..{MAX_STEPS}, got {steps}")
    curve, count = (*timesteps, 0.0), len(timesteps)
    times = []
    for step in range(steps):
        place = step * count / steps
        below = int(place)
        part = place - below
        times.append((1 - part) * curve[below] + part * curve[min(below + 1, count)])
    return tuple(times)
