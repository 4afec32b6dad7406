"""Which models a machine can run, at which size and how fast, before anything is fetched or loaded.

Three numbers of the machine decide: free memory where the networks would run, free memory beside it (a
text encoder may visit there), and the rate of a large matrix product, measured in a moment. Networks
reach a part of that rate (`EFFICIENCY`, an assumption in the middle of what they do), so a speed is right
within a factor of two or so; classes are far enough apart for that. Knows no recipe, only rows.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psutil

from playground.models.catalogue import Entry

EFFICIENCY = 0.4  # of the matrix product's rate
LIVE = 8.0  # pictures a second from which on a hand sees its own movement
SHARE = 0.9  # of the free memory; the rest is for everything else
SCALES = (1.0, 0.75, 0.5)  # of the size that a model is made for
UNIT = 64  # pixels; sides are multiples of it
CLASSES = ("live", "slow", "does not fit")


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What the judgement needs of a machine."""

    device: str  # cpu, cuda or mps
    free_bytes: int  # where the networks run
    host_free_bytes: int  # of the machine itself
    rate: float  # operations a second of a matrix product, in the number format that streams use


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """One model at one size on one machine."""

    size: tuple[int, int]
    speed: str  # one of CLASSES
    pictures_per_s: float
    needed_bytes: int

    def as_row(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "size": list(self.size),
            "speed": self.speed,
            "pictures_per_s": float(f"{self.pictures_per_s:.3g}"),
            "needed_gb": round(self.needed_bytes / 1e9, 2),
        }


def fit(entry: Entry, machine: Machine, size: tuple[int, int] | None = None) -> Fit:
    """How a model would do at a size; None = the one that it is made for."""
    size = size or entry.size
    dtype = "float32" if machine.device == "cpu" else entry.dtype
    needed = entry.memory_bytes(dtype, size)
    rate = EFFICIENCY * machine.rate / entry.work(size)
    fits = needed <= SHARE * machine.free_bytes
    fits = fits and entry.passing_bytes <= SHARE * machine.host_free_bytes
    speed = "does not fit" if not fits else "live" if rate >= LIVE else "slow"
    return Fit(size=size, speed=speed, pictures_per_s=rate, needed_bytes=needed)


def fits(entry: Entry, machine: Machine) -> list[Fit]:
    """From the model's own size downwards."""
    return [fit(entry, machine, size) for size in sizes(entry)]


def sizes(entry: Entry) -> list[tuple[int, int]]:
    """The model's own size and smaller ones that still make sense."""
    if min(entry.size) <= 4 * UNIT:
        return [entry.size]
    scaled = [tuple(round(s * side / UNIT) * UNIT for side in entry.size) for s in SCALES[1:]]
    return [entry.size, *(size for size in scaled if min(size) >= 4 * UNIT)]


def best(fits: Iterable[Fit]) -> Fit:
    """The largest size that is live, else the largest that fits, else the smallest of all."""
    found = list(fits)
    for speed in CLASSES[:2]:
        if chosen := [one for one in found if one.speed == speed]:
            return chosen[0]
    return found[-1]


def this_machine() -> Machine:
    """Look at this machine; the matrix product takes a tenth of a second or so."""
    import torch

    host = psutil.virtual_memory().available
    if torch.cuda.is_available():
        free = torch.cuda.mem_get_info()[0]
        return Machine(
            device="cuda", free_bytes=free, host_free_bytes=host, rate=_rate("cuda", 4096)
        )
    device = "mps" if torch.backends.mps.is_available() else "cpu"
    side = 768 if device == "cpu" else 2048
    return Machine(device=device, free_bytes=host, host_free_bytes=host, rate=_rate(device, side))


def _rate(device: str, side: int, tries: int = 5) -> float:
    """Operations a second of a product of two square matrices, at its best try."""
    import torch

    dtype = torch.float32 if device == "cpu" else torch.float16
    left = torch.full((side, side), 0.5, device=device, dtype=dtype)
    wait = getattr(torch, device).synchronize if device != "cpu" else lambda: None
    times = []
    for _ in range(tries):
        wait()
        began = time.perf_counter()
        left @ left
        wait()
        times.append(time.perf_counter() - began)
    return 2 * side**3 / min(times)
