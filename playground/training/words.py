"""Builds the tiny model's tokenizer: a CLIP tokenizer whose byte-pair merges make one token of each word.

Any other word falls apart into pieces and letters, so that every text can be encoded.
"""

import json
import tempfile
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

MAX_TOKENS = 16  # begin and end marks included


def build_tokenizer(words: tuple[str, ...]) -> CLIPTokenizer:
    """A CLIP tokenizer that knows `words` (lower case); raises ValueError if one needs two tokens."""
    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    bpe.pre_tokenizer = pre_tokenizers.Whitespace()
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789.,!?'-"]
    trainer = trainers.BpeTrainer(
        vocab_size=4000, end_of_word_suffix="</w>", initial_alphabet=letters, show_progress=False
    )
    corpus = [" ".join(words)] * 3 + [" ".join(letters)]
    bpe.train_from_iterator(corpus, trainer)
    table = json.loads(bpe.to_str())["model"]
    tokens = dict.fromkeys([*letters, *(f"{c}</w>" for c in letters)]) | dict.fromkeys(
        table["vocab"]
    )
    vocab = {token: index for index, token in enumerate(tokens)}
    for mark in ("<|startoftext|>", "<|endoftext|>"):
        vocab[mark] = len(vocab)
    tokenizer = _clip_tokenizer(vocab, [tuple(m) for m in table["merges"]])
    for word in words:
        if len(tokenizer(word).input_ids) != 3:
            raise ValueError(
                f"word must become one token, got {tokenizer.tokenize(word)} of {word!r}"
            )
    return tokenizer


def _clip_tokenizer(vocab: dict[str, int], merges: list[tuple[str, str]]) -> CLIPTokenizer:
    with tempfile.TemporaryDirectory() as folder:
        CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=MAX_TOKENS).save_pretrained(
            folder
        )
        return CLIPTokenizer.from_pretrained(Path(folder))
