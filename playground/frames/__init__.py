"""Frames: uint8 RGB pictures [H, W, 3], where they come from (sources) and where they go (sinks)."""

from typing import Any

from playground.frames.clip_about import about_clip
from playground.frames.clip_files import ClipFile
from playground.frames.exporting import BackgroundExport, Progress, export
from playground.frames.pixels import Frame, as_frame, check_size, cropped_to, resized
from playground.frames.sinks import Mailbox
from playground.frames.sources import Drawing, Folder, Look, Noise, Still, VideoFile, Webcam

__all__ = [
    "BackgroundExport",
    "ClipFile",
    "Drawing",
    "Folder",
    "Frame",
    "Look",
    "Mailbox",
    "Noise",
    "Progress",
    "Still",
    "VideoFile",
    "Webcam",
    "about_clip",
    "as_frame",
    "check_size",
    "cropped_to",
    "export",
    "from_tensor",
    "resized",
    "to_tensor",
]


def __getattr__(name: str) -> Any:
    if name in ("to_tensor", "from_tensor"):  # these two need torch, the rest does not
        from playground.frames import tensors

        return getattr(tensors, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
