"""Reads named tensors from published files without copying them: .pt, .pth, .safetensors, one or sharded.

Files are mapped into memory, so a weight costs nothing until it is used, and a tensor that is taken as
it is never exists twice. Pickles are read with `weights_only=True`: no code in them runs. Knows no
network; `wan_layouts` knows what the names mean.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

WRAPPINGS = ("generator_ema", "generator", "generator_lora", "state_dict", "model", "ema")
ENDINGS = (".pt", ".pth", ".bin", ".ckpt", ".safetensors")


def tensors_of(path: Path, which: str | None = None) -> dict[str, Tensor]:
    """All tensors of a file, of a shard index, or of the one checkpoint in a folder.

    `which` names the wrapping to take where a file has several, such as "generator"; without it the
    averaged weights (`generator_ema`) come first.
    """
    path = checkpoint_in(path)
    try:
        if path.name.endswith(".index.json"):
            return _sharded(path)
        if path.suffix == ".safetensors":
            return _safetensors(path)
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, EOFError, RuntimeError, ValueError, KeyError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"{str(path)!r} cannot be read as a checkpoint: {reason}; fetch it again"
        ) from error
    except Exception as error:  # unpickling refuses in its own class, and damaged files in others
        raise ValueError(
            f"{str(path)!r} must hold tensors alone, as read with weights_only=True; "
            f"got {type(error).__name__}, fetch it again or save it as .safetensors"
        ) from error
    return _unwrapped(loaded, which, path)


def checkpoint_in(path: Path) -> Path:
    """The file itself, or the index or only checkpoint of a folder."""
    if not path.is_dir():
        if not path.is_file():
            raise FileNotFoundError(f"checkpoint must be a file or folder, got {str(path)!r}")
        if path.suffix not in ENDINGS and not path.name.endswith(".index.json"):
            raise ValueError(f"checkpoint must end in {', '.join(ENDINGS)}; got {path.name!r}")
        return path
    for pattern in ("*.safetensors.index.json", "*.safetensors", "*.pt", "*.pth"):
        found = sorted(path.glob(pattern))
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(one.name for one in found[:4])
            raise ValueError(
                f"a folder must hold one checkpoint, got {names} in {str(path)!r}; name the file"
            )
    raise FileNotFoundError(
        f"a folder must hold a checkpoint ({', '.join(ENDINGS)}), got {str(path)!r} without one"
    )


def _safetensors(path: Path) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping


def _sharded(index: Path) -> dict[str, Tensor]:
    places = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    absent = sorted({name for name in places.values() if not (index.parent / name).is_file()})
    if absent:
        raise FileNotFoundError(
            f"all shards of {index.name} must lie beside it, {', '.join(absent)} missing"
        )
    merged: dict[str, Tensor] = {}
    for name in sorted(set(places.values())):
        merged |= _safetensors(index.parent / name)
    return merged


def _unwrapped(loaded: Any, which: str | None, path: Path) -> dict[str, Tensor]:
    """The tensors themselves, out of whatever dictionaries lie around them."""
    while isinstance(loaded, Mapping):
        wanted = (which,) if which in loaded else WRAPPINGS
        inner = next((one for one in wanted if isinstance(loaded.get(one), Mapping)), None)
        if inner is None:
            break
        loaded = loaded[inner]
    if not isinstance(loaded, Mapping) or not all(isinstance(v, Tensor) for v in loaded.values()):
        keys = ", ".join(map(str, loaded)) if isinstance(loaded, Mapping) else type(loaded).__name__
        raise ValueError(
            f"{str(path)!r} must hold named tensors, plain or under one of {', '.join(WRAPPINGS)}; "
            f"got {keys:.120}"
        )
    return dict(loaded)
