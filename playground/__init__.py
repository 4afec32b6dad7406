"""Playground: touch streaming diffusion while it runs.

The way of the data:

    source -> codec.encode -> conditioning -> image stream -> codec.decode -> sink -> widget
    (frames)  (latents)       (prompts)       (slots)         (pixels)        (mailbox)

One loop (`Engine`) reads an immutable `Controls` once a step, calls the stream and puts the newest
picture into a mailbox. Algorithms are pure functions over frozen states; `ImageStream` only keeps
the current state.

Axes in tensor annotations, everywhere:

    b  batch (frames of one buffer)   s  slot of the stream batch   t  frame    n  token
    a  attention head                 d  head or embedding width    c  channel  p  track point
    h w  latent height and width      H W  pixel height and width

Ranges: a frame is uint8 RGB [H, W, 3]; a float picture inside networks is in [-1, 1]. Points are
(x, y) in pixels with the origin at the top left. Names carry their units (`lag_ms`, `radius_px`).

Importing this package imports no network library; the public names load when first used.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Controls": "playground.streams.controls",
    "Engine": "playground.streams.engine",
    "ImageModel": "playground.models.image_model",
    "ImageStream": "playground.streams.image_stream",
    "Timeline": "playground.conditioning.timeline",
    "Recording": "playground.streams.recording",
    "Tracks": "playground.conditioning.tracks",
    "VideoControls": "playground.streams.video_controls",
    "VideoStream": "playground.streams.video_stream",
}

__all__ = [
    "Controls",
    "Engine",
    "ImageModel",
    "ImageStream",
    "Recording",
    "Timeline",
    "Tracks",
    "VideoControls",
    "VideoStream",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'playground' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
