"""What a video stream gives and leaves behind: frozen values, no behaviour beyond looking things up."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import UInt8

from playground.conditioning.tracks import Tracks
from playground.models.key_values import Context
from playground.streams.rollout import RolloutState
from playground.streams.scene_view import SceneView
from playground.streams.transition import Hearing
from playground.streams.video_controls import VideoControls
from playground.streams.weighted_prompts import Mixture

Shares = tuple[tuple[float, float, float], ...]  # a layer: (sink, window, current), together 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Switch:
    """What a new prompt did to the past, before the chunk was made; frames are latent ones."""

    recache: str  # the strategy
    kept: tuple[int, ...]  # frames whose entries stayed bit for bit
    rewritten: tuple[int, ...]  # frames whose entries were computed anew
    forgotten: tuple[int, ...]  # frames that had an entry and have none now
    positions: tuple[int, ...]  # temporal positions of the rewritten frames in that pass
    ms: float  # what it cost


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheView:
    """The cache as it stands after a chunk, one place an entry, oldest first."""

    roles: tuple[str, ...]  # "sink", "anchor", "window" or "current"
    frames: tuple[int, ...]  # number of the latent frame that the entry is of
    prompts: tuple[str, ...]  # what the entry was told, in words; a mixture with its shares
    attention: Shares | None = None  # on sink, window (with anchor), current; only when asked
    heard: tuple[Mixture, ...] = ()  # the same as (text, share) pairs, the heaviest first
    numbers: tuple[int, ...] = ()  # number of the prompt that the entry was told, from 0
    rewritten: tuple[bool, ...] = ()  # whether the entry was computed anew just before this chunk
    recache_ms: float = 0.0  # what that cost; 0 where nothing was


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Chunk:
    """Some frames, made at once."""

    frames: UInt8[np.ndarray, "T H W 3"]
    index: int  # number of the chunk, from 0
    frame: int  # number of its first frame, from 0
    prompt: str  # what was asked for, in words; of several texts with their shares
    timings: dict[str, float]  # ms: prepare, recache, network, decode, total
    cache: CacheView
    tracks: Tracks | None  # what was commanded for these frames, points [T, p, 2]
    heard: Mixture = ()  # what the frames were really told: during a transition, several texts
    switch: Switch | None = None  # what a new prompt did to the past just before; None = none came
    resunk: bool = False  # whether the chunk before became the sink, see `streams.resink`


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class VideoStep:
    """One frame of the stream, as an engine asks for it."""

    chunk: Chunk
    place: int  # of the frame in its chunk

    skipped: bool = False
    slots: None = None

    @property
    def picture(self) -> UInt8[np.ndarray, "H W 3"]:
        """The frame itself."""
        return self.chunk.frames[self.place]

    @property
    def frame(self) -> int:
        """Its number, from 0."""
        return self.chunk.frame + self.place

    @property
    def is_fresh(self) -> bool:
        """Whether the controls of this moment made it: true for the first frame of a chunk."""
        return self.place == 0

    @property
    def timings(self) -> dict[str, float]:
        """Of the chunk, told once, with its first frame."""
        return self.chunk.timings if self.is_fresh else {}

    @property
    def details(self) -> Chunk:
        """The chunk, for whoever shows more than the picture."""
        return self.chunk


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Emphasis:
    """What is still to come of new words, see `streams.emphasis`."""

    weights: tuple[float, ...]  # guidance still to come; (): the newest chunk is to be the sink
    old: Context  # what was heard before


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Flight:
    """Everything a stream remembers from one chunk to the next."""

    rollout: RolloutState = field(default_factory=RolloutState)
    hearing: Hearing | None = None  # what the last chunk heard
    told: tuple[tuple[int, Mixture], ...] = ()  # of the prompt numbers that the cache still knows
    tracks: Any = None  # those of the last chunk
    tracks_from: int = 0  # frame at which they began
    chunk: Chunk | None = None  # the newest one
    latents: int = 0  # latent frames of that
    shown: int = 0  # how many of its frames were taken
    decoder: Any = None  # what a causal codec remembers of the frames before
    first: Any = None  # clean latents that the stream begins with, of a picture
    scene: SceneView | None = None  # once a camera has moved
    emphasis: Emphasis | None = None  # while new words are stressed

    @property
    def has_frames_left(self) -> bool:
        """Whether the newest chunk has frames that nobody took."""
        return self.chunk is not None and self.shown < len(self.chunk.frames)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class VideoSnapshot:
    """A stream at one moment; `VideoStream.restore` goes on from it, as often as one likes."""

    model: Any  # the VideoModel, shared
    controls: VideoControls
    flight: Flight
