"""Several texts heard at once: their word vectors mixed, then the network's own text layers.

Mixing is that of `conditioning.blend`, place by place in the sentences. Knows no cache and no time.
"""

import torch

from playground.conditioning.blend import linear, spherical
from playground.models.key_values import Context
from playground.models.video_model import VideoModel
from playground.streams.transition import Hearing
from playground.streams.weighted_prompts import Mixture

MIXING = {"linear": linear, "slerp": spherical}


@torch.inference_mode()
def context_of(model: VideoModel, hearing: Hearing) -> Context:
    """Cross-attention keys and values of what is heard."""
    mixture, kind = hearing.mixture, hearing.way.kind
    if len(mixture) == 1:
        return model.context(mixture[0][0])
    if not hearing.is_there:
        return _mixed(model, mixture, kind)
    return model.remembered((kind, mixture), lambda: _mixed(model, mixture, kind))


def _mixed(model: VideoModel, mixture: Mixture, kind: str) -> Context:
    texts, shares = zip(*mixture, strict=True)
    vectors = model.words(list(texts)).to(model.device).float()
    mixed = MIXING[kind](vectors, torch.tensor(shares, device=vectors.device))
    return model.transformer.context(mixed[None].to(model.dtype))
