"""From a text to what a U-Net reads of it: one encoder, or the two of Stable Diffusion XL.

One encoder gives its last layer. Two give their last layers but one, side by side, and the second a
summary of the whole text besides (Podell et al., SDXL, arXiv 2307.01952, sec. 2.1 and table 1). The
summary rides as further tokens behind the others, filled up with zeros (`packed`, `unpacked`): so
everything that mixes, repeats and caches embeddings treats it like words, and only the network that
reads it knows better. This module knows no prompts' weights, no guidance and no streams.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad


@dataclass(frozen=True, kw_only=True, slots=True)
class TextEncoding:
    """One or two encoders with their tokenizers."""

    encoders: tuple[Any, ...]
    tokenizers: tuple[Any, ...]
    empty_is_zero: bool = False  # nothing to move away from is the zero vector, not the empty text

    @property
    def limit(self) -> int:
        """Longest text in tokens, start and end token included."""
        return min(_limit(*pair) for pair in zip(self.encoders, self.tokenizers, strict=True))

    def count(self, text: str) -> int:
        """Tokens of a text that is not cut."""
        return len(self.tokenizers[0](text, truncation=False, verbose=False).input_ids)

    @torch.inference_mode()
    def embed(self, text: str, device: torch.device) -> Float[Tensor, "1 n d"]:
        """Embedding of a text; with two encoders the summary is packed behind it."""
        if len(self.encoders) == 1:
            return self._read(0, text, device)[0]
        answers = [
            self._read(place, text, device, output_hidden_states=True)
            for place in range(len(self.encoders))
        ]
        words = torch.cat([answer.hidden_states[-2] for answer in answers], dim=-1)
        vector = packed(words, answers[-1][0])
        return torch.zeros_like(vector) if self.empty_is_zero and not text else vector

    def _read(self, place: int, text: str, device: torch.device, **options: Any) -> Any:
        encoder, tokenizer = self.encoders[place], self.tokenizers[place]
        tokens = tokenizer(
            text, padding="max_length", max_length=self.limit, truncation=True, return_tensors="pt"
        )
        wants_mask = getattr(encoder.config, "use_attention_mask", False)
        mask = tokens.attention_mask.to(device) if wants_mask else None
        return encoder(tokens.input_ids.to(device), attention_mask=mask, **options)


def packed(words: Float[Tensor, "b n d"], summary: Float[Tensor, "b p"]) -> Tensor:
    """Words, and behind them the summary as as many tokens of the same width as it needs."""
    width = words.shape[-1]
    tokens = pad(summary, (0, -summary.shape[-1] % width)).unflatten(-1, (-1, width))
    return torch.cat([words, tokens.to(words.dtype)], dim=1)


def unpacked(
    embeddings: Float[Tensor, "b n d"], summary_width: int
) -> tuple[Float[Tensor, "b m d"], Float[Tensor, "b p"]]:
    """Words and summary, the inverse of `packed`."""
    tokens = -(-summary_width // embeddings.shape[-1])
    words, summary = embeddings[:, :-tokens], embeddings[:, -tokens:]
    return words, summary.flatten(1)[:, :summary_width]


def _limit(encoder: Any, tokenizer: Any) -> int:
    positions = getattr(encoder.config, "max_position_embeddings", 77)
    return min(tokenizer.model_max_length, positions)
