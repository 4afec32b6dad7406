"""Several texts heard at once: their word vectors mixed, then the network's own text layers.

Mixing is that of `conditioning.blend`, place by place in the sentences. Knows no cache and no time.
"""

import torch

from playground.conditioning.blend import linear, spherical
from playground.models.key_values import Context
from playground.models.video_model import VideoModel
from playground.streams.transition import Hearing

MIXING = {"linear": linear, "slerp": spherical}


@torch.inference_mode()
def context_of(model: VideoModel, hearing: Hearing) -> Context:
    """Cross-attention keys and values of what is heard."""
    if hearing.is_there:
        return model.context(hearing.target)
    texts, shares = zip(*hearing.mixture, strict=True)
    vectors = torch.stack([model.words([text]) for text in texts]).float()
    mixed = MIXING[hearing.way.kind](vectors, torch.tensor(shares, device=vectors.device))
    return model.transformer.context(mixed.to(model.dtype))
