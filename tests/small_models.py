"""Random pipelines, small enough to run hundreds of frames in a test."""

from pathlib import Path
from types import SimpleNamespace

GOLDEN = Path(__file__).parent / "data" / "golden_image"


def velocity_pipeline(seed: int = 0, scheduler_settings: dict | None = None) -> SimpleNamespace:
    """Random pipeline in the layout of the shipped model: velocity, f4 codec, latents 4x16x16."""
    import torch
    from diffusers import DDIMScheduler
    from transformers import CLIPTokenizer

    torch.manual_seed(seed)
    settings = {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "prediction_type": "v_prediction",
        "steps_offset": 1,
        "clip_sample": False,
        "set_alpha_to_one": False,
        **(scheduler_settings or {}),
    }
    return SimpleNamespace(
        unet=small_unet(),
        vae=small_codec(),
        text_encoder=small_text_encoder(),
        tokenizer=CLIPTokenizer.from_pretrained(GOLDEN / "pipeline" / "tokenizer"),
        scheduler=DDIMScheduler(**settings),
    )


def small_unet():
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=4,
        norm_num_groups=8,
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
    )
    return unet.eval()


def small_codec():
    from diffusers import AutoencoderTiny

    codec = AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8),
        decoder_block_out_channels=(8, 8, 8),
        num_encoder_blocks=(0, 1, 1),
        num_decoder_blocks=(1, 1, 0),
        latent_channels=4,
    )
    return codec.eval()


def small_text_encoder():
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=190,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=16,
        bos_token_id=188,
        eos_token_id=189,
        pad_token_id=189,
    )
    return CLIPTextModel(config).eval()
