"""The names that single files have: diffusers' names turned back into those of the original code."""

import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

TOP = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
OPEN_CLIP = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}


def write_single_file(parts: Any, path: Path, *, open_clip: bool = False) -> Path:
    """All weights of a pipeline in one file; `open_clip` for the text encoder of version 2."""
    second = getattr(parts, "text_encoder_2", None)
    first = "cond_stage_model" if second is None else "conditioner.embedders.0"
    tensors = {
        **_with("model.diffusion_model.", _unet(parts.unet)),
        **_with("first_stage_model.", _codec(parts.vae)),
    }
    if open_clip:
        tensors |= _with(f"{first}.model.", _open_clip(parts.text_encoder))
    else:
        tensors |= _with(f"{first}.transformer.text_model.", _flat(parts.text_encoder))
    if second is not None:
        tensors |= _with("conditioner.embedders.1.model.", _open_clip(second))
    save_file({name: value.contiguous() for name, value in tensors.items()}, path)
    return path


def _with(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in tensors.items()}


def _flat(encoder: Any) -> dict[str, Tensor]:
    return {n.removeprefix("text_model."): value for n, value in encoder.state_dict().items()}


def _unet(unet: Any) -> dict[str, Tensor]:
    layers = unet.config.layers_per_block
    with_attention = {
        n for n, b in enumerate(unet.up_blocks) if len(getattr(b, "attentions", None) or [])
    }
    return {
        _unet_name(name, layers, with_attention): value for name, value in unet.state_dict().items()
    }


def _unet_name(name: str, layers: int, with_attention: set[int]) -> str:
    for ours, theirs in TOP.items():
        if name.startswith(f"{ours}."):
            return name.replace(ours, theirs, 1)
    match = re.match(r"(down|mid|up)_block(?:s\.(\d+))?\.(\w+)\.(\d+)\.(.*)", name)
    side, block, kind, place, rest = match.groups()
    block, place, each = int(block or 0), int(place), layers + 1
    if kind == "resnets":
        for ours, theirs in RESNET.items():
            rest = rest.replace(f"{ours}.", f"{theirs}.", 1)
    if side == "mid":
        return f"middle_block.{2 * place if kind == 'resnets' else 1}.{rest}"
    if kind == "downsamplers":
        return f"input_blocks.{(block + 1) * each}.0.op.{rest.removeprefix('conv.')}"
    if kind == "upsamplers":
        return f"output_blocks.{block * each + layers}.{1 + (block in with_attention)}.{rest}"
    column = 0 if kind == "resnets" else 1
    if side == "down":
        return f"input_blocks.{1 + block * each + place}.{column}.{rest}"
    return f"output_blocks.{block * each + place}.{column}.{rest}"


def _codec(codec: Any) -> dict[str, Tensor]:
    count, tensors = len(codec.config.block_out_channels), {}
    for name, value in codec.state_dict().items():
        name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
        name = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", name)
        name = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", name)
        turned = lambda m: f"up.{count - 1 - int(m[1])}"  # noqa: E731
        name = re.sub(r"up_blocks\.(\d+)", turned, name)
        name = name.replace(".resnets.", ".block.").replace("upsamplers.0", "upsample")
        name = re.sub(r"mid_block\.block\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
        if "mid_block.attentions.0" in name:
            name = name.replace("mid_block.attentions.0", "mid.attn_1")
            for ours, theirs in ATTENTION.items():
                name = name.replace(f".{ours}.", f".{theirs}.")
            value = value[:, :, None, None] if value.ndim == 2 else value
        tensors[name] = value
    return tensors


def _open_clip(encoder: Any) -> dict[str, Tensor]:
    own, width = _flat(encoder), encoder.config.hidden_size
    tensors = {
        "positional_embedding": own.pop("embeddings.position_embedding.weight"),
        "token_embedding.weight": own.pop("embeddings.token_embedding.weight"),
        "text_projection": own.pop("text_projection.weight", torch.eye(width)).T,
        "ln_final.weight": own.pop("final_layer_norm.weight"),
        "ln_final.bias": own.pop("final_layer_norm.bias"),
    }
    for name, value in own.items():
        block, rest = re.match(r"encoder\.layers\.(\d+)\.(.*)", name).groups()
        where = f"transformer.resblocks.{block}."
        query = re.match(r"self_attn\.q_proj\.(weight|bias)", rest)
        if query:
            keys = [name.replace("q_proj", f"{letter}_proj") for letter in "qkv"]
            tensors[f"{where}attn.in_proj_{query[1]}"] = torch.cat([own[key] for key in keys])
        elif "self_attn.k_proj" not in rest and "self_attn.v_proj" not in rest:
            for ours, theirs in OPEN_CLIP.items():
                rest = rest.replace(ours, theirs)
            tensors[where + rest] = value
    return tensors
