"""All models that can be streamed, the shipped ones and the published ones, as rows of one table.

A row says what a person wants to know before choosing: licence, size on disk and in memory, the size and
the number of steps that the model is made for, what of it is here, and about how much work a picture is.
Sizes of shipped models are counted in their files, those of published ones come from their recipes. No
network library is imported, nothing is loaded and nothing is downloaded.
"""

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground.models import image_recipes, video_recipes
from playground.models.image_recipes import ImageRecipe
from playground.models.recipes import BYTES, Recipe, needed_files
from playground.models.video_recipes import VideoRecipe

TINY = Path(__file__).parent / "tiny"
WORK = 2.5e-3  # operations a step for each parameter and pixel: 0.8 T for SD-Turbo at 512 x 512
ROOM = 1_500  # bytes a pixel and step that a picture on its way needs in half precision
CLIP_ROOM = 4_000  # the same for what is decoded of a chunk
TOKEN_PIXELS = 256  # behind one token of a video transformer: 8 x 8 a latent, 2 x 2 latents
WAN_WIDTH, WAN_LAYERS, WAN_PICTURES = 1536, 30, 4  # pictures a latent frame


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One model of the table."""

    name: str
    title: str
    kind: str  # image or video
    licence: str
    disk_bytes: int
    parameters: int  # in memory while streaming
    dtype: str  # recommended on a GPU
    size: tuple[int, int]  # pixels (H, W) that it is made for
    settings: str  # t-index list or steps, in words
    work_per_pixel: float  # operations for one pixel of one picture, all steps together
    room_per_pixel: float  # bytes for one pixel of what is under way or kept, in half precision
    attention: float = 0.0  # operations for each pair of pixels, all steps together
    passing_bytes: int = 0  # in the machine's memory for a moment: networks that leave after use
    missing: tuple[str, ...] = ()  # "owner/name/file" that is not on this machine
    remark: str = ""
    recipe: Recipe | None = None  # None: shipped

    @property
    def is_here(self) -> bool:
        """Whether it can be loaded without a download."""
        return not self.missing

    def memory_bytes(self, dtype: str | None = None, size: tuple[int, int] | None = None) -> int:
        """Estimate for weights and what is under way or kept."""
        wide = BYTES[dtype or self.dtype]
        pixels = math.prod(size or self.size)
        return round(self.parameters * wide + pixels * self.room_per_pixel * max(wide, 2) / 2)

    def work(self, size: tuple[int, int] | None = None) -> float:
        """Estimate of the operations for one picture."""
        pixels = math.prod(size or self.size)
        return pixels * (self.work_per_pixel + self.attention * pixels)


def everything() -> tuple[Entry, ...]:
    """All rows: shipped models first, then the published ones."""
    pictures = [_of_image_recipe(recipe) for recipe in image_recipes.RECIPES.values()]
    videos = [_of_video_recipe(recipe) for recipe in video_recipes.RECIPES.values()]
    return (_tiny_image(), _tiny_video(), *pictures, *videos)


def recipe_named(name: str) -> Recipe:
    """The published model of that name; raises ValueError that says which there are."""
    known = {entry.name: entry.recipe for entry in everything()}
    if name not in known:
        published = ", ".join(one for one, recipe in known.items() if recipe)
        raise ValueError(f"name must be one of {published}; got {name!r}")
    if known[name] is None:
        raise ValueError(f"name must be a published model, got {name!r}, which is in the package")
    return known[name]


def _of_image_recipe(recipe: ImageRecipe) -> Entry:
    steps = len(recipe.t_index)
    return Entry(
        kind="image",
        size=recipe.size,
        settings=f"t-index {', '.join(map(str, recipe.t_index))}, {_guidance(recipe)}",
        work_per_pixel=WORK * recipe.repository("base").parameters * steps,
        room_per_pixel=ROOM * steps,
        **_published(recipe),
    )


def _guidance(recipe: ImageRecipe) -> str:
    if recipe.guidance == "none":
        return "no guidance"
    return f"guidance {recipe.guidance} {recipe.guidance_scale:g}"


def _of_video_recipe(recipe: VideoRecipe) -> Entry:
    passes, kept = len(recipe.steps) + 1, recipe.window
    text = recipe.repository("text")
    return Entry(
        kind="video",
        size=recipe.size,
        settings=f"{passes - 1} steps, {recipe.chunk * WAN_PICTURES} pictures a chunk, window {kept}",
        room_per_pixel=4 * WAN_WIDTH * WAN_LAYERS * kept / TOKEN_PIXELS + CLIP_ROOM,
        passing_bytes=2 * text.parameters if text and not text.stays_in_memory else 0,
        **_transformer_work(
            recipe.repository("base").parameters, WAN_WIDTH * WAN_LAYERS, kept, passes, WAN_PICTURES
        ),
        **_published(recipe),
    )


def _transformer_work(
    parameters: int, width: int, kept: int, passes: int, pictures: int
) -> dict[str, float]:
    """Two operations for each parameter and token, four for each pair of tokens and unit of width."""
    tokens = 1 / TOKEN_PIXELS  # a pixel
    return {
        "work_per_pixel": 2 * parameters * tokens * passes / pictures,
        "attention": 4 * width * kept * tokens**2 * passes / pictures,
    }


def _published(recipe: Recipe) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "title": recipe.title,
        "licence": recipe.licence,
        "disk_bytes": recipe.disk_bytes,
        "parameters": recipe.memory_bytes("int8"),
        "dtype": recipe.dtype,
        "missing": _missing(recipe),
        "remark": recipe.remark,
        "recipe": recipe,
    }


def _missing(recipe: Recipe) -> tuple[str, ...]:
    return tuple(f"{file.repo}/{file.name}" for file in needed_files(recipe) if file.path is None)


def _tiny_image() -> Entry:
    folder = TINY / "image"
    counts = {part: _parameters(folder / part) for part in ("unet", "vae", "text_encoder")}
    return Entry(
        name="tiny",
        title="the image model of this project",
        kind="image",
        size=(64, 64),
        settings="t-index 16, 32",
        work_per_pixel=2 * WORK * counts["unet"] * 4,  # a latent stands for 4 x 4 pixels, not 8 x 8
        room_per_pixel=2 * ROOM,
        **_shipped(folder, "model_index.json", sum(counts.values())),
    )


def _tiny_video() -> Entry:
    folder = TINY / "video"
    config = _json(folder / "config.json")
    steps, chunk = len(config.get("timesteps", ())), config.get("chunk", 1)
    network = config.get("transformer", {})
    width = network.get("dim", 0) * network.get("num_layers", 0)
    parameters = _parameters(folder / "transformer.safetensors")
    return Entry(
        name="tiny-video",
        title="the video model of this project",
        kind="video",
        size=tuple(config.get("size", (64, 64))),
        settings=f"{steps} steps, {chunk} pictures a chunk",
        room_per_pixel=CLIP_ROOM * chunk,
        **_transformer_work(parameters, width, 3 * chunk, steps + 1, 1),
        **_shipped(folder, "config.json", _parameters(folder)),
    )


def _shipped(folder: Path, index: str, parameters: int) -> dict[str, Any]:
    here = (folder / index).is_file() and parameters > 0
    return {
        "licence": "Apache-2.0",
        "disk_bytes": sum(path.stat().st_size for path in folder.rglob("*.safetensors")),
        "parameters": parameters,
        "dtype": "float32",
        "missing": () if here else (str(folder / index),),
    }


def _parameters(place: Path) -> int:
    """Numbers in the safetensors files of a folder, counted in their headers."""
    files = [place] if place.is_file() else sorted(place.rglob("*.safetensors"))
    return sum(_numbers_in(path) for path in files)


def _numbers_in(path: Path) -> int:
    """The header of a safetensors file: its length in 8 bytes, then JSON with a shape for each name."""
    with open(path, "rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        header = json.loads(stream.read(length))
    return sum(math.prod(one["shape"]) for name, one in header.items() if name != "__metadata__")


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
