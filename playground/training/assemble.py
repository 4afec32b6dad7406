"""Puts the trained parts together as a diffusers folder in half precision: what the package ships."""

import argparse
import json
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from playground.training.distill import DistillRecipe
from playground.training.distill import add_arguments as distill_arguments
from playground.world.vocabulary import vocabulary


def assemble(
    folder: Path,
    *,
    unet: UNet2DConditionModel,
    codec: AutoencoderTiny,
    text_encoder: CLIPTextModel,
    tokenizer: CLIPTokenizer,
    scheduler,
) -> None:
    """Writes the five parts to `folder`, weights in float16, and the vocabulary beside them."""
    pipeline = StableDiffusionPipeline(
        vae=codec, text_encoder=text_encoder, tokenizer=tokenizer, unet=unet, scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipeline.to(dtype=torch.float16)
    pipeline.save_pretrained(folder, safe_serialization=True)
    _forget_origins(folder)
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary(), indent=1) + "\n")


def frozen_part(kind: type, folder: Path, part: str) -> torch.nn.Module:
    """A part of such a folder in float32, not to be trained."""
    module = kind.from_pretrained(folder, subfolder=part).float().eval().requires_grad_(False)
    return module.to(memory_format=torch.channels_last) if part in ("unet", "vae") else module


def _forget_origins(folder: Path) -> None:
    """Removes the path on the training machine, which diffusers notes in every part's settings."""
    for path in folder.glob("*/config.json"):
        settings = json.loads(path.read_text())
        settings.pop("_name_or_path", None)
        path.write_text(json.dumps(settings, indent=2) + "\n")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground train assemble`."""
    distill_arguments(parser)
    parser.add_argument("--folder", type=Path, required=True, help="where the pipeline is written")
    parser.add_argument("--undistilled", action="store_true", help="take the teacher's U-Net")


def run(args: argparse.Namespace) -> None:
    """Reads codec, teacher and student from their folders and writes the pipeline."""
    args.lr, args.steps, args.init = 0.0, 0, None
    recipe = DistillRecipe(args)
    assemble(
        args.folder,
        unet=recipe.teacher.unet if args.undistilled else recipe.averaged(),
        codec=recipe.codec,
        text_encoder=recipe.teacher.text_encoder,
        tokenizer=recipe.tokenizer,
        scheduler=recipe.scheduler,
    )
