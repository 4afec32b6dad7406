"""Sharpens the video decoder, encoder and transformer frozen: crisp on real latents and on streamed ones.

The same idea as `decoder` has for pictures: a patch critic (Isola et al. 2017) asks for frames that look real.
Half of the latents come from streams that the model makes itself along the captions and paths of takes; what
these show in the large is kept as the old decoder paints it.
"""

import argparse
import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from playground.models.video_codec import VideoCodec
from playground.training import loop
from playground.training.codec import gradient_error
from playground.training.decoder import PatchCritic, critic_loss
from playground.training.precision import mixed
from playground.training.video import Tiny, start_from
from playground.training.video_codec import LATENT_NOISE, FramePool, psnr
from playground.training.video_rollout import rollout
from playground.training.video_sheet import TIMES, guided_by, save_video_sheet
from playground.world.clips import sample_take

FRAMES, STREAMS = 24, 8  # of streams made at once


class StreamPool:
    """Latents of single frames from streams, renewed a handful of streams at a time."""

    def __init__(self, model: Tiny, streams: int, seed: int) -> None:
        self.model, self.rng, self.oldest = model.eval(), np.random.default_rng(seed), 0
        self.generator = torch.Generator().manual_seed(seed)
        self.parts = [self._fresh() for _ in range(max(1, streams // STREAMS))]

    def renew(self) -> None:
        """Replaces the oldest streams."""
        self.parts[self.oldest] = self._fresh()
        self.oldest = (self.oldest + 1) % len(self.parts)

    def draw(self, count: int) -> Float[Tensor, "b c 1 h w"]:
        """Random frames of some of the streams."""
        part = self.parts[self.rng.integers(len(self.parts))]
        chosen = self.rng.integers(len(part), size=count)
        return part[chosen].float()

    @torch.no_grad()
    def _fresh(self) -> Float[Tensor, "n c 1 h w"]:
        takes = [sample_take(self.rng, FRAMES) for _ in range(STREAMS)]
        context, tracks = guided_by(self.model, takes, self.rng)
        with mixed():
            chunks = rollout(self.model.transformer, context, tracks, TIMES, self.generator)
            latents = torch.cat(list(chunks), 2)
        return latents.transpose(1, 2).flatten(0, 1).unsqueeze(2).half()


class VideoDecoderRecipe:
    """The state of this training; starts from a model folder."""

    def __init__(self, args: argparse.Namespace):
        torch.manual_seed(args.seed)
        self.args, self.step = args, 0
        self.before, self.model = VideoCodec(), Tiny()
        start_from(args.init, self.before, self.model)
        self.before.eval().requires_grad_(False)
        self.codec = copy.deepcopy(self.before).to(memory_format=torch.channels_last)
        self.codec.decoder.requires_grad_(True)
        self.average = loop.Average(self.codec, 0.995)
        self.critic = PatchCritic()
        self.optimizers = [
            torch.optim.AdamW(part.parameters(), lr=args.lr, betas=(0.5, 0.95))
            for part in (self.codec.decoder, self.critic)
        ]
        if state := loop.load_checkpoint(args.out / "checkpoint.pt"):
            self.codec.load_state_dict(state["model"])
            self.critic.load_state_dict(state["critic"])
            for optimizer, held in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(held)
            self.average.weights, self.average.steps = state["average"], state["step"]
            self.step = state["step"]

    def save(self) -> None:
        """Writes the checkpoint, which `video-assemble` reads as a codec."""
        state = {"model": self.codec.state_dict(), "critic": self.critic.state_dict(),
                 "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                 "average": self.average.weights, "step": self.step}  # fmt: skip
        loop.save_atomically(state, self.args.out / "checkpoint.pt")

    def __iter__(self) -> Iterator[loop.Report]:
        seed = self.args.seed + self.step
        frames = FramePool(self.args.pool, seed)
        streams = StreamPool(self.model, self.args.streams, seed + 1)
        check = FramePool(128, 7).draw(128)[:2]
        while self.step < self.args.steps:
            if self.step % 50 == 49:
                streams.renew()
            frames.renew()
            count = self.args.batch
            losses = self._update(*frames.draw(count)[:2], streams.draw(count // 2))
            if self.step % self.args.sheet_every == 0:
                codec = self.average.copy_to(VideoCodec()).eval()
                losses |= dict(zip(("psnr", "sprite_psnr"), psnr(codec, *check), strict=True))
                save_video_sheet(self.model, codec, self.args.out / f"sheet_{self.step:06d}.png")
            yield loop.Report(step=self.step, samples=self.step * self.args.batch, losses=losses)

    def _update(self, pixels: Tensor, weights: Tensor, streamed: Tensor) -> dict[str, float]:
        half = len(streamed)
        with torch.no_grad():
            latents, wanted = self.before.encode(pixels[:half]), self.before.decode(streamed)
            level = LATENT_NOISE * torch.rand(len(latents), 1, 1, 1, 1)
            latents = latents + level * torch.randn_like(latents)
        with mixed():
            painted = self.codec.decode(torch.cat([latents, streamed])).float()[:, :, 0]
            realism = self.critic(painted).float().mean()
        pixels, weights, near, far = pixels[:, :, 0], weights[:half, :, 0], *painted.chunk(2)
        error = _weighted_error(near, pixels[:half], weights)
        large = F.l1_loss(F.avg_pool2d(far, 4), F.avg_pool2d(wanted[:, :, 0], 4))
        weight = self.args.realism * min(1.0, self.step / 300)  # the critic learns first
        self.optimizers[0].zero_grad()
        (error + 2 * large - weight * realism).backward()
        self.optimizers[0].step()
        judged = self._update_critic(pixels, painted.detach())
        self.average.update(self.codec)
        self.step += 1
        parts = {"error": error, "large": large, "realism": realism}
        return {name: value.item() for name, value in parts.items()} | {"critic": judged}

    def _update_critic(self, real: Tensor, painted: Tensor) -> float:
        with mixed():
            loss = critic_loss(self.critic, real, painted)
        self.optimizers[1].zero_grad()
        loss.backward()
        self.optimizers[1].step()
        return loss.item()


def _weighted_error(painted: Tensor, pixels: Tensor, weights: Tensor) -> Tensor:
    """The codec's own losses on real latents, sprites weighted; all [b, ?, H, W]."""
    error = painted - pixels
    return (
        4 * (error.square() * weights).mean()
        + 0.5 * (error.abs() * weights).mean()
        + 0.5 * gradient_error(painted * weights, pixels * weights)
    ) / 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground train video-decoder`."""
    parser.add_argument("--init", type=Path, default=Path("playground/models/tiny/video"))
    parser.add_argument("--out", type=Path, default=Path("runs/video_decoder"))
    parser.add_argument("--steps", type=int, default=3_000)
    parser.add_argument("--batch", type=int, default=16, help="half of it real, half streamed")
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--realism", type=float, default=0.04, help="weight of the critic; 0 = off")
    parser.add_argument("--pool", type=int, default=1_600, help="real frames kept in memory")
    parser.add_argument("--streams", type=int, default=64, help="the model's own, kept in memory")
    parser.add_argument("--sheet-every", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=None, help="stop early; resumable")


def run(args: argparse.Namespace) -> None:
    """Trains until `steps`, resuming from the checkpoint in `out`."""
    recipe = VideoDecoderRecipe(args)
    loop.follow(iter(recipe), args.steps, log=args.out / "log.jsonl", save=recipe.save,
                name="video decoder", minutes=args.minutes)  # fmt: skip
