"""What a model cannot do for a stream, knob by knob, with the reason in words.

    stream.cannot   # {"tracks": "this model was trained without paths: ...", "words": "..."}

A control that is turned in vain, or answers with an error, is worse than one that is grey and says why. So
every stream tells the names of what it cannot serve; whoever shows controls greys these out. Names are
those of the knobs; "words" is the list of known words, "runtime.compile" one value of a choice.
"""

from collections.abc import Callable
from typing import Any

from playground.models.runtime import check_openvino

OPEN = "this model reads any text, it has no list of words"
NO_PATHS = "this model was trained without paths: nothing in it listens to them"
BOUND = "its codec reads pictures from those before, so they cannot be moved one by one"
NO_EMPHASIS = "its settings name no guidance for new words"
NO_CONTROLNET = "no ControlNet is loaded for this model; add one with model.add_controlnet"
NO_LORA = "no live LoRA is loaded for this model; add one with model.add_lora"
PACKAGE = 'the package behind backend="streamdiffusion" does not have it; use backend="own"'
OF_PACKAGE = ("blend", "blend_mode", "other_seed", "seed_amount", "feedback", "mask", "similarity")
NO_CUDA = "this pays on a CUDA device, the model runs on {}"


def of_pictures(model: Any) -> dict[str, str]:
    """What an image stream cannot serve with this model."""
    reasons = {
        "words": None if model.vocabulary else OPEN,
        "controlnets": NO_CONTROLNET if model.controlnets is None else None,
        "loras": NO_LORA if model.loras is None else None,
        "runtime.openvino": _refusal(check_openvino, model),
        "runtime.cudagraph": _needs_cuda(model),
        "runtime.compile": _needs_cuda(model),
    }
    return {name: reason for name, reason in reasons.items() if reason}


def of_package() -> dict[str, str]:
    """What the `streamdiffusion` package does not have, whatever the model is."""
    plain = 'backend="streamdiffusion" runs plain PyTorch or its own engines'
    runtimes = {f"runtime.{name}": plain for name in ("openvino", "cudagraph", "compile")}
    return {name: PACKAGE for name in (*OF_PACKAGE, "max_skip", "controlnets", "loras")} | runtimes


def of_video(model: Any) -> dict[str, str]:
    """What a video stream cannot serve with this model."""
    no_paths = None if model.transformer.config.track_dim else NO_PATHS
    no_openvino = _refusal(check_openvino, model)
    reasons = {
        "words": None if model.words.words else OPEN,
        "tracks": no_paths,
        "motion_guidance": no_paths,
        "resink": no_paths,
        "camera_memory": no_paths or (BOUND if model.is_causal else None),
        "emphasis": None if model.settings.emphasis else NO_EMPHASIS,
        "runtime.openvino": no_openvino,
        "runtime.openvino-bf16": no_openvino,
    }
    return {name: reason for name, reason in reasons.items() if reason}


def _refusal(check: Callable[[Any], None], model: Any) -> str | None:
    try:
        check(model)
    except ValueError as error:
        return str(error)
    return None


def _needs_cuda(model: Any) -> str | None:
    return None if model.device.type == "cuda" else NO_CUDA.format(model.device.type)
