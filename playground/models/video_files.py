"""The folder of a video model: config.json and three safetensors files, in half precision on disk.

Every way to fail has a message that says what to do. Knows how parts are built from their config, and
nothing of how they are used.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from playground.models.causal_wan import CausalWan, WanConfig
from playground.models.video_codec import CodecConfig, VideoCodec
from playground.models.video_settings import VideoSettings
from playground.models.words import WordEncoder

PARTS = ("transformer", "codec", "words")
TINY = Path(__file__).parent / "tiny" / "video"


def read(source: str | Path) -> tuple[dict[str, nn.Module], VideoSettings, Path]:
    """The three parts of "tiny" or a folder, in float32, its settings, and the folder itself."""
    folder = _folder_of(source)
    config = _config_of(folder)
    try:
        parts, settings = build(config), VideoSettings.from_dict(config)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"config.json of {str(folder)!r} must describe a video model: {error!s}; "
            "write the folder again with VideoModel.save"
        ) from error
    for name, part in parts.items():
        _fill(part, folder, name)
    return parts, settings, folder


def build(config: Mapping[str, Any]) -> dict[str, nn.Module]:
    """The parts with random weights."""
    transformer = WanConfig.from_dict(config["transformer"])
    codec = {**config.get("codec", {})}
    codec |= {"widths": tuple(codec["widths"])} if "widths" in codec else {}
    words = tuple(config["words"])
    return {
        "transformer": CausalWan(transformer),
        "codec": VideoCodec(CodecConfig(**codec)),
        "words": WordEncoder(words, width=transformer.text_dim, length=transformer.text_len),
    }


def write(folder: Path, parts: Mapping[str, nn.Module], settings: VideoSettings) -> None:
    """The folder that `read` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        **settings.as_dict(),
        "transformer": dataclasses.asdict(parts["transformer"].config),
        "codec": dataclasses.asdict(parts["codec"].config),
        "words": list(parts["words"].words),
    }
    for name in PARTS:
        weights = parts[name].state_dict()
        halves = {key: weight.half().contiguous().cpu() for key, weight in weights.items()}
        save_file(halves, str(folder / f"{name}.safetensors"))
    text = json.dumps(config, indent=2) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")


def _folder_of(source: str | Path) -> Path:
    folder = TINY if source == "tiny" else Path(source).expanduser()
    if (folder / "config.json").is_file():
        return folder
    if source == "tiny":
        raise FileNotFoundError(
            "the tiny video model must lie beside the code, its weights are missing here; "
            "install the package again, or train them with `playground train video`"
        )
    if folder.exists():
        raise FileNotFoundError(
            f"a video model's folder must hold config.json, got {str(source)!r} without it; "
            "write one with VideoModel.save"
        )
    raise FileNotFoundError(f"model must be 'tiny' or a folder that exists, got {str(source)!r}")


def _config_of(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ValueError(
            f"config.json of {str(folder)!r} cannot be read: {error}; fetch or make it again"
        ) from error
    if not isinstance(config, dict):
        raise ValueError(
            f"config.json of {str(folder)!r} must hold one object, got {type(config).__name__}"
        )
    return config


def _fill(part: nn.Module, folder: Path, name: str) -> None:
    path = folder / f"{name}.safetensors"
    if not path.is_file():
        raise FileNotFoundError(
            f"a video model's folder must hold {path.name}, got {str(folder)!r} without it; "
            "fetch or make it again"
        )
    try:
        weights = load_file(path)
        part.load_state_dict({key: weight.float() for key, weight in weights.items()})
    except (SafetensorError, OSError, RuntimeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()
        raise ValueError(
            f"{path.name} of {str(folder)!r} cannot be read: {' '.join(reason[:2])}; "
            "the file is damaged or of another config, fetch or make it again"
        ) from error
