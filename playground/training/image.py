"""Trains the teacher: a text-to-image latent diffusion model on pictures of the world.

Noise is Stable Diffusion's schedule; the network predicts v or epsilon (`--prediction`). Text encoder and
U-Net learn together from scratch. Timesteps are stratified over a batch, a tenth of the captions is empty.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import CLIPTextModel

from playground.training import loop
from playground.training.latents import LatentPool
from playground.training.muon import MuonWithAdam
from playground.training.networks import build_scheduler, build_text_encoder, build_unet
from playground.training.precision import mixed
from playground.training.sheet import save_sheet
from playground.training.words import build_tokenizer
from playground.world.vocabulary import WORDS


class Denoiser(nn.Module):
    """U-Net and text encoder as one module with one average: (noisy latents, t, token ids) -> prediction."""

    def __init__(self, unet: nn.Module, text_encoder: nn.Module):
        super().__init__()
        self.unet, self.text_encoder = unet, text_encoder

    def forward(self, noisy: Tensor, t: Tensor, tokens: Tensor) -> Tensor:
        """The U-Net's raw output (v or epsilon), [b, c, h, w]."""
        words = self.text_encoder(tokens).last_hidden_state
        return self.unet(noisy, t, words, return_dict=False)[0]


def build_denoiser(tokenizer, channels: int) -> Denoiser:
    """An untrained denoiser, channels-last in memory."""
    denoiser = Denoiser(build_unet(channels), build_text_encoder(tokenizer))
    return denoiser.to(memory_format=torch.channels_last)


def stratified_timesteps(count: int, steps: int = 1000) -> Int[Tensor, " b"]:
    """One random timestep from each of `count` equal parts of the schedule, shuffled."""
    places = (torch.arange(count) + torch.rand(count)) / count
    return (places * steps).long().clamp(0, steps - 1)[torch.randperm(count)]


def noised(
    x0: Float[Tensor, "b c h w"],
    noise: Float[Tensor, "b c h w"],
    t: Int[Tensor, " b"],
    alphas: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """The noisy latents and the two factors, x = a x0 + b noise, each [b, 1, 1, 1]."""
    a, b = factors(t, alphas)
    return a * x0 + b * noise, a, b


def factors(t: Int[Tensor, " b"], alphas: Tensor) -> tuple[Tensor, Tensor]:
    """What clean latents and noise weigh at timesteps `t`, each [b, 1, 1, 1]."""
    kept = alphas[t][:, None, None, None]
    return kept.sqrt(), (1 - kept).sqrt()


class ImageRecipe:
    """The state of a teacher training."""

    def __init__(self, args: argparse.Namespace):
        torch.manual_seed(args.seed)
        self.args, self.step = args, 0
        self.codec = AutoencoderTiny.from_pretrained(args.codec)
        self.tokenizer = build_tokenizer(WORDS)
        self.scheduler = build_scheduler(args.prediction)
        self.denoiser = build_denoiser(self.tokenizer, self.codec.config.latent_channels)
        if args.init:
            self.start_from(args.init)
        self.average = loop.Average(self.denoiser, 0.998)
        self.optimizer = MuonWithAdam(self.denoiser, args.lr, plain=("conv_in", "conv_out"))
        if state := loop.load_checkpoint(args.out / "checkpoint.pt"):
            self.resume(state)

    def start_from(self, folder: Path) -> None:
        """Takes U-Net and text encoder of a diffusers folder; the optimiser starts afresh."""
        unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet")
        words = CLIPTextModel.from_pretrained(folder, subfolder="text_encoder")
        self.denoiser.unet.load_state_dict(unet.float().state_dict())
        self.denoiser.text_encoder.load_state_dict(words.float().state_dict())

    def resume(self, state: dict) -> None:
        """Goes on from a checkpoint."""
        self.denoiser.load_state_dict(state["model"])
        self.average.weights, self.average.steps = state["average"], state["step"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

    def save(self) -> None:
        """Writes the checkpoint."""
        state = {"model": self.denoiser.state_dict(), "average": self.average.weights,
                 "optimizer": self.optimizer.state_dict(), "step": self.step}  # fmt: skip
        loop.save_atomically(state, self.args.out / "checkpoint.pt")

    def averaged(self) -> Denoiser:
        """A fresh denoiser with the averaged weights."""
        channels = self.codec.config.latent_channels
        return self.average.copy_to(build_denoiser(self.tokenizer, channels)).eval()

    def __iter__(self) -> Iterator[loop.Report]:
        pool = LatentPool(
            self.codec,
            self.tokenizer,
            capacity=self.args.pool,
            seed=self.args.seed + self.step,
            spread=self._spread(),
        )
        while self.step < self.args.steps:
            pool.spread = self._spread()
            losses = self._update(*pool.draw(self.args.batch, renew=self.args.batch // 4))
            if self.step % self.args.sheet_every == 0:
                save_sheet(self, self.args.out / f"sheet_{self.step:06d}.png")
            yield loop.Report(step=self.step, samples=self.step * self.args.batch, losses=losses)

    def _spread(self) -> float:
        """How far poses vary: little at first, when the network learns what things look like."""
        return min(1.0, 0.3 + 0.7 * self.step / max(1, self.args.settle_steps))

    def _update(self, x0: Tensor, tokens: Tensor) -> dict[str, float]:
        self.optimizer.set_rate(
            self.args.lr * loop.decayed(self.step, self.args.steps, flat=self.args.decay_from)
        )
        t, noise = stratified_timesteps(len(x0)), torch.randn_like(x0)
        noisy, a, b = noised(x0, noise, t, self.scheduler.alphas_cumprod)
        with mixed():
            prediction = self.denoiser(
                noisy.contiguous(memory_format=torch.channels_last), t, tokens
            )
        errors = self._errors(prediction.float(), x0, noise, noisy, a, b)
        self.optimizer.zero_grad()
        errors["loss"].mean().backward()
        torch.nn.utils.clip_grad_norm_(self.denoiser.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.denoiser)
        self.step += 1
        return _by_noise_level(errors, t)

    def _errors(self, prediction, x0, noise, noisy, a, b) -> dict[str, Tensor]:
        """The loss of each sample, and the squared error of its clean prediction."""
        if self.scheduler.config.prediction_type == "v_prediction":
            loss = (prediction - (a * noise - b * x0)).square()
            clean = a * noisy - b * prediction
        else:
            clean = (noisy - b * prediction) / a
            weight = (
                (b / a).square().clamp(max=10.0)
            )  # what the epsilon error weighs in clean latents
            loss = (prediction - noise).square() * weight.clamp(min=1.0)
        return {"loss": loss.mean((1, 2, 3)), "x0": (clean.detach() - x0).square().mean((1, 2, 3))}


def _by_noise_level(errors: dict[str, Tensor], t: Tensor) -> dict[str, float]:
    """The mean loss, and the clean error in four bands of the schedule."""
    bands = {f"x0_{250 * k}": errors["x0"][t // 250 == k] for k in range(4)}
    named = {name: values.mean().item() for name, values in bands.items() if len(values)}
    return {"loss": errors["loss"].mean().item()} | named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground train image`."""
    parser.add_argument("--out", type=Path, default=Path("runs/image"))
    parser.add_argument("--codec", type=Path, default=Path("runs/codec/vae"), help="codec folder")
    parser.add_argument("--init", type=Path, default=None, help="diffusers folder to start from")
    parser.add_argument("--prediction", choices=("v_prediction", "epsilon"), default="v_prediction")
    parser.add_argument("--steps", type=int, default=8_000)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--lr", type=float, default=1.5e-3)
    parser.add_argument("--pool", type=int, default=5_000)
    parser.add_argument("--settle-steps", type=int, default=800, help="until poses vary fully")
    parser.add_argument("--decay-from", type=float, default=0.5, help="share of steps at full rate")
    parser.add_argument("--sheet-every", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=None, help="stop early; resumable")


def run(args: argparse.Namespace) -> None:
    """Trains until `steps`, resuming from the checkpoint in `out`."""
    recipe = ImageRecipe(args)
    loop.follow(iter(recipe), args.steps, log=args.out / "log.jsonl", save=recipe.save, name="image",
                minutes=args.minutes)  # fmt: skip
