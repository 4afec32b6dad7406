"""Image models in one .safetensors file, in the layout that their authors and most tools use.

Such a file holds weights alone. Settings, tokenizers and scheduler come from a folder with the small
files of a model of the same architecture; diffusers translates the names. The architecture is read
from the names in the file's header, without its weights. Knows no streams.
"""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from playground.models.image_recipes import RECIPES
from playground.models.part_files import UNREADABLE, first_line, index_of
from playground.models.recipes import Repository, folder_for, found

SECOND_ENCODER = "conditioner.embedders.1."
TEXT_WIDTH = "model.diffusion_model.input_blocks.{}.1.transformer_blocks.0.attn2.to_k.weight"
FAMILIES = {"sd1": "sd15-lcm", "sdxl": "sdxl-lcm"}  # where the settings are, unless told


def family_of(path: Path) -> str:
    """sd1, sd2 or sdxl; raises ValueError for a file that is none of them."""
    try:
        with safe_open(str(path), framework="pt") as file:
            names = set(file.keys())
            widths = [
                file.get_slice(name).get_shape()[-1]
                for block in (1, 2, 4)
                if (name := TEXT_WIDTH.format(block)) in names
            ]
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"model file {str(path)!r} cannot be read: {first_line(error)}; "
            "the file is damaged, fetch or make it again"
        ) from error
    if any(name.startswith(SECOND_ENCODER) for name in names):
        return "sdxl"
    if not widths:
        raise ValueError(
            f"model file must hold a whole Stable Diffusion model, got {str(path)!r} without "
            "'model.diffusion_model...'; a LoRA or an autoencoder is added to a model"
        )
    return "sd2" if widths[0] == 1024 else "sd1"


def settings_folder(path: Path, config: Any) -> Path:
    """The folder with the settings for a file: the given one, else that of its architecture."""
    if path.suffix != ".safetensors":
        raise ValueError(f"model file must be .safetensors, got {str(path)!r}; convert it first")
    if not path.is_file():
        raise FileNotFoundError(f"model must be a file that exists, got {str(path)!r}")
    family = family_of(path)
    if config is None:
        config = FAMILIES.get(family)
    if config is None:
        raise ValueError(
            "config must be given for a file of Stable Diffusion 2, since it does not say what it "
            "predicts; use config='sd-turbo' or a folder with the settings, got None"
        )
    if config in RECIPES:
        return _settings_of(RECIPES[config].repositories[0])
    if (Path(config) / "model_index.json").is_file():
        return Path(config)
    known = found(str(config), "model_index.json") if str(config).count("/") == 1 else None
    if known is None:
        raise FileNotFoundError(
            f"config must be a recipe ({', '.join(RECIPES)}), or a folder or hub name on this "
            f"machine with model_index.json, got {str(config)!r}"
        )
    return known.parent


def parts_of_file(path: Path, settings: Path, dtype: Any) -> dict[str, Any]:
    """The parts of the model in the file."""
    import diffusers

    kind = getattr(diffusers, index_of(settings)["_class_name"])
    options = {"safety_checker": None} if "safety_checker" in index_of(settings) else {}
    try:
        pipeline = kind.from_single_file(
            str(path), config=str(settings), local_files_only=True, torch_dtype=dtype, **options
        )
    except (*UNREADABLE, KeyError, AttributeError, TypeError) as error:
        raise ValueError(
            f"model file {str(path)!r} does not fit the settings in {str(settings)!r}: "
            f"{first_line(error)}; give the right ones with config="
        ) from error
    names = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
    twins = ("text_encoder_2", "tokenizer_2")
    found_twins = [name for name in twins if getattr(pipeline, name, None) is not None]
    return {name: getattr(pipeline, name) for name in (*names, *found_twins)}


def _settings_of(base: Repository) -> Path:
    """The folder with a model's small files; its weights need not be there."""
    small = [name for name in base.files if not name.endswith(".safetensors")] + ["vae/config.json"]
    missing = [name for name in small if found(base.repo, name) is None]
    if missing:
        folder = folder_for(base.repo)
        raise FileNotFoundError(
            f"settings of {base.repo} must be on this machine to read a single file, "
            f"{', '.join(missing[:3])} is missing; run `hf download {base.repo} {' '.join(small)} "
            f"--local-dir {folder}` where the hub can be reached, put the files into {folder}, or "
            "give a folder with config="
        )
    return found(base.repo, "model_index.json").parent
