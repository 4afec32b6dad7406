"""Faster networks for a video model (OpenVINO to come); see `playground.models.runtime`."""

from typing import Any

from playground.models.runtime import Runtime
from playground.models.video_model import eager


def attach(model: Any, runtime: str = "auto") -> Runtime:
    """Give `model` (a VideoModel) the runtime that is asked for, and `model.runtime` to look at."""
    model.networks, model.runtime = eager(model.transformer, model.codec), Runtime("eager")
    return model.runtime
