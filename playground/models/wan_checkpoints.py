"""A published Wan transformer as a `CausalWan`: all of it, or an error that names what does not fit.

    wan = load_wan("self_forcing_dmd.pt", dtype=torch.bfloat16)
    wan = load_wan("models/longlive_base.pt", lora="models/lora.pt")

The network is made without memory (on the meta device), every key is compared, and only then tensors are
assigned, one after the other: mapped from the file where nothing is to be changed, else converted, merged
or rounded to 8 bits one at a time. So a network is never half loaded and never in memory twice. While it
runs from a mapped file, that file must not be overwritten. Knows no stream and no recipe.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from playground.models import wan_layouts
from playground.models.causal_wan import CausalWan, WanConfig
from playground.models.int8_linear import as_int8, with_int8_layers
from playground.models.wan_lora import LowRank, check_lora, lora_of
from playground.models.weight_files import checkpoint_in, tensors_of


def load_wan(
    path: str | Path,
    *,
    lora: str | Path | None = None,
    strength: float = 1.0,
    which: str | None = None,
    names: Mapping[str, str] | None = None,
    dtype: torch.dtype | None = None,
    int8: bool = False,
    device: str | torch.device = "cpu",
) -> CausalWan:
    """The transformer of a file or folder, evaluating and without gradients.

    `which` chooses a wrapping ("generator", "generator_ema"), `names` maps beginnings of names that are
    neither Wan's nor diffusers' (a track head), `dtype` None keeps the file's own number format.
    """
    path = Path(path).expanduser()
    tensors = tensors_of(path, which)
    ours = wan_layouts.our_names(tensors, names)
    tensors = {ours[name]: tensor for name, tensor in tensors.items()}
    config = wan_layouts.config_of(_shapes(tensors), config_beside(path))
    tensors = _as_matrices(tensors)
    additions = {} if lora is None else lora_of(tensors_of(Path(lora).expanduser()), str(lora))
    with torch.device("meta"):
        wan = CausalWan(config)
    wan_layouts.check_fit(_shapes(tensors), _shapes(wan.state_dict()), repr(str(path)))
    check_lora(additions, _shapes(tensors), repr(str(lora)))
    dtype = dtype or tensors["patch_embedding.weight"].dtype
    in_int8 = set(with_int8_layers(wan, dtype)) if int8 else set()
    state: dict[str, Tensor] = {}
    for name in list(tensors):  # taken out one by one, so that nothing is kept twice
        state |= _final(
            name, tensors.pop(name), additions.get(name), strength, in_int8, dtype, device
        )
    wan.load_state_dict(state, assign=True)
    return wan.eval().requires_grad_(False)


def config_of_file(path: str | Path, names: Mapping[str, str] | None = None) -> WanConfig:
    """The sizes of a checkpoint; reads no weight."""
    tensors = tensors_of(Path(path).expanduser())
    ours = wan_layouts.our_names(tensors, names)
    shapes = {ours[name]: tuple(tensor.shape) for name, tensor in tensors.items()}
    return wan_layouts.config_of(shapes, config_beside(Path(path).expanduser()))


def config_beside(path: Path) -> dict[str, Any] | None:
    """What the config.json of a checkpoint's folder says; None where there is none."""
    folder = path if path.is_dir() else checkpoint_in(path).parent
    file = folder / "config.json"
    if not file.is_file():
        return None
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"config.json of {str(folder)!r} cannot be read: {error}") from error
    return config if isinstance(config, dict) else None


def _final(
    name: str,
    tensor: Tensor,
    addition: LowRank | None,
    strength: float,
    in_int8: set[str],
    dtype: torch.dtype,
    device: str | torch.device,
) -> dict[str, Tensor]:
    """One weight as the network keeps it: merged, rounded, in its format and place."""
    if addition is not None:
        tensor = addition.added_to(tensor, strength)
    layer = name.removesuffix(".weight")
    if layer in in_int8 and name != layer:
        rounded, scale = as_int8(tensor)
        return {name: rounded.to(device), f"{layer}.scale": scale.to(device, dtype)}
    return {name: tensor.to(device, dtype)}


def _as_matrices(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Convolutions of a track head as the matrices that they are: kernel = stride, channels first."""
    return {
        name: tensor.flatten(1) if name.startswith("track_head.") and tensor.ndim > 2 else tensor
        for name, tensor in tensors.items()
    }


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
