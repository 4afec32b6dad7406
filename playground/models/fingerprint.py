"""A short name for the weights of a model: two models have the same one when they give the same pictures.

Names, shapes and some numbers of every weight go in, not all numbers: a training changes all of them, and
a large model must not be read through for a name. Number format and device are left out.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

NUMBERS = 64  # of every weight, evenly spread
PARTS = ("unet", "vae", "text_encoder", "transformer", "codec", "words")


def fingerprint(model: Any) -> str:
    """Sixteen letters for an `ImageModel` or a `VideoModel`."""
    digest = hashlib.sha256()
    for name in PARTS:
        part = getattr(model, name, None)
        if isinstance(part, nn.Module):
            _read(digest, name, part.state_dict().items())
    return digest.hexdigest()[:16]


def _read(digest: Any, part: str, weights: Iterable[tuple[str, Tensor]]) -> None:
    for name, weight in weights:
        digest.update(f"{part} {name} {tuple(weight.shape)}".encode())
        flat = weight.detach().reshape(-1)
        places = torch.linspace(0, len(flat) - 1, min(NUMBERS, len(flat))).long()
        some = flat[places.to(flat.device)].cpu().half()  # weights are shipped in half precision
        digest.update(some.numpy().tobytes())
