"""Trains the codec: an AutoencoderTiny with six latent channels at a quarter of the picture's side.

Losses: squared and absolute error, absolute error of the gradients (edges), and a pull of every latent
channel to mean 0 and deviation 1, so that the scaling factor is 1. Noise on the latents before decoding
makes the decoder patient with what a diffusion model writes.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from jaxtyping import Float
from torch import Tensor

from playground.training import loop
from playground.training.muon import MuonWithAdam
from playground.training.pictures import PicturePool, to_floats
from playground.training.precision import mixed

LATENT_NOISE = 0.05  # largest deviation of the noise before decoding; 0 = off


def build_codec(channels: int = 6) -> AutoencoderTiny:
    """An untrained codec: 64 x 64 pixels to `channels` x 16 x 16 latents."""
    return AutoencoderTiny(
        latent_channels=channels,
        encoder_block_out_channels=(32, 32, 32),
        decoder_block_out_channels=(32, 32, 32),
        num_encoder_blocks=(0, 1, 3),
        num_decoder_blocks=(4, 2, 0),
        scaling_factor=1.0,
        force_upcast=False,
    )


def gradient_error(x: Tensor, y: Tensor) -> Tensor:
    """Mean absolute difference of horizontal and vertical neighbour differences."""
    across = F.l1_loss(x.diff(dim=-1), y.diff(dim=-1))
    return across + F.l1_loss(x.diff(dim=-2), y.diff(dim=-2))


def codec_losses(codec: AutoencoderTiny, pixels: Float[Tensor, "b 3 H W"]) -> dict[str, Tensor]:
    """The weighted parts of the loss for one batch, pixels in [-1, 1]."""
    latents = codec.encoder(pixels)
    latents = latents.float()
    level = torch.rand(len(latents), 1, 1, 1) * LATENT_NOISE
    decoded = codec.decoder(latents + level * torch.randn_like(latents)).float()
    mean, std = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    return {
        "mse": 4 * F.mse_loss(decoded, pixels),
        "l1": 0.5 * F.l1_loss(decoded, pixels),
        "edges": 0.5 * gradient_error(decoded, pixels),
        "unit": 0.1 * (mean.square().sum() + (std - 1).square().sum()),
    }


def psnr(codec: AutoencoderTiny, pixels: Float[Tensor, "b 3 H W"]) -> float:
    """Mean peak signal-to-noise ratio of reconstructions, in dB."""
    with torch.no_grad():
        decoded = codec.decoder(codec.encoder(pixels)).clamp(-1, 1)
    error = ((decoded - pixels) / 2).square().mean((1, 2, 3))
    return (-10 * error.log10()).mean().item()


class CodecRecipe:
    """The state of a codec training: model, average, optimiser, step."""

    def __init__(self, args: argparse.Namespace):
        torch.manual_seed(args.seed)
        self.args, self.step = args, 0
        self.codec = build_codec(self.args.channels).to(memory_format=torch.channels_last)
        self.average = loop.Average(self.codec, 0.998)
        self.optimizer = MuonWithAdam(
            self.codec, args.lr, plain=("encoder.layers.0.", "decoder.layers.0.")
        )
        if args.init:
            self.codec.load_state_dict(torch.load(args.init, weights_only=True)["model"])
            self.average = loop.Average(self.codec, 0.998)
        if args.freeze_encoder:
            self.codec.encoder.requires_grad_(False)
        if state := loop.load_checkpoint(args.out / "checkpoint.pt"):
            self.codec.load_state_dict(state["model"])
            self.average.weights, self.average.steps = state["average"], state["step"]
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]

    def save(self) -> None:
        """Writes the checkpoint and the averaged codec as a diffusers folder."""
        state = {"model": self.codec.state_dict(), "average": self.average.weights,
                 "optimizer": self.optimizer.state_dict(), "step": self.step}  # fmt: skip
        loop.save_atomically(state, self.args.out / "checkpoint.pt")
        self.average.copy_to(build_codec(self.args.channels)).save_pretrained(self.args.out / "vae")

    def __iter__(self) -> Iterator[loop.Report]:
        pool = PicturePool(self.args.pool, self.args.seed + self.step)
        check = to_floats(PicturePool(128, 7).draw(128))
        while self.step < self.args.steps:
            losses = self._update(to_floats(pool.draw(self.args.batch, renew=2)))
            if self.step % 500 == 0:
                losses["psnr"] = psnr(self.average.copy_to(build_codec(self.args.channels)), check)
            yield loop.Report(step=self.step, samples=self.step * self.args.batch, losses=losses)

    def _update(self, pixels: Tensor) -> dict[str, float]:
        self.optimizer.set_rate(self.args.lr * loop.decayed(self.step, self.args.steps, flat=0.3))
        with mixed():
            losses = codec_losses(self.codec, pixels.contiguous(memory_format=torch.channels_last))
        self.optimizer.zero_grad()
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(self.codec.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.codec)
        self.step += 1
        return {name: value.item() for name, value in losses.items()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground train codec`."""
    parser.add_argument("--out", type=Path, default=Path("runs/codec"))
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--channels", type=int, default=6, help="of the latents")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--pool", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--init", type=Path, default=None, help="weights to start from")
    parser.add_argument("--freeze-encoder", action="store_true", help="train the decoder only")
    parser.add_argument("--minutes", type=float, default=None, help="stop early; resumable")


def run(args: argparse.Namespace) -> None:
    """Trains until `steps`, resuming from the checkpoint in `out`."""
    recipe = CodecRecipe(args)
    loop.follow(iter(recipe), args.steps, log=args.out / "log.jsonl", save=recipe.save, name="codec",
                minutes=args.minutes)  # fmt: skip
