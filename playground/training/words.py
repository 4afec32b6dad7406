"""Builds the tiny model's tokenizer: a CLIP tokenizer whose byte-pair merges make one token of each word.

Any other word falls apart into pieces and letters, so that every text can be encoded.
"""

import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

from transformers import CLIPTokenizer

MAX_TOKENS = 16  # begin and end marks included


def build_tokenizer(words: tuple[str, ...]) -> CLIPTokenizer:
    """A CLIP tokenizer that knows `words` (lower case); raises ValueError if one needs two tokens."""
    merges = merges_for(words)
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789.,!?'-"]
    tokens = dict.fromkeys([*letters, *(f"{c}</w>" for c in letters)])
    tokens |= dict.fromkeys("".join(pair) for pair in merges)
    vocab = {token: index for index, token in enumerate(tokens)}
    for mark in ("<|startoftext|>", "<|endoftext|>"):
        vocab[mark] = len(vocab)
    tokenizer = _clip_tokenizer(vocab, merges)
    for word in words:
        if len(tokenizer(word).input_ids) != 3:
            raise ValueError(
                f"word must become one token, got {tokenizer.tokenize(word)} of {word!r}"
            )
    return tokenizer


def merges_for(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Byte-pair merges, the most frequent pair first, until every word is one token.

    Ties go by the alphabet: a library's trainer breaks them by chance, and the numbers of words would
    change from one training to the next.
    """
    left = [[*word[:-1], f"{word[-1]}</w>"] for word in words if word.isalpha()]
    merges = []
    while left := [parts for parts in left if len(parts) > 1]:
        counts = Counter(pair for parts in left for pair in pairwise(parts))
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        left = [_merged(parts, best) for parts in left]
    return merges


def _merged(parts: list[str], pair: tuple[str, str]) -> list[str]:
    """`parts` with every occurrence of `pair` as one."""
    answer: list[str] = []
    for part in parts:
        if answer and (answer[-1], part) == pair:
            answer[-1] += part
        else:
            answer.append(part)
    return answer


def _clip_tokenizer(vocab: dict[str, int], merges: list[tuple[str, str]]) -> CLIPTokenizer:
    with tempfile.TemporaryDirectory() as folder:
        CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=MAX_TOKENS).save_pretrained(
            folder
        )
        return CLIPTokenizer.from_pretrained(Path(folder))
