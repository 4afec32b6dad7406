"""Contact sheets: what the model makes of many prompts, to be looked at while it learns."""

import itertools
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from playground.frames.tensors import from_tensor
from playground.world.captions import caption
from playground.world.vocabulary import BACKGROUNDS, OBJECTS

SHEET_OBJECTS = OBJECTS[::3]


def sheet_prompts(objects: tuple[str, ...] = SHEET_OBJECTS) -> list[str]:
    """One prompt for each object, walking through the backgrounds."""
    return [caption(word, BACKGROUNDS[k % len(BACKGROUNDS)]) for k, word in enumerate(objects)]


def tile(pictures: np.ndarray, columns: int, scale: int = 2) -> Image.Image:
    """Lays uint8 pictures [b, H, W, 3] out in rows, enlarged smoothly."""
    blank = np.full((-len(pictures) % columns, *pictures.shape[1:]), 255, np.uint8)
    rows = np.concatenate([pictures, blank]).reshape(-1, columns, *pictures.shape[1:])
    sheet = Image.fromarray(np.concatenate([np.concatenate(list(row), 1) for row in rows]))
    return sheet.resize((sheet.width * scale, sheet.height * scale), Image.BICUBIC)


@torch.no_grad()
def ddim(predict_clean, x: Tensor, alphas: Tensor, steps: int) -> Tensor:
    """Deterministic sampling in `steps` equal jumps; `predict_clean(x, t)` gives x0."""
    times = torch.linspace(999, 0, steps + 1).round().long()
    for now, then in itertools.pairwise(times):
        x0 = predict_clean(x, now)
        a, b = alphas[now].sqrt(), (1 - alphas[now]).sqrt()
        eps = (x - a * x0) / b
        x = alphas[then].sqrt() * x0 + (1 - alphas[then]).sqrt() * eps if then > 0 else x0
    return x


@torch.no_grad()
def save_sheet(recipe, path: Path, *, steps: int = 10, guidance: float = 2.0) -> None:
    """Samples the averaged teacher with guidance and writes a contact sheet."""
    prompts = sheet_prompts()
    denoiser = recipe.averaged()
    tokens = recipe.tokenizer(
        prompts + [""] * len(prompts), padding="max_length", return_tensors="pt"
    ).input_ids
    alphas = recipe.scheduler.alphas_cumprod
    shape = (len(prompts), recipe.codec.config.latent_channels, 16, 16)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))

    def predict_clean(x: Tensor, t: Tensor) -> Tensor:
        output = denoiser(torch.cat([x, x]), t.expand(2 * len(x)), tokens)
        a, b = alphas[t].sqrt(), (1 - alphas[t]).sqrt()
        wanted, free = (a * torch.cat([x, x]) - b * output).chunk(2)
        if recipe.scheduler.config.prediction_type == "epsilon":
            wanted, free = ((torch.cat([x, x]) - b * output) / a).chunk(2)
        return free + guidance * (wanted - free)

    save_pixels(recipe.codec.decoder(ddim(predict_clean, x, alphas, steps)), path)


def save_pixels(decoded: Tensor, path: Path, columns: int = 12) -> None:
    """Writes decoded pictures as a contact sheet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tile(from_tensor(decoded), columns).save(path)
