"""A pool of encoded takes, and the training sequences that are cut from them.

A sequence is what a stream has in its cache and makes next: a first chunk (the sink), then, perhaps a long
time later, the chunks of the window and the current one. Where the caption changes in mid-stream, once or
twice, the window shows the old content under the new words, as after a re-cache, and the sink is written
under its own words or the new ones. Now and then only the history is told the caption, so that the cache
is worth reading.
"""

import dataclasses

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from playground.models.video_codec import VideoCodec
from playground.training.precision import mixed
from playground.training.take_tracks import cut, gridded, tracks_of
from playground.world.clips import SIDE, Take, render_take, sample_take, switched

CHUNK = 3
TAKE_FRAMES = 48
NO_CAPTION, NO_TRACKS, NO_BACKGROUND = 0.08, 0.03, 0.08  # shares left out of training sequences
UNHEARD = 0.1  # share in which the history is told the caption, and the chunk to be made is not
SPRITE_WEIGHT = 3.0  # of latent cells, against 1 for the ground
GRABBED = 0.4  # share of takes whose things rest untold, perhaps for long, and are grabbed then
FROM_PICTURE = 0.5  # share of first chunks that begin with a picture
OLD_SINK = 0.5  # share of changes that leave the sink under its own words


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sequences:
    """A batch of sequences of `t` frames (whole chunks)."""

    latents: Float[Tensor, "b c t h w"]
    captions: list[str]  # heard by the chunks that are to be learnt
    told: list[str]  # under which history is written
    sink_told: list[str]  # the same for the first chunk
    tracks: Float[Tensor, "b e t h w"]
    counts: Bool[Tensor, "b t"]  # False: history under another caption, not to be learnt
    weights: Float[Tensor, "b 1 t h w"]  # of the loss, mean 1 in each frame
    given: Bool[Tensor, " b"] | None = None  # of single chunks: those that begin with a picture


@dataclasses.dataclass(slots=True, eq=False)
class _Kept:
    """One take in the pool, and what becomes of it where the caption may change."""

    takes: list[Take]
    latents: list[Float[Tensor, "t c h w"]]
    clear: Float[Tensor, "k c h w"]  # the first chunk of the first take, without a mist
    grab: int | None  # the frame in which a thing that rested is grabbed


class TakePool:
    """`capacity` encoded takes, renewed one by one."""

    def __init__(
        self, codec: VideoCodec, *, capacity: int, seed: int, switches: float = 0.4
    ) -> None:
        self.codec, self.switches = codec.eval(), switches
        self.rng = np.random.default_rng(seed)
        self.takes = [self._fresh() for _ in range(capacity)]
        self.oldest = 0

    def renew(self) -> None:
        """Replaces the oldest take."""
        self.takes[self.oldest] = self._fresh()
        self.oldest = (self.oldest + 1) % len(self.takes)

    def _fresh(self) -> _Kept:
        grabbed = self.rng.random() < GRABBED
        takes = [sample_take(self.rng, TAKE_FRAMES, grabbed=grabbed)]
        for share in (self.switches, 0.3):
            if self.rng.random() >= share:
                break
            takes.append(switched(takes[-1], self.rng))
        clear = encoded(self.codec, dataclasses.replace(takes[0], mist=None), CHUNK)
        held = np.any([figure.tracked for figure in takes[0].figures], 0)
        grab = int(held.argmax()) if grabbed else None
        return _Kept(takes, [encoded(self.codec, take) for take in takes], clear, grab)

    def draw(self, count: int, chunks: int, *, changes: bool = True) -> Sequences:
        """`count` sequences of `chunks` chunks; `changes` of the caption within them."""
        if chunks == 1:
            return self._beginnings(count)
        parts = [
            self._sequence(self.takes[k], chunks, changes)
            for k in self.rng.integers(len(self.takes), size=count)
        ]
        latents, words, runs, counts, weights = zip(*parts, strict=True)
        lengths = (CHUNK, CHUNK * (chunks - 1))
        tracks = [gridded([run[k] for run in runs], n + 1) for k, n in enumerate(lengths)]
        captions, told, sink_told = map(list, zip(*words, strict=True))
        return Sequences(
            latents=torch.stack(latents).float().transpose(1, 2),
            captions=captions,
            told=told,
            sink_told=sink_told,
            tracks=torch.cat(tracks, 2),
            counts=torch.stack(counts),
            weights=torch.stack(weights)[:, None],
        )

    def _sequence(self, kept: _Kept, chunks: int, changes: bool):
        """Latents, captions, tracks of the two runs (sink; the rest) and which frames count."""
        rng, rest = self.rng, CHUNK * (chunks - 1)
        start, second = self._places(kept.grab, rest)
        frames = [*range(start, start + CHUNK), *range(second, second + rest)]
        shown = np.repeat(self._shown(len(kept.takes), chunks, changes), CHUNK)
        latents = torch.stack([kept.latents[k][f] for k, f in zip(shown, frames, strict=True)])
        take = kept.takes[shown[-1]]
        tracks = tracks_of(take, rng, start) if rng.random() >= NO_TRACKS else []
        runs = [cut(tracks, start, CHUNK, fresh=True), cut(tracks, second, rest, fresh=False)]
        counts = torch.from_numpy(shown == shown[-1])
        told = all(figure.tracked[start : start + CHUNK].any() for figure in take.figures)
        if start > 0 and not told:
            counts[:CHUNK] = False  # nothing says where it stands
        weights = torch.from_numpy(cell_weights(take)[frames])
        return latents, self._words(kept.takes[shown[0]], take), runs, counts, weights

    def _places(self, grab: int | None, rest: int) -> tuple[int, int]:
        """The first frames of the sink and of the `rest`; of a take with a grab, the sink is before it."""
        rng = self.rng
        latest = TAKE_FRAMES - CHUNK - rest
        if grab is not None:
            latest = min(latest, grab - CHUNK)
        start = int(rng.integers(0, latest + 1)) if rng.random() < 0.6 else 0
        room = TAKE_FRAMES - start - CHUNK - rest
        gap = int(rng.integers(0, room + 1)) if grab is not None or rng.random() < 0.5 else 0
        return start, start + CHUNK + gap

    def _beginnings(self, count: int) -> Sequences:
        """First chunks of streams: some begin with a picture and its mist, the others without a mist."""
        chosen = [self.takes[k] for k in self.rng.integers(len(self.takes), size=count)]
        takes = [kept.takes[0] for kept in chosen]
        given = self.rng.random(count) < FROM_PICTURE
        latents = [
            kept.latents[0][:CHUNK] if picture else kept.clear
            for kept, picture in zip(chosen, given, strict=True)
        ]
        captions = [self._caption(take) for take in takes]
        held = [
            tracks_of(take, self.rng, 0) if self.rng.random() >= NO_TRACKS else [] for take in takes
        ]
        runs = [cut(tracks, 0, CHUNK, fresh=True) for tracks in held]
        weights = torch.stack([torch.from_numpy(cell_weights(take)[:CHUNK]) for take in takes])
        return Sequences(
            latents=torch.stack(latents).float().transpose(1, 2),
            captions=captions,
            told=captions,
            sink_told=captions,
            tracks=gridded(runs, CHUNK + 1),
            counts=torch.ones(count, CHUNK, dtype=torch.bool),
            weights=weights[:, None],
            given=torch.from_numpy(given),
        )

    def _shown(self, takes: int, chunks: int, changes: bool) -> list[int]:
        """Which of `takes` every chunk shows: the first one, or one after the other."""
        count = min(takes - 1, chunks - 1)
        if not changes or count < 1 or self.rng.random() > 0.7:
            return [0] * chunks
        places = self.rng.choice(np.arange(1, chunks), size=count, replace=False)
        return [int((places <= chunk).sum()) for chunk in range(chunks)]

    def _words(self, first: Take, last: Take) -> tuple[str, str, str]:
        """What the learnt chunks hear, and what history and sink were told."""
        told = self._caption(last)
        own_sink = first is not last and self.rng.random() < OLD_SINK
        sink_told = self._caption(first) if own_sink else told
        return ("" if self.rng.random() < UNHEARD else told), told, sink_told

    def _caption(self, take: Take) -> str:
        luck = self.rng.random()
        if luck < NO_CAPTION:
            return ""
        return take.caption(self.rng, background=luck > NO_CAPTION + NO_BACKGROUND)


@torch.no_grad()
def encoded(codec: VideoCodec, take: Take, frames: int | None = None) -> Float[Tensor, "t c h w"]:
    """Latents of a take, or of its first frames, in half precision."""
    pixels = (
        torch.from_numpy(render_take(take, range(frames or take.frames)))
        .permute(3, 0, 1, 2)
        .float()
        / 127.5
        - 1
    )
    with mixed():
        latents = codec.encode(pixels[None])[0]
    return latents.transpose(0, 1).half().contiguous()


def cell_weights(take: Take, cell: int = 8) -> Float[np.ndarray, "t h w"]:
    """What the cells of latents weigh: a sprite counts, though the ground fills most of a frame."""
    rows, columns = (np.mgrid[: SIDE // cell, : SIDE // cell] + 0.5) * cell
    weights = np.ones((take.frames, *rows.shape), np.float32)
    for figure in take.figures:
        x, y = figure.centre.T[:, :, None, None]
        half = (figure.size * take.camera[:, 2] / 2)[:, None, None]
        near = cell / 2  # a cell reaches that far
        sprite = (abs(columns - x) < half + near) & (abs(rows - y) < half + near)
        weights = np.where(sprite, np.maximum(weights, SPRITE_WEIGHT), weights)
    return (weights / weights.mean((1, 2), keepdims=True)).astype(np.float32)
