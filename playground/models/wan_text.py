"""Prompts for published Wan models: UMT5's encoder, asked once a text and put away again.

The encoder has four times the transformer's weights and is needed for one call a prompt. So what it says
is kept on disk, by the encoder's files and the text, and the encoder itself is read when a text is new and
let go afterwards, unless it is told to stay. Up to 512 tokens; beyond the prompt all is zero (Wan2.1,
arXiv 2503.20314, section 4.2). Knows no transformer. It stands where the tiny model has its `WordEncoder`.
"""

import hashlib
import html
import os
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from playground.models.openvino_runtime import cache_folder

PROMPT_TOKENS = 512


class Umt5Prompts(nn.Module):
    """Texts to UMT5's vectors; `text_encoder/` and `tokenizer/` lie in `folder`."""

    words: tuple[str, ...] = ()  # any text goes, there is no list

    def __init__(
        self,
        folder: Path,
        *,
        dtype: torch.dtype = torch.bfloat16,
        device: str | torch.device = "cpu",
        stays: bool = False,
        cache: Path | None = None,
        length: int = PROMPT_TOKENS,
    ) -> None:
        super().__init__()
        self.folder, self.dtype, self.place = Path(folder), dtype, torch.device(device)
        self.stays, self.length = stays, length
        self.cache = cache or cache_folder().parent / "prompts"
        self._held: tuple[Any, Any] | None = None  # tokenizer and encoder, while they are needed
        self._name = ""

    @property
    def is_held(self) -> bool:
        """Whether the encoder is in memory right now."""
        return self._held is not None

    def known(self, text: str) -> list[str]:
        """Every word: this encoder reads any text."""
        return text.split()

    def unknown(self, text: str) -> list[str]:
        """None."""
        return []

    def forward(self, texts: list[str]) -> Float[Tensor, "b n e"]:
        """Vectors of the tokens, in float32 on the CPU, filled up with zeros to the longest text."""
        parts = [self._remembered(cleaned(text)) for text in texts]
        return nn.utils.rnn.pad_sequence(parts, batch_first=True)

    def let_go(self) -> None:
        """Free the encoder's memory; the next new text reads it again."""
        self._held = None

    def _remembered(self, text: str) -> Float[Tensor, "n e"]:
        file = self.cache / f"{self._key(text)}.safetensors"
        if file.is_file():
            return load_file(file)["prompt"].float()
        vectors = self._encoded(text)
        if not self.stays:
            self.let_go()
        self.cache.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(f".{os.getpid()}")
        save_file({"prompt": vectors}, unfinished)
        unfinished.replace(file)  # other programs see all of it or nothing
        return vectors.float()

    @torch.inference_mode()
    def _encoded(self, text: str) -> Tensor:
        if self._held is None:
            self._held = _read(self.folder, self.dtype, self.place)
        tokenizer, encoder = self._held
        tokens = tokenizer([text], max_length=self.length, truncation=True, return_tensors="pt")
        ids, mask = tokens.input_ids.to(self.place), tokens.attention_mask.to(self.place)
        return encoder(ids, attention_mask=mask).last_hidden_state[0].cpu().contiguous()

    def _key(self, text: str) -> str:
        self._name = self._name or _fingerprint(self.folder / "text_encoder")
        said = f"{self._name} {self.dtype} {self.length} {text}"
        return hashlib.sha256(said.encode()).hexdigest()[:32]


def cleaned(text: str) -> str:
    """One line without entities of HTML, as the models were told in training."""
    return " ".join(html.unescape(html.unescape(text)).split())


def _read(folder: Path, dtype: torch.dtype, place: torch.device) -> tuple[Any, Any]:
    from transformers import AutoTokenizer, UMT5EncoderModel

    lacking = [part for part in ("text_encoder", "tokenizer") if not (folder / part).is_dir()]
    if lacking:
        raise FileNotFoundError(
            f"a folder for prompts must hold text_encoder/ and tokenizer/, got {str(folder)!r} "
            f"without {' and '.join(lacking)}; fetch them from Wan-AI/Wan2.1-T2V-1.3B-Diffusers"
        )
    try:
        encoder = UMT5EncoderModel.from_pretrained(folder / "text_encoder", dtype=dtype)
        tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer")
    except (OSError, ValueError, RuntimeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"text_encoder of {str(folder)!r} cannot be read: {reason}; fetch it again"
        ) from error
    return tokenizer, encoder.to(place).eval()


def _fingerprint(folder: Path) -> str:
    """Of the files' names, sizes and a stretch from the middle of each: enough to tell two apart."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(size // 2)
            digest.update(f"{path.name} {size}".encode() + file.read(65_536))
    return digest.hexdigest()
