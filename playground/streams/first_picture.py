"""A stream that begins with a picture: its latents are held clean in the first chunk.

At every denoising pass the first frames of the chunk are the picture's latents at time 0, and the network
is made to answer what leads back to them; so they end in the cache and in the video like frames of the
stream's own (as LongLive's second version does image to video, arXiv 2605.18739). With chunks of one
latent frame, the first chunk is the picture itself, as frame-wise models have it (Causal Forcing,
2602.02214). Works through the signature of the network alone; knows no policy and no prompt.
"""

from typing import Any

import torch
from torch import Tensor

from playground.frames.pixels import as_frame
from playground.frames.tensors import to_tensor
from playground.models.video_model import VideoModel
from playground.streams.rollout import Forward
from playground.streams.video_values import Flight


def flight_from(model: VideoModel, picture: Any) -> Flight:
    """An empty stream that will begin with this picture, brought to the stream's size."""
    frame = as_frame(picture, model.size, "picture")
    pixels = to_tensor(frame, device=model.device)
    return Flight(first=model.encode(pixels[:, :, None]))


def beginning_with(flight: Flight, forward: Forward) -> Forward:
    """The network, with the picture's latents held clean while the first chunk is made."""
    if flight.first is None or flight.rollout.frame:
        return forward
    given = flight.first
    count = given.shape[2]

    def held(x: Tensor, t: Tensor, *inputs: Any, **named: Any) -> Any:
        count_here = min(count, x.shape[2])
        begun = torch.cat([given[:, :, :count_here].to(x), x[:, :, count_here:]], 2)
        times = t.clone()
        times[:, :count_here] = 0
        velocity, fresh = forward(begun, times, *inputs, **named)
        if velocity is None or not t.any():
            return velocity, fresh
        sigma = (t[:, :count_here] / 1000)[:, None, :, None, None]
        back = (x[:, :, :count_here] - begun[:, :, :count_here]) / sigma
        return torch.cat([back, velocity[:, :, count_here:]], 2), fresh

    return held
