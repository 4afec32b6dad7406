"""The parts of an image model, from wherever people have it: a recipe, a folder, a file, an object.

The parts are loaded one by one, by the class names in `model_index.json`: the pipeline class itself
is not needed and its import costs seconds. Nothing is downloaded: a recipe or a name of the hub is
looked up on this machine, and what is missing is said with the command that fetches it. Models
with two text encoders (SDXL) have two further parts.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from playground.models.image_recipes import RECIPES, TAESD, TAESDXL, ImageRecipe, recipe_of
from playground.models.part_files import alone, index_of, part_of, quiet
from playground.models.recipes import folder_for, folder_of, found, require

PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
TWINS = ("text_encoder_2", "tokenizer_2")
TINY = Path(__file__).parent / "tiny" / "image"


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """Parts by name, and what is known about them."""

    parts: dict[str, Any]
    folder: Path | None = None  # None for a pipeline object and for a single file
    empty_is_zero: bool = False  # an empty negative prompt is the zero vector (SDXL)
    recipe: ImageRecipe | None = None


def loaded(source: Any, dtype: Any = None, *, codec: Any = None, config: Any = None) -> Loaded:
    """Everything behind `source`; networks read from files have `dtype`.

    `codec` is None for the one that belongs to the source (a recipe's is the tiny one), "tiny",
    "full", or a folder or hub name of another; `config` says what a single file does not: a folder,
    a recipe or a hub name whose settings it shares.
    """
    recipe = recipe_of(source)
    if recipe is not None:
        return _of_recipe(recipe, dtype, codec)
    if all(hasattr(source, part) for part in PARTS):
        return _of_object(source, dtype, codec)
    if not isinstance(source, str | Path):
        missing = [part for part in PARTS if not hasattr(source, part)]
        raise ValueError(
            f"model must be 'tiny', a recipe ({', '.join(RECIPES)}), a folder, a .safetensors file, "
            f"a hub name or a pipeline object with {', '.join(PARTS)}; "
            f"got {type(source).__name__} without {', '.join(missing)}"
        )
    if str(source).endswith((".safetensors", ".ckpt")):
        return _of_file(Path(source).expanduser(), dtype, codec, config)
    return _of_folder(folder_named(str(source)), dtype, codec)


def _of_recipe(recipe: ImageRecipe, dtype: Any, codec: Any) -> Loaded:
    if codec == "full":
        recipe = recipe.with_full_codec()
    require(recipe.repositories)
    base, own_codec = folder_of(recipe.repositories[0]), recipe.repository("codec")
    if codec in (None, "tiny", "full"):
        codec = folder_of(own_codec)
        codec = codec / "vae" if own_codec.files[0].startswith("vae/") else codec
    model = _of_folder(base, dtype, codec)
    lora = recipe.repository("lora")
    if lora is not None:
        from playground.models.lora import Loras

        with quiet():
            Loras.of_parts(model.parts).fuse(folder_of(lora) / lora.files[0])
    return Loaded(parts=model.parts, folder=base, empty_is_zero=model.empty_is_zero, recipe=recipe)


def _of_folder(folder: Path, dtype: Any, codec: Any) -> Loaded:
    index = index_of(folder)
    names = [*PARTS, *(twin for twin in TWINS if (index.get(twin) or [None])[0] is not None)]
    with quiet():
        parts = {
            part: part_of(folder, part, dtype)
            for part in names
            if part != "vae" or not _is_other(codec)
        }
        if _is_other(codec):
            parts["vae"] = _codec(codec, parts["unet"], dtype)
    zero = bool(index.get("force_zeros_for_empty_prompt", False))
    return Loaded(parts=parts, folder=folder, empty_is_zero=zero)


def _of_object(pipeline: Any, dtype: Any, codec: Any) -> Loaded:
    parts = {part: getattr(pipeline, part) for part in PARTS}
    twins = {twin: getattr(pipeline, twin, None) for twin in TWINS}
    parts |= {name: twin for name, twin in twins.items() if twin is not None}
    if _is_other(codec):
        with quiet():
            parts["vae"] = _codec(codec, parts["unet"], dtype)
    settings = getattr(pipeline, "config", None) or {}
    return Loaded(parts=parts, empty_is_zero=settings.get("force_zeros_for_empty_prompt", False))


def _of_file(path: Path, dtype: Any, codec: Any, config: Any) -> Loaded:
    from playground.models.single_file import parts_of_file, settings_folder

    folder = settings_folder(path, config)
    with quiet():
        parts = parts_of_file(path, folder, dtype)
        if _is_other(codec):
            parts["vae"] = _codec(codec, parts["unet"], dtype)
    zero = bool(index_of(folder).get("force_zeros_for_empty_prompt", False))
    return Loaded(parts=parts, empty_is_zero=zero)


def _is_other(codec: Any) -> bool:
    return codec not in (None, "full")


def _codec(codec: Any, unet: Any, dtype: Any) -> Any:
    """The tiny autoencoder that goes with this U-Net, or the one in a folder."""
    if codec == "tiny":
        is_xl = unet.config.get("addition_embed_type") == "text_time"
        return alone(folder_of(TAESDXL if is_xl else TAESD), "vae", dtype)
    folder = Path(codec).expanduser()
    if not folder.is_dir():
        known = found(str(codec), "config.json") if str(codec).count("/") == 1 else None
        if known is None:
            raise FileNotFoundError(
                f"codec must be 'tiny', 'full', a folder or a hub name on this machine, got {codec!r}"
            )
        folder = known.parent
    return alone(folder, "vae", dtype)


def folder_named(name: str) -> Path:
    """The diffusers folder of that name: 'tiny', a path, or a hub name that is on this machine."""
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
            f"model must be 'tiny', a folder that exists or a hub name 'owner/name', got {name!r}; "
            f"or one of the recipes {', '.join(RECIPES)}"
        )
    known = found(name, "model_index.json")
    if known is None:
        raise FileNotFoundError(
            f"model {name!r} is neither a folder here nor among the fetched weights, and nothing is "
            f"downloaded unasked; run `hf download {name} --local-dir {folder_for(name)}` where the "
            f"hub can be reached, and put the files into {folder_for(name)}"
        )
    return known.parent


def move(parts: dict[str, Any], device: torch.device | None, dtype: torch.dtype | None) -> None:
    """Bring all networks to a device and number format; None leaves them as they are."""
    for name in ("unet", "vae", "text_encoder", "text_encoder_2"):
        network = parts.get(name)
        if network is not None:
            wanted = _codec_dtype(parts, dtype) if name == "vae" else dtype
            _moved(network, device, wanted)


def _codec_dtype(parts: dict[str, Any], dtype: torch.dtype | None) -> torch.dtype | None:
    """Full precision for the autoencoders of SDXL that overflow in half of it.

    Others say the same of themselves by default, though they do not overflow.
    """
    is_xl = parts.get("text_encoder_2") is not None
    overflows = is_xl and parts["vae"].config.get("force_upcast", False)
    return torch.float32 if overflows and dtype == torch.float16 else dtype


def _moved(network: Any, device: torch.device | None, dtype: torch.dtype | None) -> None:
    if device is not None:
        network.to(device)
    if dtype is not None and network.dtype != dtype:
        network.to(dtype)
