"""Sharpens the few-step student: `playground train sharpen`.

Distillation by consistency leaves the student's lines soft: a distance to what many pictures share is their
mean. Here every noisy latent has one answer, the picture where the guided teacher ends up (`endpoints`). The
decoder stays as it is. Reads and writes diffusers folders, so what it writes can be shipped.
"""

import argparse
import copy
from collections.abc import Iterator
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, LCMScheduler, UNet2DConditionModel
from jaxtyping import Float
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from playground.training import loop
from playground.training.assemble import assemble, frozen_part
from playground.training.distill import clean_prediction, pseudo_huber, save_two_steps
from playground.training.endpoints import LAST_T, EndpointPool
from playground.training.muon import MuonWithAdam


class SharpenRecipe:
    """The state of this training."""

    def __init__(self, args: argparse.Namespace):
        torch.manual_seed(args.seed)
        self.args, self.step, folder = args, 0, args.student
        self.tokenizer = CLIPTokenizer.from_pretrained(folder, subfolder="tokenizer")
        self.scheduler = LCMScheduler.from_pretrained(folder, subfolder="scheduler")
        self.text_encoder = frozen_part(CLIPTextModel, folder, "text_encoder")
        self.codec = frozen_part(AutoencoderTiny, folder, "vae")
        self.teacher = frozen_part(UNet2DConditionModel, args.teacher, "unet")
        self.before = frozen_part(UNet2DConditionModel, folder, "unet")
        self.student = copy.deepcopy(self.before).train().requires_grad_(True)
        self.average = loop.Average(self.student, 0.995)
        self.optimizer = MuonWithAdam(self.student, args.rate, plain=("conv_in", "conv_out"))
        if state := loop.load_checkpoint(args.out / "checkpoint.pt"):
            self.student.load_state_dict(state["model"])
            self.average.weights, self.average.steps = state["average"], state["step"]
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]

    def save(self) -> None:
        """Writes the checkpoint, and the averaged model as a diffusers folder."""
        state = {"model": self.student.state_dict(), "average": self.average.weights,
                 "optimizer": self.optimizer.state_dict(), "step": self.step}  # fmt: skip
        loop.save_atomically(state, self.args.out / "checkpoint.pt")
        assemble(self.args.out / "model", unet=self.averaged(), codec=copy.deepcopy(self.codec),
                 text_encoder=copy.deepcopy(self.text_encoder), tokenizer=self.tokenizer,
                 scheduler=self.scheduler)  # fmt: skip

    def averaged(self) -> torch.nn.Module:
        """The student with averaged weights."""
        return self.average.copy_to(copy.deepcopy(self.student)).eval()

    def __iter__(self) -> Iterator[loop.Report]:
        pool = EndpointPool(
            teacher=self.teacher, student=self.before, text_encoder=self.text_encoder,
            tokenizer=self.tokenizer, codec=self.codec, scheduler=self.scheduler,
            guidance=self.args.guidance, capacity=self.args.pool, seed=self.args.seed + self.step,
        )  # fmt: skip
        while self.step < self.args.steps:
            losses = self._update(*pool.draw(self.args.batch, self.args.renew))
            if self.step % self.args.sheet_every == 0:
                path = self.args.out / f"sheet_{self.step:06d}.png"
                save_two_steps(path, self.averaged(), self.codec, self.text_encoder, self.tokenizer,
                               self.scheduler)  # fmt: skip
            yield loop.Report(step=self.step, samples=self.step * self.args.batch, losses=losses)

    def _update(
        self, noisy: Tensor, t: Tensor, tokens: Tensor, endpoint: Float[Tensor, "b c h w"]
    ) -> dict[str, float]:
        rate = loop.decayed(self.step, self.args.steps, warmup=30, flat=0.4)
        self.optimizer.set_rate(self.args.rate * rate)
        words = self.text_encoder(tokens).last_hidden_state
        clean = clean_prediction(self.student, noisy, t, words, self.scheduler)
        distances = pseudo_huber(clean - endpoint)
        self.optimizer.zero_grad()
        distances.mean().backward()
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.student)
        self.step += 1
        parts = {"distance": distances, "pure": distances[t == 999], "last": distances[t == LAST_T]}
        return {name: part.mean().item() for name, part in parts.items() if len(part)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground train sharpen`."""
    parser.add_argument("--teacher", type=Path, default=Path("checkpoints/teacher"))
    parser.add_argument("--student", type=Path, default=Path("playground/models/tiny/image"))
    parser.add_argument("--out", type=Path, default=Path("runs/sharpen"))
    parser.add_argument("--steps", type=int, default=1_200)
    parser.add_argument("--guidance", type=float, default=4.0, help="of the teacher's steps")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--pool", type=int, default=1_440, help="endpoints kept in memory")
    parser.add_argument("--renew", type=int, default=3, help="new endpoints a step")
    parser.add_argument("--sheet-every", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=None, help="stop early; resumable")


def run(args: argparse.Namespace) -> None:
    """Trains until `steps`, resuming from the checkpoint in `out`."""
    recipe = SharpenRecipe(args)
    loop.follow(iter(recipe), args.steps, log=args.out / "log.jsonl", save=recipe.save,
                name="sharpen", minutes=args.minutes)  # fmt: skip
