"""When a thing is grabbed or let go, the stream begins again with what it shows now.

Age never evicts the sink, and the sink shows a thing where it stood when the stream began. That holds a
thing in its place for as long as nothing is told of it; once a hand takes it elsewhere, sink and tracks say
opposite things for ever, and the thing is torn in two. (MotionStream, arXiv 2511.01266, section 3.2, keeps
its first sink; there the same points are told from the first frame to the last.)

So when a thing begins to be told, or is told no more, the newest chunk becomes the sink
(`rollout.begun_anew`), under tracks that agree with what comes: what is grabbed stood where it was grabbed,
of what is let go nothing was told. That costs one clean pass, as the re-cache of one chunk. A stream that
begins again from its own pictures, many times, would drift as one without a sink does: so wherever the
newest chunk looks like the sink, or like the chunk that the stream really began with, that one is taken
(`patched`).

Points belong to one thing if they have the same identity or stand near each other. Points of the scene do
not count: what nothing is told of goes with the scene, and the sink agrees. This module runs no network.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from playground.conditioning.track_grid import WINDOW_PX
from playground.conditioning.tracks import Tracks

CHANGED = 0.25  # of the latents' deviation; what rests differs by < 0.2, a sprite by 0.3 to 1.9


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Told:
    """Points on things that some frames are told of, one place a point."""

    column: Int[np.ndarray, " p"]  # in the tracks
    identity: Int[np.ndarray, " p"]
    first: Float[np.ndarray, "p 2"]  # where they are when they are told first, pixels
    last: Float[np.ndarray, "p 2"]

    @classmethod
    def of(cls, tracks: Tracks, column: Int[np.ndarray, " p"]) -> "_Told":
        """The points in these columns."""
        seen = tracks.visible[:, column]
        first, last = seen.argmax(0), len(seen) - 1 - seen[::-1].argmax(0)
        return cls(
            column=column,
            identity=tracks.identity[column],
            first=tracks.points[first, column],
            last=tracks.points[last, column],
        )


def retold(
    before: Tracks | None, coming: Tracks | None, frames: int, *, same: bool
) -> Tracks | None:
    """What the newest chunk should have been told, if the next one is told of other things; else None.

    `before` is what its `frames` frames were told, `coming` what the next ones are, with one frame in front,
    the last one before them. `same` = both are windows of the same tracks: identities name the same points.
    The answer has an untold frame in front, as at the start of a stream. What is grabbed stands still in
    it; of what is let go nothing is told.
    """
    known = before if coming is None else coming
    if known is None:
        return None
    if before is None or coming is None:
        nothing = Tracks(np.zeros((frames + 1, 0, 2)), fps=known.fps, size=known.size)
        before, coming = before or nothing.window(0, frames), coming or nothing
    old, new = _columns(before, 0), _columns(coming, 1)
    if same and np.array_equal(before.identity[old], coming.identity[new]):
        return None  # as between nearly all chunks
    old, new = _Told.of(before, old), _Told.of(coming, new)
    reach = WINDOW_PX * known.size[1] / 64
    grabbed = _alone(new.first, new.identity, old.last, old.identity, reach, same)
    let_go = _alone(old.last, old.identity, new.first, new.identity, reach, same)
    if not grabbed.any() and not let_go.any():
        return None
    kept = np.setdiff1d(np.arange(before.count), old.column[let_go])
    standing = np.repeat(new.first[None, grabbed], frames, 0)
    points = np.concatenate([before.points[:, kept], standing], 1)
    visible = np.concatenate([before.visible[:, kept], np.ones(standing.shape[:2], bool)], 1)
    return Tracks(
        np.concatenate([points[:1], points]),
        visible=np.concatenate([np.zeros_like(visible[:1]), visible]),
        identity=np.concatenate([before.identity[kept], new.identity[grabbed]]),
        scene=np.concatenate([before.scene[kept], np.zeros(grabbed.sum(), bool)]),
        fps=known.fps,
        size=known.size,
    )


def patched(
    newest: Float[Tensor, "b c t h w"], *earlier: Float[Tensor, "b c s h w"] | None
) -> Float[Tensor, "b c t h w"]:
    """The newest chunk; but where it looks like one of the `earlier` ones, that one, the last named first."""
    chunk = newest
    for old in earlier:
        if old is not None and old.shape == newest.shape:
            apart = (newest - old).square().mean((1, 2), keepdim=True).sqrt()
            rests = apart <= CHANGED * old.std((1, 2, 3, 4), keepdim=True)
            chunk = torch.where(rests, old, chunk)
    return chunk


def _columns(tracks: Tracks, lead: int) -> Int[np.ndarray, " p"]:
    """Points on things that any frame behind the first `lead` ones is told of."""
    return np.flatnonzero(tracks.visible[lead:].any(0) & ~tracks.scene)


def _alone(
    here: Float[np.ndarray, "p 2"],
    ours: Int[np.ndarray, " p"],
    there: Float[np.ndarray, "q 2"],
    theirs: Int[np.ndarray, " q"],
    reach: float,
    same: bool,
) -> Bool[np.ndarray, " p"]:
    """Which points have no namesake among the others, nor one of them within `reach`."""
    alone = ~np.isin(ours, theirs) if same else np.ones(len(here), bool)
    if alone.any() and len(there):
        apart = np.linalg.norm(here[alone][:, None] - there[None], axis=-1)
        alone[alone] = apart.min(1) > reach
    return alone
