"""Reads one part of a model (a network, a tokenizer, a scheduler) from one folder.

Only the classes of diffusers and transformers are made, by the name in a config file. Weights in
half precision (`*.fp16.safetensors`) are taken where there are no others. Whatever goes wrong is
said with the part's name and a way on. Knows nothing of where folders come from.
"""

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

NETWORKS = ("unet", "vae", "text_encoder", "text_encoder_2", "controlnet")
UNREADABLE = (SafetensorError, OSError, EOFError, RuntimeError, ValueError)


def index_of(folder: Path) -> dict[str, Any]:
    """What `model_index.json` says: the class of every part, settings of the pipeline."""
    return json_of(folder / "model_index.json", folder)


def json_of(path: Path, folder: Path) -> dict[str, Any]:
    """A settings file; raises ValueError that names it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path.name} of {str(folder)!r} cannot be read: {first_line(error)}; "
            "fetch or make it again"
        ) from error


def part_of(folder: Path, part: str, dtype: Any) -> Any:
    """One part of a diffusers folder, by the class that its index names."""
    library, class_name = index_of(folder).get(part) or (None, None)
    if class_name is None:
        raise ValueError(f"model_index.json must name a {part}, got none in {str(folder)!r}")
    if not (folder / part).is_dir():
        way = '; codec="tiny" takes the tiny one in its place' if part == "vae" else ""
        raise FileNotFoundError(
            f"model folder must hold {part}/, got {str(folder)!r} without it{way}"
        )
    return read(_class(library, class_name), folder / part, part, dtype)


def alone(folder: Path, part: str, dtype: Any) -> Any:
    """A network in a folder of its own, by the class that its config.json names."""
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"{part} folder must hold config.json, got {str(folder)!r}")
    class_name = json_of(folder / "config.json", folder).get("_class_name")
    return read(_class("diffusers", class_name), folder, part, dtype)


def read(kind: Any, folder: Path, part: str, dtype: Any) -> Any:
    """An object of that class from its folder; networks get the number format."""
    options = {}
    if part in NETWORKS:
        options = {"torch_dtype" if kind.__module__.startswith("diffusers") else "dtype": dtype}
        if _has_half_precision_only(folder):
            options["variant"] = "fp16"
    try:
        return kind.from_pretrained(folder, **options)
    except UNREADABLE as error:
        where = folder.parent if folder.name == part else folder
        raise ValueError(
            f"{part} of {str(where)!r} cannot be read: {first_line(error)}; "
            "the file is damaged or missing, fetch or make it again"
        ) from error


def _has_half_precision_only(folder: Path) -> bool:
    names = [path.name for path in folder.glob("*.safetensors")]
    return bool(names) and all(".fp16." in name for name in names)


def _class(library: str, class_name: Any) -> Any:
    if library not in ("diffusers", "transformers"):
        raise ValueError(f"parts must come from diffusers or transformers, got {library!r}")
    kind = getattr(importlib.import_module(library), str(class_name), None)
    if kind is None:
        raise ValueError(f"parts must be classes that {library} has, got {class_name!r}; update it")
    return kind


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back the libraries' progress bars and remarks on settings that do no harm."""
    import diffusers.utils.logging as diffusers_log
    import transformers.utils.logging as transformers_log

    logs = (diffusers_log, transformers_log)
    before = [log.get_verbosity() for log in logs]
    bars = [log.is_progress_bar_enabled() for log in logs]
    for log in logs:
        log.set_verbosity_error()
        log.disable_progress_bar()
    try:
        yield
    finally:
        for log, level, bar in zip(logs, before, bars, strict=True):
            log.set_verbosity(level)
            if bar:
                log.enable_progress_bar()


def first_line(error: Exception) -> str:
    """The first line of a message, or the kind of an error without one."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
