"""Writes shrunk published models in exactly the forms that the hub has: folders, files, LoRAs."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderTiny
from safetensors.torch import save_file

from published import Published, small_parts

TOKENIZER = Path(__file__).parent / "data" / "golden_image" / "pipeline" / "tokenizer"


def write_folder(published: Published, folder: Path, seed: int = 0) -> Path:
    """A diffusers folder of the shrunk pipeline, with the files that the hub has."""
    parts = vars(small_parts(published, seed))
    index: dict[str, Any] = {
        "_class_name": published.pipeline,
        "_diffusers_version": "0.21.0",
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
    }
    if "text_encoder_2" in parts:
        index = {**index, "force_zeros_for_empty_prompt": True}
        del index["safety_checker"]
    for name, part in parts.items():
        part.save_pretrained(folder / name)
        index[name] = [type(part).__module__.split(".")[0], type(part).__name__]
    for name in ("tokenizer", "tokenizer_2")[: 1 + ("text_encoder_2" in parts)]:
        write_tokenizer(folder / name)
        index[name] = ["transformers", "CLIPTokenizer"]
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def write_tokenizer(folder: Path) -> None:
    """The tokenizer in the four files that the hub has, not in one."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = json.loads((TOKENIZER / "tokenizer.json").read_text())["model"]
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in whole["merges"]]
    start, end = "<|startoftext|>", "<|endoftext|>"
    special = {"bos_token": start, "eos_token": end, "pad_token": end, "unk_token": end}
    settings = {**special, "model_max_length": 16, "tokenizer_class": "CLIPTokenizer"}
    (folder / "vocab.json").write_text(json.dumps(whole["vocab"]))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def write_tiny_codec(folder: Path, seed: int = 1) -> Path:
    """A tiny autoencoder of TAESD's kind, smaller still."""
    torch.manual_seed(seed)
    AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
    ).save_pretrained(folder)
    return folder


def write_lora(unet: Any, path: Path, *, seed: int = 2, encoder: Any = None) -> Path:
    """A random LoRA of rank 2 on the attention of a U-Net, and of a text encoder."""
    torch.manual_seed(seed)
    tensors = {}
    wanted = {"unet": (unet, ("to_q", "to_k", "to_v", "to_out.0", "conv1"))}
    if encoder is not None:
        wanted["text_encoder"] = (encoder, ("q_proj", "v_proj", "fc1"))
    for prefix, (network, endings) in wanted.items():
        for name, module in network.named_modules():
            if name.endswith(endings):
                down, up = _low_rank(module.weight)
                tensors[f"{prefix}.{name}.lora_A.weight"] = down
                tensors[f"{prefix}.{name}.lora_B.weight"] = up
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)
    return path


def _low_rank(weight: Any) -> tuple[Any, Any]:
    wide, narrow = weight.shape[0], weight.shape[1:]
    down = 0.3 * torch.randn(2, *narrow)
    return down, 0.3 * torch.randn(wide, 2, *([1] * (weight.ndim - 2)))


def write_controlnet(unet: Any, folder: Path, seed: int = 3) -> Path:
    """A random ControlNet of a U-Net's architecture; its outputs are not zero as in a fresh one."""
    from diffusers import ControlNetModel

    torch.manual_seed(seed)
    network = ControlNetModel.from_unet(unet, conditioning_channels=3)
    with torch.no_grad():
        for weight in network.parameters():
            if weight.abs().max() == 0:
                weight.normal_(std=0.4)
        for weight in network.controlnet_cond_embedding.parameters():
            weight.mul_(1.5)  # eight layers: lines shall make a difference
    network.save_pretrained(folder)
    return folder
