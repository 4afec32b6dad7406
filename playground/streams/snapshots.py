"""What a step of an image stream gives, and what it leaves behind: frozen values, no behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jaxtyping import Float, UInt8
from numpy import ndarray
from torch import Tensor

from playground.diffusion.plan import Plan
from playground.diffusion.similarity import FilterState
from playground.diffusion.stream_batch import StreamState
from playground.streams.conditioned import Conditions, Origin
from playground.streams.controls import Controls

Picture = UInt8[ndarray, "H W 3"] | UInt8[ndarray, "b H W 3"]  # the second for frame buffers > 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Step:
    """One step of a stream, whatever runs it."""

    picture: Picture | None  # None: nothing has come out yet
    skipped: bool  # the filter held the input back, and the picture is the one before
    timings: dict[str, float]  # ms: prepare, encode, unet, decode, total
    frame: int = -1  # number of the input that the picture shows; counts from 0
    slots: UInt8[ndarray, "s H W 3"] | None = None  # clean prediction of every slot, on request


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Source:
    """What last entered the first slot; it enters again while inputs are held back."""

    latent: Float[Tensor, "b c h w"]
    is_noise: bool  # text to image: there is no picture behind it
    tag: int
    pixels: Float[Tensor, "b 3 H W"] | None = None  # what the latent was made of


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Flight:
    """Everything a stream remembers from one step to the next."""

    batch: StreamState | None = None
    source: Source | None = None
    similar: FilterState = field(default_factory=FilterState)
    picture: Picture | None = None
    inputs: int = 0  # inputs seen so far
    unsettled: int = 0  # steps after which nothing would change any more for a still input
    made_by: Plan | None = None  # with what the slots were last computed
    feedback: float = 0.0
    made_under: Conditions | None = None  # the same for mask and ControlNets
    origins: Mapping[int, Origin] | None = None  # of the frames in the slots, under these only


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Snapshot:
    """A stream at one moment; `ImageStream.restore` goes back to it, or branches from it."""

    controls: Controls
    plan: Plan
    flight: Flight
