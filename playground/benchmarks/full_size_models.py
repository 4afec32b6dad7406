"""Models of published size with random weights: what speed and memory depend on, without a download.

Made on the device that runs them, at once in the number format they keep. Speed does not depend on what
weights say, pictures do: nothing that comes out of these is worth looking at.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from playground.models.causal_wan import CausalWan, WanConfig
from playground.models.image_model import ImageModel
from playground.models.loading import TINY
from playground.models.tiny_wan_vae import TinyWanCodec
from playground.models.video_model import VideoModel
from playground.models.video_recipes import VideoRecipe
from playground.models.video_settings import VideoSettings
from playground.models.wan_vae import WanCodec
from playground.models.words import WordEncoder

WAN_1_3B = {"dim": 1536, "ffn_dim": 8960, "num_heads": 12, "num_layers": 30}
SD_TURBO = {
    "sample_size": 64,
    "block_out_channels": (320, 640, 1280, 1280),
    "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20),
    "use_linear_projection": True,
}
WORDS = ("a", "duck", "on", "the", "sea", "fox", "in", "snow", "at", "night")  # of the encoder's


def random_video_model(
    recipe: VideoRecipe,
    settings: VideoSettings,
    device: torch.device,
    *,
    decoder: str = "tiny",
    dtype: torch.dtype = torch.bfloat16,
    **sizes: Any,
) -> VideoModel:
    """A model as the recipe describes it; `sizes` of the transformer other than those published."""
    config = WanConfig(**{**WAN_1_3B, "text_len": recipe.text_len, **sizes})
    return VideoModel(
        transformer=drawn(lambda: CausalWan(config), device, dtype),
        codec=drawn(lambda: TinyWanCodec() if decoder == "tiny" else _full_codec(), device, dtype),
        words=WordEncoder(WORDS, width=config.text_dim).to(device),
        settings=settings,
    )


def random_image_model(
    device: torch.device, dtype: torch.dtype, *, runtime: str = "auto", **sizes: Any
) -> ImageModel:
    """SD-Turbo's U-Net and TAESD; the text encoder is a small one of the same width."""
    from diffusers import AutoencoderTiny, EulerDiscreteScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    sizes = {**SD_TURBO, **sizes}
    text = CLIPTextConfig(
        hidden_size=sizes["cross_attention_dim"], num_hidden_layers=1, num_attention_heads=16
    )
    parts = SimpleNamespace(
        unet=drawn(lambda: UNet2DConditionModel(**sizes), device, dtype),
        vae=drawn(AutoencoderTiny, device, dtype),
        text_encoder=CLIPTextModel(text).to(device, dtype),
        tokenizer=CLIPTokenizer.from_pretrained(TINY / "tokenizer"),
        scheduler=EulerDiscreteScheduler(
            beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, steps_offset=1
        ),
    )
    return ImageModel.load(parts, runtime=runtime)


def drawn(make: Callable[[], nn.Module], device: torch.device, dtype: torch.dtype) -> nn.Module:
    """The network on that device, from seed 0: matrices so large that numbers stay as they are."""
    with torch.device(device):
        network = make().to(dtype)
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1:
                weight.normal_(0, weight[0].numel() ** -0.5)
    return network.eval().requires_grad_(False)


def _full_codec() -> WanCodec:
    from diffusers import AutoencoderKLWan

    return WanCodec(AutoencoderKLWan())
