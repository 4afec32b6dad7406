"""Reads the five parts of a diffusers pipeline from a folder, a hub name or a pipeline object.

The parts are loaded one by one, by the class names in `model_index.json`: the pipeline class itself
is not needed and its import costs seconds. Every way to fail has a message that says what to do.
"""

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
TINY = Path(__file__).parent / "tiny" / "image"


def parts_of(source: Any, dtype: Any = None) -> tuple[dict[str, Any], Path | None]:
    """The five parts by name, and the folder they came from (None for a pipeline object).

    Networks read from a folder have `dtype`; those of a pipeline object are left as they are.
    """
    if all(hasattr(source, part) for part in PARTS):
        return {part: getattr(source, part) for part in PARTS}, None
    if not isinstance(source, str | Path):
        missing = [part for part in PARTS if not hasattr(source, part)]
        raise ValueError(
            "model must be 'tiny', a folder, a hub name or a pipeline object with "
            f"{', '.join(PARTS)}; got {type(source).__name__} without {', '.join(missing)}"
        )
    folder = _folder_of(str(source))
    with _quiet():
        return {part: _load(folder, part, dtype) for part in PARTS}, folder


def _folder_of(name: str) -> Path:
    folder = TINY if name == "tiny" else Path(name).expanduser()
    if (folder / "model_index.json").is_file():
        return folder
    if name == "tiny":
        raise FileNotFoundError(
            f"no weights for the tiny image model: {folder / 'model_index.json'} is missing; "
            "get a complete copy of the repository, or make them with `playground train codec`, "
            "`playground train image` and `playground train distill`"
        )
    if folder.exists():
        raise FileNotFoundError(
            f"model folder must hold model_index.json, got {name!r} without it; "
            "save one with pipeline.save_pretrained(folder)"
        )
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise FileNotFoundError(
            f"model must be 'tiny', a folder that exists or a hub name 'owner/name', got {name!r}"
        )
    return _downloaded(name)


def _downloaded(name: str) -> Path:
    from diffusers import DiffusionPipeline

    try:
        return Path(DiffusionPipeline.download(name))
    except Exception as error:  # the hub client raises a dozen unrelated types
        raise FileNotFoundError(
            f"model {name!r} is neither a folder here nor could it be downloaded "
            f"({type(error).__name__}); check the name and the connection"
        ) from error


def _load(folder: Path, part: str, dtype: Any) -> Any:
    index = _index_of(folder)
    library, class_name = index.get(part) or (None, None)
    if class_name is None:
        raise ValueError(f"model_index.json must name a {part}, got none in {str(folder)!r}")
    if not (folder / part).is_dir():
        raise FileNotFoundError(f"model folder must hold {part}/, got {str(folder)!r} without it")
    kind = _class(library, class_name)
    number_format = {"torch_dtype": dtype} if library == "diffusers" else {"dtype": dtype}
    is_network = part in ("unet", "vae", "text_encoder")
    try:
        return kind.from_pretrained(folder / part, **(number_format if is_network else {}))
    except (SafetensorError, OSError, EOFError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"{part} of {str(folder)!r} cannot be read: {_first_line(error)}; "
            "the file is damaged or missing, fetch or make it again"
        ) from error


def _index_of(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"model_index.json of {str(folder)!r} cannot be read: {_first_line(error)}; "
            "fetch or make it again"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back the libraries' progress bars and remarks on settings that do no harm."""
    import diffusers.utils.logging as diffusers_log
    import transformers.utils.logging as transformers_log

    logs = (diffusers_log, transformers_log)
    before = [log.get_verbosity() for log in logs]
    bar = transformers_log.is_progress_bar_enabled()
    for log in logs:
        log.set_verbosity_error()
    transformers_log.disable_progress_bar()
    try:
        yield
    finally:
        for log, level in zip(logs, before, strict=True):
            log.set_verbosity(level)
        if bar:
            transformers_log.enable_progress_bar()


def _class(library: str, class_name: str) -> Any:
    if library not in ("diffusers", "transformers"):
        raise ValueError(f"parts must come from diffusers or transformers, got {library!r}")
    kind = getattr(importlib.import_module(library), str(class_name), None)
    if kind is None:
        raise ValueError(f"parts must be classes that {library} has, got {class_name!r}; update it")
    return kind


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
