"""Distils the teacher into a student of one to four steps, guidance built in.

Consistency distillation on latents (Latent Consistency Models, Luo et al. 2023, algorithm 1): the
student's clean prediction at t must equal its own slow copy's at an earlier time, reached by one guided
DDIM step of the teacher. A small critic (`critic`) keeps the predictions as crisp as real pictures. The
text encoder stays the teacher's.
"""

import argparse
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from playground.training import loop
from playground.training.critic import Critic, critic_loss
from playground.training.image import ImageRecipe, factors, noised
from playground.training.latents import LatentPool
from playground.training.muon import MuonWithAdam
from playground.training.precision import mixed
from playground.training.sheet import save_pixels, sheet_prompts

JUMP = 100  # of 1000: how far the teacher's one step goes
HUBER = 0.03  # below this root mean square the distance is quadratic


def pseudo_huber(difference: Float[Tensor, "b c h w"]) -> Float[Tensor, " b"]:
    """Like the norm for large differences, like the square for small ones."""
    return (difference.square().mean((1, 2, 3)) + HUBER**2).sqrt() - HUBER


def clean_prediction(
    unet: torch.nn.Module, noisy: Tensor, t: Tensor, words: Tensor, scheduler: Any
) -> Float[Tensor, "b c h w"]:
    """Clean latents that a U-Net of v-prediction or epsilon sees in noisy ones."""
    noisy = noisy.contiguous(memory_format=torch.channels_last)
    with mixed():
        output = unet(noisy, t, words, return_dict=False)[0].float()
    a, b = factors(t, scheduler.alphas_cumprod)
    if scheduler.config.prediction_type == "v_prediction":
        return a * noisy - b * output
    return (noisy - b * output) / a


@torch.no_grad()
def save_two_steps(
    path: Path, unet, codec, text_encoder, tokenizer, scheduler, times: tuple[int, ...] = (999, 499)
) -> None:
    """Writes a contact sheet of two-step pictures without guidance."""
    prompts = sheet_prompts()
    tokens = tokenizer(prompts, padding="max_length", return_tensors="pt").input_ids
    words = text_encoder(tokens).last_hidden_state
    generator = torch.Generator().manual_seed(0)
    shape = (len(prompts), codec.config.latent_channels, 16, 16)
    x = torch.randn(shape, generator=generator)
    for k, time in enumerate(times):
        t = torch.full((len(prompts),), time)
        if k:
            x = noised(x, torch.randn(shape, generator=generator), t, scheduler.alphas_cumprod)[0]
        x = clean_prediction(unet, x, t, words, scheduler)
    save_pixels(codec.decoder(x), path)


class DistillRecipe:
    """The state of a distillation."""

    def __init__(self, args: argparse.Namespace):
        self.args, self.step = args, 0
        teacher = ImageRecipe(argparse.Namespace(**(vars(args) | {"out": args.teacher})))
        if teacher.step == 0:
            raise FileNotFoundError(
                f"no teacher in {args.teacher}; train one with `playground train image`"
            )
        torch.manual_seed(args.seed)
        self.codec, self.tokenizer, self.scheduler = (
            teacher.codec,
            teacher.tokenizer,
            teacher.scheduler,
        )
        self.alphas = self.scheduler.alphas_cumprod
        self.teacher = teacher.averaged().requires_grad_(False)
        self.student = copy.deepcopy(self.teacher.unet).train().requires_grad_(True)
        self.slow = copy.deepcopy(self.teacher.unet)
        self.average = loop.Average(self.student, 0.995)
        self.critic = Critic(
            self.codec.config.latent_channels, self.teacher.text_encoder.config.hidden_size
        )
        self.optimizer = MuonWithAdam(self.student, args.rate, plain=("conv_in", "conv_out"))
        self.critic_optimizer = torch.optim.AdamW(
            self.critic.parameters(), lr=4e-4, betas=(0.5, 0.95), weight_decay=0.01
        )
        if state := loop.load_checkpoint(args.student / "checkpoint.pt"):
            self.resume(state)

    def resume(self, state: dict) -> None:
        """Goes on from a checkpoint."""
        self.student.load_state_dict(state["model"])
        self.slow.load_state_dict(state["slow"])
        self.critic.load_state_dict(state["critic"])
        self.average.weights, self.average.steps = state["average"], state["step"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.critic_optimizer.load_state_dict(state["critic_optimizer"])
        self.step = state["step"]

    def save(self) -> None:
        """Writes the checkpoint."""
        state = {"model": self.student.state_dict(), "slow": self.slow.state_dict(),
                 "critic": self.critic.state_dict(), "average": self.average.weights,
                 "optimizer": self.optimizer.state_dict(), "step": self.step,
                 "critic_optimizer": self.critic_optimizer.state_dict()}  # fmt: skip
        loop.save_atomically(state, self.args.student / "checkpoint.pt")

    def averaged(self) -> torch.nn.Module:
        """The student U-Net with averaged weights."""
        return self.average.copy_to(copy.deepcopy(self.student)).eval()

    def __iter__(self) -> Iterator[loop.Report]:
        pool = LatentPool(
            self.codec, self.tokenizer, capacity=self.args.pool, seed=self.args.seed + 1 + self.step
        )
        while self.step < self.args.distill_steps:
            losses = self._update(*pool.draw(self.args.batch, renew=self.args.batch // 4))
            if self.step % self.args.sheet_every == 0:
                self.sheet(self.args.student / f"sheet_{self.step:06d}.png")
            yield loop.Report(step=self.step, samples=self.step * self.args.batch, losses=losses)

    def _update(self, x0: Tensor, tokens: Tensor) -> dict[str, float]:
        self.optimizer.set_rate(
            self.args.rate * loop.decayed(self.step, self.args.distill_steps, warmup=30, flat=0.4)
        )
        t = (torch.randint(1, 51, (len(x0),)) * 20 - 1).sort().values
        t[-len(x0) // 4 :] = 999  # a quarter starts from pure noise, as every stream of text does
        noise = torch.randn_like(x0)
        words = self.teacher.text_encoder(tokens).last_hidden_state
        noisy = self._scaled(x0, noise, t)
        target = self._target(noisy, t, words, tokens)
        clean = self._clean(self.student, noisy, t, words)
        distance = pseudo_huber(clean - target).mean()
        prompt = self._pooled(words, tokens)
        with mixed():
            realism = -self.critic(self._dithered(clean), prompt).float().mean()
        weight = self.args.critic * min(1.0, self.step / 150)  # the critic learns first
        self.optimizer.zero_grad()
        (distance + weight * realism).backward()
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimizer.step()
        judged = self._update_critic(x0, clean.detach(), prompt)
        self._follow()
        self.step += 1
        return {"distance": distance.item(), "realism": -realism.item(), "critic": judged}

    def _update_critic(self, real: Tensor, false: Tensor, prompt: Tensor) -> float:
        with mixed():
            loss = critic_loss(self.critic, self._dithered(real), self._dithered(false), prompt)
        self.critic_optimizer.zero_grad()
        loss.backward()
        self.critic_optimizer.step()
        return loss.item()

    @torch.no_grad()
    def _follow(self) -> None:
        """Moves the slow copy and the shipped average after the student."""
        keep = 0.95
        torch._foreach_lerp_(
            list(self.slow.parameters()), list(self.student.parameters()), 1 - keep
        )
        self.average.update(self.student)

    @torch.no_grad()
    def _target(self, noisy: Tensor, t: Tensor, words: Tensor, tokens: Tensor) -> Tensor:
        """The slow copy's clean prediction after one guided DDIM step of the teacher."""
        empty = self.tokenizer([""], padding="max_length", return_tensors="pt").input_ids
        free = self.teacher.text_encoder(empty).last_hidden_state.expand_as(words)
        both = self._clean(
            self.teacher.unet, torch.cat([noisy] * 2), t.repeat(2), torch.cat([words, free])
        )
        wanted, unguided = both.chunk(2)
        x0 = unguided + self.args.guidance * (wanted - unguided)
        a, b = factors(t, self.alphas)
        earlier = (t - JUMP).clamp(min=0)
        moved = self._scaled(x0, (noisy - a * x0) / b, earlier)
        target = self._clean(self.slow, moved, earlier, words)
        return torch.where((t < JUMP)[:, None, None, None], x0, target)

    def _clean(self, unet, noisy: Tensor, t: Tensor, words: Tensor) -> Tensor:
        return clean_prediction(unet, noisy, t, words, self.scheduler)

    def _scaled(self, x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        return noised(x0, noise, t, self.alphas)[0]

    @staticmethod
    def _dithered(latents: Tensor) -> Tensor:
        return latents + 0.08 * torch.randn_like(latents)

    @staticmethod
    def _pooled(words: Tensor, tokens: Tensor) -> Tensor:
        """The text encoder's state at the end mark, where it has read the whole prompt."""
        return words[torch.arange(len(words)), tokens.argmax(-1)]

    def sheet(self, path: Path) -> None:
        """Writes a contact sheet of the averaged student."""
        save_two_steps(path, self.averaged(), self.codec, self.teacher.text_encoder, self.tokenizer,
                       self.scheduler)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground train distill`."""
    parser.add_argument("--teacher", type=Path, default=Path("runs/image"))
    parser.add_argument("--student", type=Path, default=Path("runs/distill"))
    parser.add_argument("--codec", type=Path, default=Path("runs/codec/vae"), help="codec folder")
    parser.add_argument("--prediction", choices=("v_prediction", "epsilon"), default="v_prediction")
    parser.add_argument("--distill-steps", type=int, default=1_000)
    parser.add_argument("--guidance", type=float, default=1.75, help="baked in; 1 = none")
    parser.add_argument("--critic", type=float, default=0.03, help="weight of realism; 0 = off")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--pool", type=int, default=2_500)
    parser.add_argument("--sheet-every", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=None, help="stop early; resumable")


def run(args: argparse.Namespace) -> None:
    """Distils until `distill_steps`, resuming from the checkpoint in `student`."""
    args.lr, args.steps, args.init = 0.0, 0, None  # the teacher is only read
    recipe = DistillRecipe(args)
    loop.follow(iter(recipe), args.distill_steps, log=args.student / "log.jsonl", save=recipe.save,
                name="distill", minutes=args.minutes)  # fmt: skip
