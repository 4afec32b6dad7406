"""Sharpens the picture decoder, encoder and student frozen: crisp on real latents and on dreamt ones.

A decoder trained for small errors paints averages where a latent leaves something open. A patch critic
(Isola et al. 2017, as in latent diffusion's autoencoders, Rombach et al. 2022, section 3.1) asks for
pictures that look real instead. Half of the latents are the student's own: a real latent with noise up to
t = 499, cleaned in one step, as the last step of a stream does. What these show in the large is kept as the
old decoder paints it.
"""

import argparse
import copy
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny, LCMScheduler, UNet2DConditionModel
from jaxtyping import Float
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from playground.training import loop
from playground.training.assemble import assemble, frozen_part
from playground.training.codec import gradient_error
from playground.training.distill import clean_prediction, save_two_steps
from playground.training.endpoints import LAST_T
from playground.training.image import noised
from playground.training.latents import LatentPool
from playground.training.pictures import to_floats
from playground.training.precision import mixed
from playground.world.scene import render

SMOOTHNESS = 0.05  # deviation of the nudge in the approximate gradient penalty


class PatchCritic(nn.Module):
    """Pictures to scores of overlapping patches, 30 pixels wide."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        layers, before = [nn.Conv2d(3, width, 4, 2, 1)], width
        for after in (2 * width, 4 * width):
            layers += [nn.LeakyReLU(0.2), nn.Conv2d(before, after, 4, 2, 1), nn.GroupNorm(8, after)]
            before = after
        layers += [nn.LeakyReLU(0.2), nn.Conv2d(before, 1, 3, 1, 1)]
        self.body = nn.Sequential(*layers)

    def forward(self, pixels: Float[Tensor, "b 3 H W"]) -> Tensor:
        """Higher is more real."""
        return self.body(pixels)


def critic_loss(critic: PatchCritic, real: Tensor, false: Tensor) -> Tensor:
    """Hinge loss with a penalty on steep scores near real pictures."""
    true_score, false_score = critic(torch.cat([real, false])).chunk(2)
    nudged = critic(real + SMOOTHNESS * torch.randn_like(real))
    steepness = (nudged - true_score).square().mean() / SMOOTHNESS**2
    return F.relu(1 - true_score).mean() + F.relu(1 + false_score).mean() + 0.02 * steepness


class DecoderRecipe:
    """The state of this training; starts from a diffusers folder and writes another."""

    def __init__(self, args: argparse.Namespace):
        torch.manual_seed(args.seed)
        self.args, self.step, folder = args, 0, args.init
        self.tokenizer = CLIPTokenizer.from_pretrained(folder, subfolder="tokenizer")
        self.scheduler = LCMScheduler.from_pretrained(folder, subfolder="scheduler")
        self.text_encoder = frozen_part(CLIPTextModel, folder, "text_encoder")
        self.student = frozen_part(UNet2DConditionModel, folder, "unet")
        self.before = frozen_part(AutoencoderTiny, folder, "vae")
        self.codec = copy.deepcopy(self.before).train()
        self.codec.decoder.requires_grad_(True)
        self.average = loop.Average(self.codec, 0.995)
        self.critic = PatchCritic()
        self.optimizer, self.critic_optimizer = (
            torch.optim.AdamW(module.parameters(), lr=args.rate, betas=(0.5, 0.95))
            for module in (self.codec.decoder, self.critic)
        )
        if state := loop.load_checkpoint(args.out / "checkpoint.pt"):
            self.codec.load_state_dict(state["model"])
            self.critic.load_state_dict(state["critic"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.critic_optimizer.load_state_dict(state["critic_optimizer"])
            self.average.weights, self.average.steps = state["average"], state["step"]
            self.step = state["step"]

    def save(self) -> None:
        """Writes the checkpoint, and the model with the averaged decoder as a diffusers folder."""
        state = {"model": self.codec.state_dict(), "critic": self.critic.state_dict(),
                 "optimizer": self.optimizer.state_dict(),
                 "critic_optimizer": self.critic_optimizer.state_dict(),
                 "average": self.average.weights, "step": self.step}  # fmt: skip
        loop.save_atomically(state, self.args.out / "checkpoint.pt")
        assemble(self.args.out / "model", unet=copy.deepcopy(self.student), codec=self.averaged(),
                 text_encoder=copy.deepcopy(self.text_encoder), tokenizer=self.tokenizer,
                 scheduler=self.scheduler)  # fmt: skip

    def averaged(self) -> AutoencoderTiny:
        """The codec with averaged weights."""
        return self.average.copy_to(copy.deepcopy(self.codec)).eval()

    def __iter__(self) -> Iterator[loop.Report]:
        pool = LatentPool(self.before, self.tokenizer, capacity=self.args.pool,
                          seed=self.args.seed + 2 + self.step)  # fmt: skip
        while self.step < self.args.steps:
            losses = self._update(*_with_pictures(pool, self.args.batch))
            if self.step % self.args.sheet_every == 0:
                path = self.args.out / f"sheet_{self.step:06d}.png"
                save_two_steps(path, self.student, self.averaged(), self.text_encoder,
                               self.tokenizer, self.scheduler)  # fmt: skip
            yield loop.Report(step=self.step, samples=self.step * self.args.batch, losses=losses)

    def _update(self, latents: Tensor, tokens: Tensor, pixels: Tensor) -> dict[str, float]:
        half = len(latents) // 2
        dreamt = self._dreamt(latents[half:], tokens[half:])
        with torch.no_grad():
            wanted = self.before.decoder(dreamt)
        with mixed():
            painted = self.codec.decoder(torch.cat([latents[:half], dreamt])).float()
            realism = self.critic(painted).float().mean()
        error = _near(painted[:half], pixels[:half])
        large = F.l1_loss(F.avg_pool2d(painted[half:], 4), F.avg_pool2d(wanted, 4))
        self.optimizer.zero_grad()
        weight = self.args.realism * min(1.0, self.step / 100)  # the critic learns first
        (error + 2 * large - weight * realism).backward()
        self.optimizer.step()
        judged = self._update_critic(pixels, painted.detach())
        self.average.update(self.codec)
        self.step += 1
        return {
            "error": error.item(),
            "large": large.item(),
            "realism": realism.item(),
            "critic": judged,
        }

    def _update_critic(self, real: Tensor, false: Tensor) -> float:
        with mixed():
            loss = critic_loss(self.critic, real, false)
        self.critic_optimizer.zero_grad()
        loss.backward()
        self.critic_optimizer.step()
        return loss.item()

    @torch.no_grad()
    def _dreamt(self, latents: Tensor, tokens: Tensor) -> Float[Tensor, "b c h w"]:
        """What the student's last step makes of noised latents."""
        t = torch.full((len(latents),), LAST_T)
        words = self.text_encoder(tokens).last_hidden_state
        noisy = noised(latents, torch.randn_like(latents), t, self.scheduler.alphas_cumprod)[0]
        return clean_prediction(self.student, noisy, t, words, self.scheduler)


def _near(painted: Tensor, pixels: Tensor) -> Tensor:
    """The codec's own losses on real latents."""
    return (
        4 * F.mse_loss(painted, pixels)
        + 0.5 * F.l1_loss(painted, pixels)
        + 0.5 * gradient_error(painted, pixels)
    )


def _with_pictures(pool: LatentPool, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Latents, token ids and the pictures behind them."""
    latents, tokens, scenes = pool.draw_scenes(count, renew=2)
    pixels = torch.stack([torch.from_numpy(render(scene)) for scene in scenes])
    return latents, tokens, to_floats(pixels)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground train decoder`."""
    parser.add_argument("--init", type=Path, default=Path("playground/models/tiny/image"))
    parser.add_argument("--out", type=Path, default=Path("runs/decoder"))
    parser.add_argument("--steps", type=int, default=2_500)
    parser.add_argument("--batch", type=int, default=16, help="half of it real, half dreamt")
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--realism", type=float, default=0.04, help="weight of the critic; 0 = off")
    parser.add_argument("--pool", type=int, default=600)
    parser.add_argument("--sheet-every", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=None, help="stop early; resumable")


def run(args: argparse.Namespace) -> None:
    """Trains until `steps`, resuming from the checkpoint in `out`."""
    recipe = DecoderRecipe(args)
    loop.follow(iter(recipe), args.steps, log=args.out / "log.jsonl", save=recipe.save,
                name="decoder", minutes=args.minutes)  # fmt: skip
