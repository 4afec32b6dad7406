"""What steers one chunk besides its words: the paths of its frames, noise, guidance."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from playground.conditioning.track_grid import IDENTITIES, track_grid
from playground.conditioning.tracks import Tracks
from playground.diffusion import motion_guidance, noise
from playground.models.key_values import MEMORY, VELOCITY, Context
from playground.streams.making import Making
from playground.streams.rollout import Forward
from playground.streams.video_values import Flight

SPREAD = 61_803  # coprime to IDENTITIES: neighbouring identities become far apart


def with_tracks(flight: Flight, making: Making) -> tuple[Flight, Tracks | None]:
    """What is commanded for the next frames, after the frame before them.

    `Tracks` begin when they are first seen; anything else is asked by frame numbers of the stream.
    """
    tracks, begins = making.controls.tracks, making.model.first_frame
    frame, after = begins(flight.rollout.frame), flight.rollout.frame + making.policy.chunk
    if tracks is not flight.tracks:
        flight = replace(flight, tracks=tracks, tracks_from=frame)
    if tracks is None:
        return flight, None
    start = frame - (flight.tracks_from if isinstance(tracks, Tracks) else 0)
    count = begins(after) - frame
    if start > 0:
        return flight, _checked_window(tracks.window(start - 1, count + 1))
    window = _checked_window(tracks.window(0, count))
    points = np.concatenate([window.points[:1], window.points])
    visible = np.concatenate([np.zeros_like(window.visible[:1]), window.visible])
    return flight, replace(window, points=points, visible=visible)


def _checked_window(window: Any) -> Tracks:
    if not isinstance(window, Tracks):
        raise ValueError(f"tracks.window must give Tracks, got {type(window).__name__}")
    return window


def grid_of(
    commanded: Tracks | None, making: Making, count: int | None = None
) -> Float[Tensor, "1 e T h w"] | None:
    """What the network reads of the points that `count` latent frames (default: a chunk) are commanded.

    None where nothing is told.
    """
    if commanded is None or not commanded.visible[1:].any():
        return None
    model = making.model
    one_stream = (
        commanded.points[None],
        commanded.visible[None],
        ((commanded.identity + 1) * SPREAD % IDENTITIES)[None],
        commanded.scene[None],
    )
    grid = torch.from_numpy(track_grid(*one_stream, size_px=model.size, stride=model.stride))
    whole = (count or making.policy.chunk) * model.transformer.config.track_fold
    before = whole - grid.shape[2]  # of a first latent frame that is one picture
    grid = F.pad(grid, (0, 0, 0, 0, before, 0)) if before else grid
    return grid.to(model.device)


def noise_of(frame: int, making: Making) -> Float[Tensor, "k b c t h w"]:
    """Noise of every denoising pass for the chunk that begins at latent frame `frame`."""
    model, seed = making.model, making.controls.seed
    shape = (len(model.times(making.controls.steps)), *model.latent_shape)
    numbers = range(frame, frame + making.policy.chunk)
    drawn = [noise.fresh(seed, number, shape, model.device) for number in numbers]
    return torch.stack(drawn, 2)[:, None]


def guided(
    making: Making, *, has_tracks: bool, emphasis: float = 0.0, old: Context | None = None
) -> Forward:
    """The network with joint guidance; only what weighs is evaluated, and nothing for a clean pass.

    The text weighs what its knob says, or `emphasis` where that is more; against no text, or `old` words.
    """
    model, controls = making.model, making.controls
    motion = controls.motion_guidance if has_tracks else 0.0
    weighing = motion_guidance.weights(max(controls.text_guidance, emphasis), motion)
    if weighing.evaluations == 1:
        return model.forward
    nothing = model.context("") if old is None else old

    def forward(
        x: Tensor,
        t: Tensor,
        context: Context,
        *,
        tracks: Any = None,
        only: Any = None,
        **where: Any,
    ) -> Any:
        velocity, fresh = model.forward(x, t, context, tracks=tracks, only=only, **where)
        if only == MEMORY:
            return velocity, fresh
        no_text = no_tracks = None
        where["only"] = VELOCITY
        if weighing.no_text:
            no_text, _ = model.forward(x, t, nothing, tracks=tracks, **where)
        if weighing.no_tracks:
            no_tracks, _ = model.forward(x, t, context, tracks=None, **where)
        return motion_guidance.mixed(weighing, velocity, no_text, no_tracks), fresh

    return forward
