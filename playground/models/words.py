"""The tiny video model's text encoder: one vector a known word, plus one a place in the sentence.

Wan's text embedding (two linear layers inside the transformer) and cross-attention do the rest. Words that
it does not know are left out; `unknown` names them, so that a person can be told.
"""

import re

import torch
from jaxtyping import Float
from torch import Tensor, nn


class WordEncoder(nn.Module):
    """Texts to word vectors, filled up with zeros to the longest one."""

    def __init__(self, words: tuple[str, ...], *, width: int = 64, length: int = 12) -> None:
        super().__init__()
        self.words, self.length = tuple(words), length
        self.index = {word: place for place, word in enumerate(self.words)}
        self.table = nn.Embedding(len(self.words), width)
        self.places = nn.Embedding(length, width)
        nn.init.normal_(self.table.weight, std=0.5)
        nn.init.normal_(self.places.weight, std=0.1)

    def known(self, text: str) -> list[str]:
        """The words of `text` that the model knows, in order; at most `length` of them."""
        return [word for word in split(text) if word in self.index][: self.length]

    def unknown(self, text: str) -> list[str]:
        """The words of `text` that the model does not know."""
        return [word for word in split(text) if word not in self.index]

    def forward(self, texts: list[str]) -> Float[Tensor, "b n e"]:
        """Vectors of the known words; a text without any is all zeros."""
        device = self.table.weight.device
        answer = self.table.weight.new_zeros(len(texts), self.length, self.table.embedding_dim)
        rows = [[self.index[word] for word in self.known(text)] for text in texts]
        for row, places in enumerate(rows):
            if places:
                count = torch.arange(len(places), device=device)
                vectors = self.table(torch.tensor(places, device=device)) + self.places(count)
                answer[row, : len(places)] = vectors
        return answer


def split(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return re.findall(r"[a-z]+", text.lower())
