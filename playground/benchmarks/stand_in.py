"""Random weights in the shape of the tiny image model, to measure speed before there are trained ones."""

import json
from pathlib import Path

import torch

from playground.models.loading import TINY


def weights_folder(source: str, scratch: Path) -> tuple[str, bool]:
    """Where to load `source` from, and whether that is a stand-in with random weights.

    Only "tiny" without its weights gets a stand-in, made in the folder `scratch`.
    """
    if source != "tiny" or (TINY / "model_index.json").is_file():
        return source, False
    save_random(scratch)
    return str(scratch), True


def save_random(folder: Path, seed: int = 0) -> None:
    """Write a pipeline with random weights in diffusers' layout."""
    from transformers.utils import logging

    from playground.training.codec import build_codec
    from playground.training.networks import build_scheduler, build_text_encoder, build_unet
    from playground.training.words import build_tokenizer

    logging.disable_progress_bar()
    torch.manual_seed(seed)
    tokenizer = build_tokenizer(("a", "fox", "on", "red", "snow"))
    parts = {
        "unet": ("diffusers", build_unet()),
        "vae": ("diffusers", build_codec()),
        "text_encoder": ("transformers", build_text_encoder(tokenizer)),
        "tokenizer": ("transformers", tokenizer),
        "scheduler": ("diffusers", build_scheduler("v_prediction")),
    }
    for name, (_, part) in parts.items():
        part.save_pretrained(folder / name)
    index = {name: [library, type(part).__name__] for name, (library, part) in parts.items()}
    index["_class_name"] = "StableDiffusionPipeline"
    (folder / "model_index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")
