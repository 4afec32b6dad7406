"""One text-to-image model, ready to stream: networks, prompts, sizes.

Holds the parts of any diffusers pipeline (unet, vae, text_encoder, tokenizer, scheduler), trained to
predict the noise ("epsilon") or the velocity ("v_prediction"). It knows no stream, no guidance and
no controls. `networks` may be replaced while streams run, by one assignment.
"""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from playground.models.loading import parts_of
from playground.models.networks import Networks, eager, pixels_per_latent
from playground.models.vocabulary import Vocabulary, read_vocabulary, unknown_words, words_of

PREDICTIONS = ("epsilon", "v_prediction")
CACHED_PROMPTS = 256


class ImageModel:
    """Parts of a diffusers pipeline behind four calls: encode, decode, encode_prompt, predict_eps."""

    def __init__(
        self,
        *,
        unet: Any,
        vae: Any,
        text_encoder: Any,
        tokenizer: Any,
        scheduler: Any,
        vocabulary: Vocabulary | None = None,
        folder: Path | None = None,
    ) -> None:
        self.unet, self.vae = unet, vae
        self.text_encoder, self.tokenizer, self.scheduler = (
            text_encoder.eval(),
            tokenizer,
            scheduler,
        )
        self.vocabulary, self.folder = vocabulary, folder
        self.prediction: str = scheduler.config.get("prediction_type", "epsilon")
        if self.prediction not in PREDICTIONS:
            raise ValueError(
                f"prediction_type must be one of {PREDICTIONS}, got {self.prediction!r}"
            )
        self.networks: Networks = eager(unet, vae)
        self.runtime: Any = None  # what `use_runtime` made ready, to look at
        self._embeddings: OrderedDict[str, Tensor] = OrderedDict()

    @classmethod
    def load(
        cls,
        source: Any = "tiny",
        *,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
        runtime: str = "auto",
    ) -> "ImageModel":
        """Load "tiny", a folder, a hub name "owner/name" or the parts of a pipeline object.

        Without `device`, CUDA where there is one, else the CPU (a pipeline object stays where it is);
        without `dtype`, float16 on CUDA and float32 elsewhere. `runtime` is "auto", "eager",
        "openvino" or "compile" (`playground.models.runtime`). Raises FileNotFoundError for missing
        weights and ValueError for damaged ones.
        """
        device = _checked_device(device)
        is_name = isinstance(source, str | Path)
        if is_name:
            device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
            dtype = dtype or (torch.float16 if device.type == "cuda" else torch.float32)
        parts, folder = parts_of(source, dtype)
        for part in ("unet", "vae", "text_encoder"):
            if device is not None:
                parts[part].to(device)
            if dtype is not None and parts[part].dtype != dtype:
                parts[part].to(dtype)
        vocabulary = None if folder is None else read_vocabulary(folder)
        model = cls(**parts, vocabulary=vocabulary, folder=folder)
        model.use_runtime(runtime)
        return model

    def use_runtime(self, runtime: str) -> None:
        """Run the networks by "eager", "openvino" or "compile"; "auto" takes the best that is here."""
        from playground.models.runtime import attach

        attach(self, runtime)

    # ------------------------------------------------------------ sizes

    @property
    def device(self) -> torch.device:
        """Where the networks run."""
        return next(self.unet.parameters()).device  # diffusers' own property walks all modules

    @property
    def dtype(self) -> torch.dtype:
        """Number format of the networks."""
        return next(self.unet.parameters()).dtype

    @property
    def pixels_per_latent(self) -> int:
        """Side of the pixel square behind one latent."""
        return pixels_per_latent(self.vae)

    @property
    def size(self) -> tuple[int, int]:
        """Pixels (H, W) that the model was trained on."""
        _, height, width = self.latent_shape
        return height * self.pixels_per_latent, width * self.pixels_per_latent

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Latent of one picture, (c, h, w)."""
        sides = self.unet.config.sample_size
        height, width = sides if isinstance(sides, list | tuple) else (sides, sides)
        return self.unet.config.in_channels, height, width

    # ------------------------------------------------------------ networks

    @torch.inference_mode()
    def unet_forward(
        self,
        sample: Float[Tensor, "b c h w"],
        timesteps: Int64[Tensor, " b"],
        embeddings: Float[Tensor, "b n d"],
    ) -> Float[Tensor, "b c h w"]:
        """Raw output of the network (noise or velocity, see `prediction`), in float32."""
        return self.networks.unet(sample.to(self.dtype), timesteps, embeddings).float()

    @torch.inference_mode()
    def predict_eps(
        self,
        sample: Float[Tensor, "b c h w"],
        timesteps: Int64[Tensor, " b"],
        embeddings: Float[Tensor, "b n d"],
    ) -> Float[Tensor, "b c h w"]:
        """Noise estimate, whatever the network was trained to predict."""
        raw = self.unet_forward(sample, timesteps, embeddings)
        if self.prediction == "epsilon":
            return raw
        abar = self.scheduler.alphas_cumprod.to(timesteps.device)[timesteps].view(-1, 1, 1, 1)
        return abar.sqrt() * raw + (1 - abar).sqrt() * sample

    @torch.inference_mode()
    def encode(self, pixels: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b c h w"]:
        """Latents of pictures in [-1, 1], in float32."""
        return self.networks.encode(pixels.to(self.device, self.dtype)).float()

    @torch.inference_mode()
    def decode(self, latents: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 3 H W"]:
        """Pictures of latents, about in [-1, 1], not clamped."""
        return self.networks.decode(latents.to(self.dtype)).float()

    # ------------------------------------------------------------ prompts

    def encode_prompt(self, text: str) -> Float[Tensor, "1 n d"]:
        """Embedding of one text, remembered for the last prompts; a long text is cut (`remarks`)."""
        if text in self._embeddings:
            self._embeddings.move_to_end(text)
            return self._embeddings[text]
        embedding = self._encode_text(text)
        self._embeddings[text] = embedding
        while len(self._embeddings) > CACHED_PROMPTS:
            self._embeddings.popitem(last=False)
        return embedding

    @torch.inference_mode()
    def _encode_text(self, text: str) -> Tensor:
        tokens = self.tokenizer(
            text,
            padding="max_length",
            max_length=self.prompt_tokens,
            truncation=True,
            return_tensors="pt",
        )
        wants_mask = getattr(self.text_encoder.config, "use_attention_mask", False)
        mask = tokens.attention_mask.to(self.device) if wants_mask else None
        return self.text_encoder(tokens.input_ids.to(self.device), attention_mask=mask)[0]

    @property
    def prompt_tokens(self) -> int:
        """Longest prompt in tokens, start and end token included."""
        positions = getattr(self.text_encoder.config, "max_position_embeddings", 77)
        return min(self.tokenizer.model_max_length, positions)

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """Words of `text` that the model was not trained on; none where it has no vocabulary."""
        return unknown_words(text, self.vocabulary)

    def remarks(self, text: str) -> tuple[str, ...]:
        """What a person should know about a prompt: words not known, a tail that is not read."""
        remarks = []
        unknown = self.unknown_words(text)
        if unknown:
            shown = ", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else "")
            remarks.append(f"words this model does not know: {shown}")
        count = len(self.tokenizer(text, truncation=False, verbose=False).input_ids)
        if count > self.prompt_tokens:
            remarks.append(
                f"the prompt has {count} tokens and is cut to {self.prompt_tokens}; "
                f"the end of its {len(words_of(text))} words is not read"
            )
        return tuple(remarks)


def _checked_device(device: str | torch.device | None) -> torch.device | None:
    try:
        return None if device is None else torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"device must be such as cpu, cuda, cuda:1 or mps, got {device!r}"
        ) from error
