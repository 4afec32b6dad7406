"""One causal video model, ready to stream: transformer, codec, words, and how it wants to be run.

    model = VideoModel.load("tiny")            # a folder that `save` wrote, or published weights
    velocity, fresh = model.forward(x, t, model.context("a duck on the sea"), positions=...)
    pixels = model.decode(latents)

Knows no stream, no cache policy, no controls. `networks` may be replaced while streams run, by one
assignment (`playground.models.video_runtime`).
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from playground.models import published_video, video_files
from playground.models.causal_wan import CausalWan
from playground.models.key_values import Context
from playground.models.tiny_wan_vae import TinyWanCodec
from playground.models.video_codec import VideoCodec
from playground.models.video_settings import VideoSettings, times_for
from playground.models.wan_text import Umt5Prompts
from playground.models.wan_vae import WanCodec
from playground.models.words import WordEncoder

Codec = VideoCodec | WanCodec | TinyWanCodec
CACHED_PROMPTS, CACHED_BYTES, LEAST_PROMPTS = 64, 2**30, 4


@dataclass(frozen=True, kw_only=True, slots=True)
class VideoNetworks:
    """The two callables that a stream runs: `CausalWan.forward`, and latents to pixels."""

    forward: Callable[..., Any]
    decode: Callable[[Tensor], Tensor]
    name: str = "eager"


class VideoModel:
    """Transformer, codec and word encoder behind four calls: context, forward, encode, decode."""

    def __init__(
        self,
        *,
        transformer: CausalWan,
        codec: Codec,
        words: WordEncoder | Umt5Prompts,
        settings: VideoSettings | None = None,
        folder: Path | None = None,
    ) -> None:
        self.transformer, self.codec, self.words = transformer, codec, words
        self.settings, self.folder = settings or VideoSettings(), folder
        for part in (transformer, codec, words):
            part.eval()
        if not self.is_causal:
            codec.to(memory_format=torch.channels_last)  # the faster layout on CPUs
        self.networks = eager(transformer, codec)
        self.runtime: Any = None  # what `use_runtime` made ready, to look at
        self._contexts: OrderedDict[Hashable, Context] = OrderedDict()

    @classmethod
    def load(
        cls,
        source: str | Path = "tiny",
        *,
        device: str | torch.device | None = None,
        runtime: str = "auto",
        **wishes: Any,
    ) -> "VideoModel":
        """Load "tiny" or a folder; without `device`, CUDA where there is one, else the CPU.

        Published weights too: the name of a recipe or of the hub, a folder or a file
        (`published_video`, whose `Wishes` are the further names: weights, decoder, offload, size,
        parts, lora). `runtime` is "auto", "eager", "openvino" or "openvino-bf16"
        (`playground.models.video_runtime`). Raises FileNotFoundError for missing weights and
        ValueError for damaged ones.
        """
        place = _checked_device(device)
        source = published_video.local(source)
        if published_video.is_published(source):
            parts, settings, folder = published_video.read(
                source, published_video.Wishes(**wishes), place
            )
            model = cls(**parts, settings=settings, folder=folder)
            model.use_runtime("eager" if runtime == "auto" else runtime)
            return model
        if wishes:
            raise ValueError(
                f"{', '.join(wishes)} must be left out for {str(source)!r}, which is kept as it is; "
                "they are for published weights"
            )
        parts, settings, folder = video_files.read(source)
        model = cls(**{k: v.to(place) for k, v in parts.items()}, settings=settings, folder=folder)
        model.use_runtime(runtime)
        return model

    def save(self, folder: str | Path) -> None:
        """Write config.json and the weights, in half precision."""
        parts = {"transformer": self.transformer, "codec": self.codec, "words": self.words}
        video_files.write(Path(folder), parts, self.settings)

    def use_runtime(self, runtime: str) -> None:
        """Run the networks by "eager" or "openvino"; "auto" takes the best that is here."""
        from playground.models.video_runtime import attach

        attach(self, runtime)

    # ------------------------------------------------------------ sizes

    @property
    def device(self) -> torch.device:
        """Where the networks run."""
        return self.transformer.patch_embedding.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """Number format of the networks."""
        return self.transformer.patch_embedding.weight.dtype

    @property
    def size(self) -> tuple[int, int]:
        """Pixels (H, W) of a frame."""
        return self.settings.size

    @property
    def stride(self) -> int:
        """Pixels a side of the square behind one latent cell."""
        return self.codec.config.stride

    @property
    def is_causal(self) -> bool:
        """Whether the codec remembers, with one picture for the first latent frame."""
        return hasattr(self.codec, "decode_next")

    def first_frame(self, latent_frame: int) -> int:
        """Number of the first picture of a latent frame."""
        if self.is_causal:
            return max(0, (latent_frame - 1) * self.codec.config.time_stride + 1)
        return latent_frame * self.transformer.config.track_fold

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Latent of one frame, (c, h, w)."""
        height, width = (side // self.stride for side in self.size)
        return self.transformer.config.out_dim, height, width

    def times(self, steps: int | None = None) -> tuple[float, ...]:
        """Times of the denoising passes, for 1..4 steps; None = as the model was trained."""
        own = self.settings.timesteps
        return own if steps is None else times_for(own, steps)

    # ------------------------------------------------------------ networks

    @torch.inference_mode()
    def forward(self, *inputs: Any, **named: Any) -> Any:
        """As `CausalWan.forward`, by whatever runtime is ready."""
        return self.networks.forward(*inputs, **named)

    @torch.inference_mode()
    def encode(self, pixels: Float[Tensor, "b 3 t H W"]) -> Float[Tensor, "b c t h w"]:
        """Latents of frames in [-1, 1]."""
        return self.codec.encode(pixels.to(self.device))

    @torch.inference_mode()
    def decode_next(
        self, latents: Float[Tensor, "b c t h w"], memory: Any = None
    ) -> tuple[Float[Tensor, "b 3 T H W"], Any]:
        """Pictures of the latents that follow those of `memory` (None: the first), and its new value."""
        if self.is_causal:
            return self.codec.decode_next(latents, memory)
        return self.networks.decode(latents), None

    @torch.inference_mode()
    def decode(self, latents: Float[Tensor, "b c t h w"]) -> Float[Tensor, "b 3 T H W"]:
        """Frames of latents, about in [-1, 1], not clipped."""
        return self.networks.decode(latents)

    # ------------------------------------------------------------ prompts

    def context(self, text: str) -> Context:
        """Cross-attention keys and values of a prompt, remembered for the last prompts; "" = no text."""

        def made() -> Context:
            vectors = self.words([text]).to(self.device, self.dtype)
            return self.transformer.context(vectors)

        return self.remembered(text, made)

    def remembered(self, key: Hashable, make: Callable[[], Context]) -> Context:
        """What was made for `key`, a text or a mixture of texts; made now where it is not known."""
        if key in self._contexts:
            self._contexts.move_to_end(key)
            return self._contexts[key]
        with torch.inference_mode():
            context = self._contexts[key] = make()
        room = max(LEAST_PROMPTS, CACHED_BYTES // (2 * context.k.nbytes))
        while len(self._contexts) > min(CACHED_PROMPTS, room):
            self._contexts.popitem(last=False)
        return context

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """Words of a prompt that the model was not trained on, each once."""
        return tuple(dict.fromkeys(self.words.unknown(text)))

    def check_prompt(self, text: str) -> None:
        """Raise ValueError for a prompt without any word that the model knows."""
        if not self.words.known(text):
            some = ", ".join([word for word in self.words.words if len(word) > 3][:4])
            raise ValueError(
                f"prompt must have a word that this model knows, got {text!r:.80}; "
                f"try: {some or 'a sentence about what is seen'}"
            )


def eager(transformer: CausalWan, codec: Codec) -> VideoNetworks:
    """The networks as PyTorch runs them; latents and velocities are float32 outside, always."""
    return VideoNetworks(forward=_in_float32(transformer), decode=codec.decode)


def _in_float32(transformer: CausalWan) -> Callable[..., Any]:
    dtype = transformer.patch_embedding.weight.dtype
    if dtype == torch.float32:
        return transformer.forward

    def forward(x: Tensor, *inputs: Any, **named: Any) -> Any:
        velocity, fresh = transformer.forward(x.to(dtype), *inputs, **named)
        return None if velocity is None else velocity.float(), fresh

    return forward


def _checked_device(device: str | torch.device | None) -> torch.device:
    try:
        return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError as error:
        raise ValueError(
            f"device must be such as cpu, cuda, cuda:1 or mps, got {device!r}"
        ) from error
