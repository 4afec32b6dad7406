"""Trains the video codec: frames of takes to 16 x 8 x 8 latents of unit variance and back.

Losses as for the picture codec, with the sprites weighted several times the ground, since a whole frame's
error flatters: most of it is background. `--freeze-encoder` goes on with the decoder alone, when latents
must stay as a transformer knows them; `--anchor` when the encoder shall learn mists, and only frames without
one have to stay.
"""

import argparse
import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from playground.models.video_codec import VideoCodec
from playground.training import loop
from playground.training.codec import gradient_error
from playground.training.muon import MuonWithAdam
from playground.training.precision import mixed
from playground.world.clips import SIDE, Take, render_take, sample_take

LATENT_NOISE = 0.15  # largest deviation of the noise before decoding; 0 = off
SPRITE_WEIGHT = 4.0  # of a sprite's pixels, against 1 for the ground
FRAMES_EACH = 8  # frames that one take gives to the pool
CLEAR = 0.3  # share of takes that are drawn without a mist


def sprite_weight(take: Take, frame: int) -> Float[np.ndarray, "H W"]:
    """SPRITE_WEIGHT on every sprite, 1 elsewhere."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    weight = np.ones((SIDE, SIDE), np.float32)
    for figure in take.figures:
        (x, y), half = figure.centre[frame], figure.size / 2
        inside = (abs(columns - x) < half) & (abs(rows - y) < half)
        weight[inside] = SPRITE_WEIGHT
    return weight


class FramePool:
    """Frames with their weights, renewed take by take."""

    def __init__(self, capacity: int, seed: int) -> None:
        self.rng, self.oldest = np.random.default_rng(seed), 0
        self.frames = np.zeros((capacity, SIDE, SIDE, 3), np.uint8)
        self.weights = np.zeros((capacity, SIDE, SIDE), np.float32)
        self.clear = np.zeros(capacity, bool)
        for _ in range(capacity // FRAMES_EACH):
            self.renew()

    def renew(self) -> None:
        """Replaces the oldest frames by those of a fresh take."""
        mist = None if self.rng.random() < CLEAR else "any"
        take = sample_take(self.rng, 4 * FRAMES_EACH, two=0.4, mist=mist)
        for frame in range(0, take.frames, 4):
            self.frames[self.oldest] = render_take(take, range(frame, frame + 1))[0]
            self.weights[self.oldest] = sprite_weight(take, frame)
            self.clear[self.oldest] = take.mist is None
            self.oldest = (self.oldest + 1) % len(self.frames)

    def draw(
        self, count: int
    ) -> tuple[Float[Tensor, "b 3 1 H W"], Float[Tensor, "b 1 1 H W"], Bool[Tensor, " b"]]:
        """Random frames in [-1, 1], the weights of their pixels, and which have no mist."""
        chosen = self.rng.integers(len(self.frames), size=count)
        pixels = torch.from_numpy(self.frames[chosen]).permute(0, 3, 1, 2).float() / 127.5 - 1
        weights = torch.from_numpy(self.weights[chosen])[:, None, None]
        return pixels.unsqueeze(2), weights, torch.from_numpy(self.clear[chosen])


def codec_losses(codec: VideoCodec, pixels: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """The weighted parts of the loss for one batch."""
    latents = codec.encode(pixels).float()
    level = torch.rand(len(latents), 1, 1, 1, 1) * LATENT_NOISE
    decoded = codec.decode(latents + level * torch.randn_like(latents)).float()
    error, mean, std = decoded - pixels, latents.mean((0, 2, 3, 4)), latents.std((0, 2, 3, 4))
    return {
        "mse": 4 * (error.square() * weights).mean() / 2,
        "l1": 0.5 * (error.abs() * weights).mean() / 2,
        "edges": 0.5 * gradient_error(decoded * weights, pixels * weights) / 2,
        "unit": 0.1 * (mean.square().sum() + (std - 1).square().sum()),
    }


@torch.no_grad()
def psnr(codec: VideoCodec, pixels: Tensor, weights: Tensor) -> tuple[float, float]:
    """Mean PSNR in dB of whole frames, and of the sprites in them."""
    error = ((codec.decode(codec.encode(pixels)).clamp(-1, 1) - pixels) / 2).square().mean(1)
    inside = (weights[:, 0] > 1).float()
    sprites = (error * inside).sum((1, 2, 3)) / inside.sum((1, 2, 3)).clamp(min=1)
    return (-10 * error.mean((1, 2, 3)).log10()).mean().item(), (
        -10 * sprites.log10()
    ).mean().item()


class VideoCodecRecipe:
    """The state of a codec training: model, average, optimiser, step."""

    def __init__(self, args: argparse.Namespace):
        if args.anchor and not args.init:
            raise ValueError("--anchor must come with --init, the codec whose latents shall stay")
        torch.manual_seed(args.seed)
        self.args, self.step = args, 0
        self.codec = VideoCodec().to(memory_format=torch.channels_last)
        if args.init:
            self.codec.load_state_dict(torch.load(args.init, weights_only=True)["average"])
        if args.freeze_encoder:
            self.codec.encoder.requires_grad_(False)
        self.before = copy.deepcopy(self.codec).eval().requires_grad_(False)
        self.average = loop.Average(self.codec, 0.998)
        self.optimizer = MuonWithAdam(
            self.codec, args.lr, plain=("encoder.1.", "decoder.0.", "decoder.13.")
        )
        if state := loop.load_checkpoint(args.out / "checkpoint.pt"):
            self.codec.load_state_dict(state["model"])
            self.average.weights, self.average.steps = state["average"], state["step"]
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]

    def save(self) -> None:
        """Writes the checkpoint."""
        state = {"model": self.codec.state_dict(), "average": self.average.weights,
                 "optimizer": self.optimizer.state_dict(), "step": self.step}  # fmt: skip
        loop.save_atomically(state, self.args.out / "checkpoint.pt")

    def __iter__(self) -> Iterator[loop.Report]:
        pool = FramePool(self.args.pool, self.args.seed + self.step)
        check = FramePool(128, 7).draw(128)[:2]
        while self.step < self.args.steps:
            if self.step % 4 == 0:
                pool.renew()
            losses = self._update(*pool.draw(self.args.batch))
            if self.step % 500 == 0:
                whole, sprites = psnr(self.average.copy_to(VideoCodec()), *check)
                losses |= {"psnr": whole, "sprite_psnr": sprites}
            yield loop.Report(step=self.step, samples=self.step * self.args.batch, losses=losses)

    def _update(self, pixels: Tensor, weights: Tensor, clear: Tensor) -> dict[str, float]:
        self.optimizer.set_rate(self.args.lr * loop.decayed(self.step, self.args.steps, flat=0.4))
        with mixed():
            losses = codec_losses(self.codec, pixels, weights)
            if self.args.anchor and clear.any():
                losses["moved"] = self.args.anchor * self._moved(pixels[clear])
        self.optimizer.zero_grad()
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(self.codec.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.codec)
        self.step += 1
        return {name: value.item() for name, value in losses.items()}

    def _moved(self, pixels: Tensor) -> Tensor:
        """How far latents have gone from where the codec of `--init` puts them (squared)."""
        known = self.before.encode(pixels).float()
        return (self.codec.encode(pixels).float() - known).square().mean()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground train video-codec`."""
    parser.add_argument("--out", type=Path, default=Path("runs/video_codec"))
    parser.add_argument("--steps", type=int, default=8_000)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--pool", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--init", type=Path, default=None, help="checkpoint to start from")
    parser.add_argument("--freeze-encoder", action="store_true", help="train the decoder only")
    parser.add_argument("--anchor", type=float, default=0.0,
                        help="weight of latents staying as `--init` has them, without a mist")  # fmt: skip
    parser.add_argument("--minutes", type=float, default=None, help="stop early; resumable")


def run(args: argparse.Namespace) -> None:
    """Trains until `steps`, resuming from the checkpoint in `out`."""
    recipe = VideoCodecRecipe(args)
    loop.follow(iter(recipe), args.steps, log=args.out / "log.jsonl", save=recipe.save,
                name="video codec", minutes=args.minutes)  # fmt: skip
