"""From prompts to the embedding that a network reads: one text, or several with weights.

Embeddings of single texts are remembered by the model, so moving a weight costs no text encoder.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from playground.conditioning.blend import linear, spherical
from playground.models.image_model import ImageModel
from playground.models.vocabulary import Vocabulary, unknown_words

MIXTURES = {"linear": linear, "slerp": spherical}


@torch.inference_mode()
def embed(
    model: ImageModel,
    prompt: str,
    blend: tuple[tuple[str, float], ...] = (),
    blend_mode: str = "linear",
) -> Float[Tensor, "1 n d"]:
    """Embedding of `prompt`, or of the texts in `blend` by their weights where there are any.

    Weights are >= 0 and count relative to their sum. "linear" is the weighted mean; "slerp" the
    weighted mean on the sphere, token by token, for any number of texts.
    """
    if blend_mode not in MIXTURES:
        raise ValueError(f"blend_mode must be one of {', '.join(MIXTURES)}; got {blend_mode!r}")
    heard = [(text, weight) for text, weight in blend if weight > 0]
    if blend and not heard:
        raise ValueError(f"blend must have a weight above 0, got {[w for _, w in blend]}")
    if len(heard) < 2:
        return model.encode_prompt(heard[0][0] if heard else prompt)
    vectors = torch.stack([model.encode_prompt(text) for text, _ in heard])
    shares = torch.tensor([weight for _, weight in heard], device=vectors.device)
    mixed = MIXTURES[blend_mode](vectors.float(), shares / shares.sum())
    return mixed.to(vectors.dtype)


def check_prompt(text: str, vocabulary: Vocabulary | None) -> tuple[str, ...]:
    """Words of `text` that the vocabulary does not hold, in order; () where there is none."""
    return unknown_words(text, vocabulary)
