"""Run as a script: writes a random checkpoint of the published size, or loads it, measures and streams.

python full_size_load.py write FILE
python full_size_load.py load FILE     # one JSON line: bytes, peak, seconds
"""

import json
import resource
import sys
import time
from pathlib import Path


def shapes():
    """Every parameter of Wan2.1-T2V-1.3B with its shape."""
    import torch

    from playground.models.causal_wan import CausalWan, WanConfig

    with torch.device("meta"):
        wan = CausalWan(WanConfig(dim=1536, ffn_dim=8960, num_heads=12, num_layers=30))
    return {name: tuple(weight.shape) for name, weight in wan.state_dict().items()}


def write(path: Path) -> None:
    """Random weights in the wrapping of the released files, in bfloat16."""
    import torch

    generator, state = torch.Generator().manual_seed(0), {}
    for name, shape in shapes().items():
        weight = torch.empty(shape, dtype=torch.bfloat16)
        state[f"model.{name}"] = weight.normal_(0, shape[-1] ** -0.5, generator=generator)
    torch.save({"generator": state}, path)


def peak_bytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def load(path: Path) -> dict[str, float]:
    """Peak of loading above that of the libraries; then two chunks and a switch of the prompt."""
    import torch

    import playground.streams.video_stream  # noqa: F401 - the libraries are no part of the peak
    from playground.models.wan_checkpoints import load_wan

    before, started = peak_bytes(), time.perf_counter()
    wan = load_wan(path)
    total = sum(weight.float().sum().item() for weight in wan.parameters())  # touches all of it
    loaded, seconds = peak_bytes() - before, time.perf_counter() - started
    assert torch.isfinite(torch.tensor(total))
    figures = {"file_bytes": path.stat().st_size, "load_peak_bytes": loaded, "load_s": seconds}
    return {**figures, **streamed(wan), "stream_peak_bytes": peak_bytes() - before}


def streamed(wan) -> dict[str, float]:
    """Seconds of two chunks, and of one more with other words; 64 x 64 pixels."""
    import torch
    from torch import nn

    from playground import VideoStream
    from playground.models.video_model import VideoModel
    from playground.models.video_recipes import RECIPES
    from playground.models.wan_vae import WanCodec
    from small_wan import small_vae

    class Texts(nn.Module):
        """Random vectors in the place of the encoder, which has weights of its own."""

        words = ()

        def known(self, text: str) -> list[str]:
            return [text]

        def unknown(self, text: str) -> list[str]:
            return []

        def forward(self, texts: list[str]) -> torch.Tensor:
            seeded = torch.Generator().manual_seed(len(texts[0]))
            return torch.randn(1, 20, 4096, generator=seeded)

    settings = RECIPES["longlive-1.3b"].settings
    settings = type(settings)(**{**settings.as_dict(), "size": (64, 64)})
    model = VideoModel(
        transformer=wan, codec=WanCodec(small_vae()), words=Texts(), settings=settings
    )
    video, times = VideoStream.load(model, prompt="a cat"), []
    for number in range(3):
        started = time.perf_counter()
        if number == 2:
            video.prompt = "a duck on the sea"
        chunk = next(video)
        times.append(time.perf_counter() - started)
        assert len(chunk.frames) == (12 if number else 9)
    assert len(set(chunk.cache.prompts)) >= 1 and chunk.prompt == "a duck on the sea"
    return {"first_chunk_s": times[0], "chunk_s": times[1], "switched_chunk_s": times[2]}


if __name__ == "__main__":
    action, file = sys.argv[1], Path(sys.argv[2])
    if action == "write":
        write(file)
    else:
        print(json.dumps(load(file)))
