"""Small random parts in exactly the published formats: autoencoder, prompts, a whole diffusers folder."""

from pathlib import Path

PUBLISHED_SIZES = {"in_dim": 16, "out_dim": 16, "text_len": 512}  # of a transformer
WORDS = ("a", "cat", "duck", "fox", "on", "sea", "snow", "the")


def small_vae(seed: int = 0):
    """diffusers' AutoencoderKLWan with few channels, 16 latent channels."""
    import torch
    from diffusers import AutoencoderKLWan

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        vae = AutoencoderKLWan(base_dim=4, num_res_blocks=1).eval().requires_grad_(False)
    return vae


def save_prompts(folder: Path, seed: int = 0) -> None:
    """`text_encoder/` (8 numbers a token) and `tokenizer/`, as transformers saves them."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

    index = {word: n for n, word in enumerate(("<pad>", "</s>", "<unk>", *WORDS))}
    words = Tokenizer(models.WordLevel(index, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder / "tokenizer")
    config = UMT5Config(
        vocab_size=len(index), d_model=8, d_kv=4, d_ff=16, num_layers=2, num_heads=2
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        UMT5EncoderModel(config).save_pretrained(folder / "text_encoder")


def small_prompts(folder: Path, seed: int = 0, stays: bool = True):
    """An encoder of prompts with its cache in the same folder."""
    import torch

    from playground.models.wan_text import Umt5Prompts

    if not (folder / "text_encoder").is_dir():
        save_prompts(folder, seed)
    return Umt5Prompts(folder, dtype=torch.float32, stays=stays, cache=folder / "cache")


def save_published(folder: Path, wan, seed: int = 0) -> None:
    """A diffusers folder: transformer/, vae/, text_encoder/, tokenizer/ and model_index.json."""
    from playground.benchmarks.video_peers import diffusers_twin

    save_prompts(folder, seed)
    diffusers_twin(wan).save_pretrained(folder / "transformer")
    small_vae(seed).save_pretrained(folder / "vae")
    (folder / "model_index.json").write_text('{"_class_name": "WanPipeline"}')
