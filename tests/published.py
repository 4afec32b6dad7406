"""The published architectures as settings: at full size to count, shrunk to stream in a test.

A shrunk one has the same classes, block types, conditions and scheduler, fewer channels and layers.
"""

import copy
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
EULER = {**BETAS, "steps_offset": 1}
CROSS_DOWN, CROSS_UP = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"

UNET_1 = {
    "sample_size": 64,
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": (CROSS_DOWN, CROSS_DOWN, CROSS_DOWN, "DownBlock2D"),
    "up_block_types": ("UpBlock2D", CROSS_UP, CROSS_UP, CROSS_UP),
    "attention_head_dim": 8,
    "cross_attention_dim": 768,
}
UNET_2 = {
    **UNET_1,
    "attention_head_dim": (5, 10, 20, 20),
    "cross_attention_dim": 1024,
    "use_linear_projection": True,
}
UNET_XL = {
    "sample_size": 128,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", CROSS_DOWN, CROSS_DOWN),
    "up_block_types": (CROSS_UP, CROSS_UP, "UpBlock2D"),
    "attention_head_dim": (5, 10, 20),
    "transformer_layers_per_block": (1, 2, 10),
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
CODEC = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
    "scaling_factor": 0.18215,
}
CODEC_XL = {**CODEC, "scaling_factor": 0.13025, "force_upcast": True}
CLIP_L = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "projection_dim": 768,
}
OPEN_CLIP_H = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 23,
    "num_attention_heads": 16,
    "projection_dim": 512,
    "hidden_act": "gelu",
}
OPEN_CLIP_G = {
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 20,
    "projection_dim": 1280,
    "hidden_act": "gelu",
}


@dataclass(frozen=True, kw_only=True)
class Published:
    """One architecture."""

    unet: dict[str, Any]
    text: dict[str, Any]
    scheduler: str
    scheduler_settings: dict[str, Any]
    text_2: dict[str, Any] | None = None
    codec: dict[str, Any] = field(default_factory=lambda: CODEC)
    pipeline: str = "StableDiffusionPipeline"


PNDM = {**BETAS, "skip_prk_steps": True, "steps_offset": 1, "set_alpha_to_one": False}
SD_15 = Published(unet=UNET_1, text=CLIP_L, scheduler="PNDMScheduler", scheduler_settings=PNDM)
SDXL = Published(
    unet=UNET_XL,
    text=CLIP_L,
    text_2=OPEN_CLIP_G,
    codec=CODEC_XL,
    scheduler="EulerDiscreteScheduler",
    scheduler_settings={**EULER, "timestep_spacing": "leading"},
    pipeline="StableDiffusionXLPipeline",
)
SDXL_TURBO = Published(
    unet={**UNET_XL, "sample_size": 64},
    text=CLIP_L,
    text_2=OPEN_CLIP_G,
    codec=CODEC_XL,
    scheduler="EulerAncestralDiscreteScheduler",
    scheduler_settings={**EULER, "timestep_spacing": "trailing"},
    pipeline="StableDiffusionXLPipeline",
)
PUBLISHED = {
    "sd15-lcm": SD_15,
    "dreamshaper-lcm": Published(
        unet={**UNET_1, "sample_size": 96, "time_cond_proj_dim": 256},
        text=CLIP_L,
        scheduler="LCMScheduler",
        scheduler_settings={**BETAS, "set_alpha_to_one": True},
        pipeline="LatentConsistencyModelPipeline",
    ),
    "sd-turbo": Published(
        unet=UNET_2,
        text=OPEN_CLIP_H,
        scheduler="EulerDiscreteScheduler",
        scheduler_settings={**EULER, "timestep_spacing": "trailing"},
    ),
    "sdxl-turbo": SDXL_TURBO,
    "sdxl-lcm": SDXL,
}
SD_21_V = Published(  # predicts velocity; no recipe, loads as a folder
    unet={**UNET_2, "sample_size": 96},
    text=OPEN_CLIP_H,
    scheduler="DDIMScheduler",
    scheduler_settings={
        **BETAS,
        "prediction_type": "v_prediction",
        "steps_offset": 1,
        "clip_sample": False,
        "set_alpha_to_one": False,
    },
)


def parameter_counts(published: Published) -> dict[str, int]:
    """Parameters of every network at full size, counted without allocating one of them."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    with torch.device("meta"):
        parts = {
            "unet": UNet2DConditionModel(**published.unet),
            "vae": AutoencoderKL(**published.codec),
            "text_encoder": CLIPTextModel(CLIPTextConfig(**published.text)),
        }
        if published.text_2:
            config = CLIPTextConfig(**published.text_2)
            parts["text_encoder_2"] = CLIPTextModelWithProjection(config)
    return {name: sum(p.numel() for p in part.parameters()) for name, part in parts.items()}


# ---------------------------------------------------------------- small ones of the same kind


def shrunk(published: Published) -> Published:
    """The same architecture with few channels: latents 4x8x8, texts of 16 tokens."""
    from dataclasses import replace

    unet, is_xl = copy.deepcopy(published.unet), published.text_2 is not None
    count = len(unet["block_out_channels"])
    heads = unet["attention_head_dim"]
    unet |= {
        "sample_size": 8,
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "block_out_channels": (16, 32, 32, 32)[:count],
        "attention_head_dim": 2 if isinstance(heads, int) else (2, 4, 4, 4)[:count],
        "cross_attention_dim": 80 if is_xl else 32,
    }
    if is_xl:
        unet |= {
            "transformer_layers_per_block": (1, 1, 2),
            "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 6 * 8 + 24,
        }
    if "time_cond_proj_dim" in unet:
        unet["time_cond_proj_dim"] = 16
    codec = {
        **published.codec,
        "block_out_channels": (8, 8, 8, 8),
        "layers_per_block": 1,
        "norm_num_groups": 4,
    }
    text_2 = (
        {**_small(published.text_2), "hidden_size": 48, "projection_dim": 24} if is_xl else None
    )
    return replace(published, unet=unet, codec=codec, text=_small(published.text), text_2=text_2)


def _small(text: dict[str, Any]) -> dict[str, Any]:
    sizes = {
        "vocab_size": 190,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 16,
        "bos_token_id": 188,
        "eos_token_id": 189,
        "pad_token_id": 189,
    }
    return {**text, **sizes}


def small_parts(published: Published, seed: int = 0) -> SimpleNamespace:
    """Random parts of a shrunk pipeline."""
    import diffusers
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(seed)
    small = shrunk(published)
    parts = SimpleNamespace(
        unet=diffusers.UNet2DConditionModel(**small.unet).eval(),
        vae=diffusers.AutoencoderKL(**small.codec).eval(),
        text_encoder=CLIPTextModel(CLIPTextConfig(**small.text)).eval(),
        scheduler=getattr(diffusers, small.scheduler)(**small.scheduler_settings),
    )
    if small.text_2:
        config = CLIPTextConfig(**small.text_2)
        parts.text_encoder_2 = CLIPTextModelWithProjection(config).eval()
    return parts
