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

from playground.models.added_conditions import AddedConditions, check_conditions
from playground.models.controlnets import ControlNets
from playground.models.image_recipes import ImageRecipe
from playground.models.loading import loaded, move
from playground.models.lora import Loras
from playground.models.networks import Networks, eager, pixels_per_latent
from playground.models.text_encoding import TextEncoding
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
        text_encoder_2: Any = None,
        tokenizer_2: Any = None,
        empty_is_zero: bool = False,
        vocabulary: Vocabulary | None = None,
        folder: Path | None = None,
        recipe: ImageRecipe | None = None,
    ) -> None:
        self.unet, self.vae = unet, vae
        self.text_encoder, self.tokenizer = text_encoder.eval(), tokenizer
        self.scheduler = scheduler
        self.text_encoder_2 = None if text_encoder_2 is None else text_encoder_2.eval()
        self.tokenizer_2 = tokenizer_2
        self.vocabulary, self.folder, self.recipe = vocabulary, folder, recipe
        self.texts = TextEncoding(
            encoders=_present(self.text_encoder, self.text_encoder_2),
            tokenizers=_present(tokenizer, tokenizer_2),
            empty_is_zero=empty_is_zero,
        )
        check_conditions(unet, has_summary=text_encoder_2 is not None)
        self.prediction: str = _prediction(scheduler)
        scale = None if recipe is None else recipe.embedded_guidance
        self.added = AddedConditions(unet, pixels_per_latent(vae), scale)
        self.networks: Networks = eager(unet, vae, added=self.added)
        self.runtime: Any = None  # what `use_runtime` made ready, to look at
        self.loras: Loras | None = None  # live ones
        self.controlnets: ControlNets | None = None
        self._embeddings: OrderedDict[Any, Tensor] = OrderedDict()

    @classmethod
    def load(
        cls,
        source: Any = "tiny",
        *,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
        runtime: str = "auto",
        codec: Any = None,
        config: Any = None,
    ) -> "ImageModel":
        """Load "tiny", a recipe, a folder, a .safetensors file, a hub name or a pipeline object.

        Without `device`, CUDA where there is one, else the CPU (a pipeline object stays where it is);
        without `dtype`, float16 on CUDA and float32 elsewhere. `runtime` is "auto", "eager",
        "openvino" or "compile" (`playground.models.runtime`). `codec` and `config` as in `loaded`.
        Raises FileNotFoundError for missing weights and ValueError for damaged ones. Nothing is
        downloaded.
        """
        device = _checked_device(device)
        is_name = isinstance(source, str | Path | ImageRecipe)
        if is_name:
            device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
            dtype = dtype or (torch.float16 if device.type == "cuda" else torch.float32)
        known = loaded(source, dtype, codec=codec, config=config)
        move(known.parts, device, dtype)
        model = cls(
            **known.parts,
            empty_is_zero=known.empty_is_zero,
            vocabulary=None if known.folder is None else read_vocabulary(known.folder),
            folder=known.folder,
            recipe=known.recipe,
        )
        model.use_runtime(runtime)
        return model

    def use_runtime(self, runtime: str) -> None:
        """Run the networks by "eager", "openvino" or "compile"; "auto" takes the best that is here."""
        from playground.models.runtime import attach

        attach(self, runtime)

    def add_lora(self, source: Any, name: str | None = None) -> str:
        """Add a LoRA, switched off, and give its name; see `Loras.add`. The networks become eager."""
        loras = self.loras or Loras.of_parts(vars(self))
        name = loras.add(source, name)
        self.loras = loras
        if self.runtime is not None and self.runtime.name != "eager":
            self.use_runtime("eager")
            self.runtime.message = "live LoRAs need the plain networks; fuse them for speed"
        return name

    def fuse_lora(self, source: Any, weight: float | int = 1.0) -> None:
        """Merge a LoRA into the weights for good; prompts are encoded anew."""
        (self.loras or Loras.of_parts(vars(self))).fuse(source, weight)
        self._embeddings.clear()
        if self.runtime is not None:
            self.use_runtime(self.runtime.name)

    def add_controlnet(
        self, source: Any, name: str | None = None, *, condition: str = "scribble"
    ) -> str:
        """Add a ControlNet and give its name; see `ControlNets.add`."""
        nets = self.controlnets or ControlNets(self.unet, self.added)
        name = nets.add(source, condition, name)
        self.controlnets = nets
        return name

    @property
    def eager_reasons(self) -> tuple[str, ...]:
        """Why these networks are not for OpenVINO; () where nothing speaks against it."""
        added = () if self.added.are_none else ("a U-Net that reads more than noise and words",)
        live = () if self.loras is None else ("live LoRAs; fuse them instead",)
        return (*added, *live)

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
    def codec_dtype(self) -> torch.dtype:
        """Number format of the autoencoder."""
        return next(self.vae.parameters()).dtype

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
    def controlled_forward(
        self,
        sample: Float[Tensor, "b c h w"],
        timesteps: Int64[Tensor, " b"],
        embeddings: Float[Tensor, "b n d"],
        hints: tuple[Tensor, ...],
        strengths: tuple[tuple[str, float], ...],
    ) -> Float[Tensor, "b c h w"]:
        """As `unet_forward`, under ControlNets: (name, strength) pairs and a hint [b, 3, H, W] each."""
        sample = sample.to(self.dtype)
        return self.controlnets.unet(sample, timesteps, embeddings, hints, strengths).float()

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
        return self.networks.encode(pixels.to(self.device, self.codec_dtype)).float()

    @torch.inference_mode()
    def decode(self, latents: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 3 H W"]:
        """Pictures of latents, about in [-1, 1], not clamped."""
        return self.networks.decode(latents.to(self.codec_dtype)).float()

    # ------------------------------------------------------------ prompts

    def encode_prompt(self, text: str) -> Float[Tensor, "1 n d"]:
        """Embedding of one text, remembered for the last prompts; a long text is cut (`remarks`)."""
        key = text if self.loras is None else (text, self.loras.key_for_text())
        if key in self._embeddings:
            self._embeddings.move_to_end(key)
            return self._embeddings[key]
        embedding = self._encode_text(text)
        self._embeddings[key] = embedding
        while len(self._embeddings) > CACHED_PROMPTS:
            self._embeddings.popitem(last=False)
        return embedding

    def _encode_text(self, text: str) -> Tensor:
        return self.texts.embed(text, self.device)

    @property
    def prompt_tokens(self) -> int:
        """Longest prompt in tokens, start and end token included."""
        return self.texts.limit

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
        count = self.texts.count(text)
        if count > self.prompt_tokens:
            remarks.append(
                f"the prompt has {count} tokens and is cut to {self.prompt_tokens}; "
                f"the end of its {len(words_of(text))} words is not read"
            )
        return tuple(remarks)


def _prediction(scheduler: Any) -> str:
    kind = scheduler.config.get("prediction_type", "epsilon")
    if kind not in PREDICTIONS:
        raise ValueError(f"prediction_type must be one of {PREDICTIONS}, got {kind!r}")
    return kind


def _present(*things: Any) -> tuple[Any, ...]:
    return tuple(thing for thing in things if thing is not None)


def _checked_device(device: str | torch.device | None) -> torch.device | None:
    try:
        return None if device is None else torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"device must be such as cpu, cuda, cuda:1 or mps, got {device!r}"
        ) from error
