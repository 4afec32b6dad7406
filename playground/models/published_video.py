"""Published video weights as the parts of a `VideoModel`: a recipe's name, a folder, or a single file.

    parts, settings, folder = read("longlive-1.3b", Wishes(decoder="tiny"))

What will be needed is computed and told before anything is allocated. Nothing is downloaded: what is
missing is named with the command that fetches it and the folder it belongs in. The prompts' encoder and
the autoencoder of a single file are looked for beside it, then in the models folder.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import nn

from playground.models import memory_estimate, recipes, video_recipes
from playground.models.causal_wan import CausalWan
from playground.models.memory_estimate import Choice, MemoryEstimate
from playground.models.tiny_wan_vae import tiny_wan_codec
from playground.models.video_recipes import RECIPES, VideoRecipe
from playground.models.video_settings import VideoSettings
from playground.models.wan_checkpoints import config_of_file, load_wan
from playground.models.wan_text import Umt5Prompts
from playground.models.wan_vae import WanCodec
from playground.models.weight_files import ENDINGS, tensors_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """How published weights shall be kept; None = what fits."""

    weights: str | None = None  # float32, bfloat16, float16 or int8
    decoder: str | None = None  # full or tiny
    offload: bool | None = None  # blocks on the CPU, moved over one by one
    size: tuple[int, int] | None = None  # pixels (H, W), multiples of 16; None = as trained
    parts: str | Path | None = None  # folder with vae/, text_encoder/ and tokenizer/
    lora: str | Path | None = None  # a LoRA to merge; a recipe brings its own
    names: Mapping[str, str] | None = None  # beginnings of names that are nobody's: {theirs: ours}
    keep_text_encoder: bool = False  # in memory between prompts

    def __post_init__(self) -> None:
        Choice(weights=self.weights or "bfloat16", decoder=self.decoder or "full")
        if self.size is not None:
            sides = self.size if isinstance(self.size, tuple | list) else (self.size, self.size)
            if len(sides) != 2 or any(side < 16 or side % 16 for side in sides):
                raise ValueError(f"size must be (H, W) in multiples of 16, got {self.size!r}")
            object.__setattr__(self, "size", tuple(sides))


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where the files of one model are."""

    checkpoint: Path
    lora: Path | None
    text: Path
    codec: Path  # holds vae/
    folder: Path


def is_published(source: str | Path) -> bool:
    """Whether `read` can make something of it: a recipe, a checkpoint, or a folder with Wan's config."""
    if str(source) in RECIPES:
        return True
    path = Path(source).expanduser()
    if path.is_file():
        return path.suffix in ENDINGS or path.name.endswith(".index.json")
    if (path / "model_index.json").is_file() and (path / "transformer").is_dir():
        return True
    try:
        kind = json.loads((path / "config.json").read_text(encoding="utf-8")).get("_class_name", "")
    except FileNotFoundError:
        return has_checkpoint(path)
    except (OSError, ValueError, AttributeError):
        return False
    return "Wan" in str(kind)


def has_checkpoint(folder: Path) -> bool:
    """Whether trainers' files lie in a folder."""
    return any(next(folder.glob(pattern), None) is not None for pattern in ("*.pt", "*.pth"))


def local(source: str | Path) -> str | Path:
    """A hub name, "owner/name", as its folder on this machine or as its recipe; whatever else as it is.

    Raises FileNotFoundError that says how to fetch it: nothing is downloaded unasked.
    """
    name = str(source)
    owner, slash, rest = name.partition("/")
    named = slash and owner.strip("~.") and rest and "/" not in rest and "\\" not in name
    if not named or Path(name).exists():
        return source
    marks = ("model_index.json", "config.json")
    places = [place.parent for mark in marks if (place := recipes.found(name, mark))]
    known, place = video_recipes.recipe_of_repo(name), recipes.folder_for(name)
    if not places and known is not None:
        return known.name  # whose message names the files, where they are missing
    places += [place] if has_checkpoint(place) else []
    if not places:
        raise FileNotFoundError(
            "model must be 'tiny', a recipe, a folder or file that exists, or a hub name that is on this "
            f"machine, got {name!r}; on a machine with the hub run `hf download {name} --local-dir "
            f"{place}` and put the files into {place}"
        )
    return places[0]


def read(
    source: str | Path, wishes: Wishes | None = None, device: torch.device | str = "cpu"
) -> tuple[dict[str, nn.Module], VideoSettings, Path]:
    """Transformer, codec and prompts, how to stream them, and the folder that they are from."""
    wishes, device = wishes or Wishes(), torch.device(device)
    recipe, places = _placed(source, wishes)
    names = {**dict(recipe.names), **(wishes.names or {})}
    config = config_of_file(places.checkpoint, names)
    settings = recipe.settings
    settings = settings if wishes.size is None else replace(settings, size=wishes.size)
    plan = planned(config, settings, recipe, wishes, device)
    tell(f"{recipe.title if source in RECIPES else places.checkpoint.name}: {plan}")
    choice = plan.choice
    dtype = getattr(torch, "bfloat16" if choice.weights == "int8" else choice.weights)
    transformer = load_wan(
        places.checkpoint, lora=places.lora, which=recipe.which, names=names,
        dtype=dtype, int8=choice.weights == "int8", device="cpu" if choice.offload else device,
    )  # fmt: skip
    if choice.offload:
        offload(transformer, device)
    codec = _codec(places, choice.decoder, dtype).to(device)
    stays = wishes.keep_text_encoder
    words = Umt5Prompts(places.text, stays=stays, length=config.text_len)
    parts = {"transformer": transformer, "codec": codec, "words": words}
    return parts, settings, places.folder


def planned(
    config: Any,
    settings: VideoSettings,
    recipe: VideoRecipe,
    wishes: Wishes,
    device: torch.device,
) -> MemoryEstimate:
    """What is wished for, or what fits into the memory that is free now."""
    recommended = "float32" if device.type == "cpu" else recipe.dtype
    if wishes.weights is None and wishes.decoder is None and wishes.offload is None:
        can_offload = device.type != "cpu"
        free = free_bytes(device)
        return memory_estimate.fitting(config, settings, recommended, free, can_offload=can_offload)
    choice = Choice(
        weights=wishes.weights or recommended,
        decoder=wishes.decoder or "full",
        offload=bool(wishes.offload),
    )
    return memory_estimate.estimate(config, settings, choice)


def free_bytes(device: torch.device) -> int:
    """Memory of a device that nobody uses right now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


def tell(text: str) -> None:
    """Say something to whoever waits, before a long wait."""
    sys.stderr.write(f"{text}\n")


def offload(transformer: CausalWan, device: torch.device | str) -> None:
    """Keep the layers of all blocks on the CPU and move each over while it works."""
    from accelerate import cpu_offload

    transformer.to("cpu")
    for block in transformer.blocks:
        for part in (block.self_attn, block.cross_attn, block.norm3, block.ffn):
            cpu_offload(part, execution_device=torch.device(device), offload_buffers=True)
        block.modulation.data = block.modulation.data.to(device)
    for name, part in transformer.named_children():
        if name != "blocks":
            part.to(device)


def _placed(source: str | Path, wishes: Wishes) -> tuple[VideoRecipe, Places]:
    recipe = video_recipes.recipe_for(source)
    own = None if wishes.parts is None else Path(wishes.parts).expanduser()
    if str(source) in RECIPES:
        needed = [one for one in recipe.repositories if own is None or one.role in ("base", "lora")]
        recipes.require(needed)
        base = recipes.folder_of(recipe.repositories[0])
        lora = recipe.repository("lora")
        lora_file = None if lora is None else recipes.folder_of(lora) / recipe.lora_file
        lora_file = wishes.lora or lora_file
        shared = own or recipes.folder_of(video_recipes.TEXT)
        checkpoint = base / recipe.checkpoint
        return recipe, Places(
            checkpoint=checkpoint, lora=lora_file, text=shared, folder=base,
            codec=own or recipes.folder_of(video_recipes.CODEC),
        )  # fmt: skip
    path = Path(source).expanduser()
    checkpoint = path / "transformer" if (path / "transformer").is_dir() else path
    folder = path if path.is_dir() else path.parent
    shared = own or (folder if (folder / "text_encoder").is_dir() else None)
    if shared is None:
        recipes.require([video_recipes.TEXT, video_recipes.CODEC])
        shared = recipes.folder_of(video_recipes.TEXT)
    lora = None if wishes.lora is None else Path(wishes.lora).expanduser()
    free = replace(recipe, which=None)
    return free, Places(checkpoint=checkpoint, lora=lora, text=shared, codec=shared, folder=folder)


def _codec(places: Places, decoder: str, dtype: torch.dtype) -> nn.Module:
    if decoder == "tiny":
        return tiny_wan_codec(tensors_of(_tiny_file(places)), "taew2_1.pth").to(dtype)
    from diffusers import AutoencoderKLWan

    folder = places.codec / "vae"
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the folder of parts must hold vae/, got {str(places.codec)!r} without it; fetch it "
            f"with `{video_recipes.CODEC.command}`"
        )
    return WanCodec(AutoencoderKLWan.from_pretrained(folder, torch_dtype=dtype))


def _tiny_file(places: Places) -> Path:
    name, repo = video_recipes.TINY_CODEC_FILE, video_recipes.TINY_CODEC_REPO
    home = recipes.folder_for(repo)
    found = [one / name for one in (places.folder, places.codec, home) if (one / name).is_file()]
    if not found:
        raise FileNotFoundError(
            f"the tiny decoder must be on this machine, {name} is missing: run `curl -L --create-dirs -o "
            f"{home / name} {video_recipes.TINY_CODEC_URL}` and put it into {home}"
        )
    return found[0]
