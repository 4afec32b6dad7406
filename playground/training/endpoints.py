"""Where the teacher ends up: a pool of noisy latents with the picture that many guided steps make of them.

What a distance to the data leaves open, it averages; from one noisy latent, though, the teacher's deterministic
sampler (DDIM, Song et al. 2020, equation 12) goes to one picture only, so a student that learns these pairs
need not smear (as in rectified flow, Liu et al. 2022, section 2.1). Starts are those of a stream: pure noise,
pictures with noise, and what the student itself makes of pure noise, with noise again.
"""

from typing import Any

import torch
from diffusers import AutoencoderTiny
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from playground.training.distill import clean_prediction
from playground.training.image import factors, noised
from playground.training.latents import LatentPool

STEPS = 10  # of the sampler, for each start
PURE, OWN, USUAL = 0.35, 0.5, 0.5  # shares: pure noise; of the others the student's own; at LAST_T
LAST_T = 499  # where the second of two steps begins


class EndpointPool:
    """`capacity` triples of start, caption and endpoint, renewed a little at every step."""

    def __init__(
        self,
        *,
        teacher: nn.Module,
        student: nn.Module,
        text_encoder: CLIPTextModel,
        tokenizer: CLIPTokenizer,
        codec: AutoencoderTiny,
        scheduler: Any,
        guidance: float,
        capacity: int,
        seed: int,
    ):
        self.teacher, self.student, self.text_encoder = teacher, student, text_encoder
        self.scheduler, self.guidance = scheduler, guidance
        self.alphas = scheduler.alphas_cumprod
        self.pictures = LatentPool(codec, tokenizer, capacity=600, seed=seed)
        empty = self.pictures.tokens([""])
        self.free = text_encoder(empty).last_hidden_state.detach()
        self.oldest = 0
        parts = [self._fresh(min(48, capacity - k)) for k in range(0, capacity, 48)]
        self.kept = [torch.cat(part) for part in zip(*parts, strict=True)]

    def draw(self, count: int, renew: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Noisy latents, timesteps, token ids and endpoints; replaces the `renew` oldest first."""
        if renew:
            places = torch.arange(self.oldest, self.oldest + renew) % len(self.kept[0])
            for held, fresh in zip(self.kept, self._fresh(renew), strict=True):
                held[places] = fresh
            self.oldest = int(places[-1] + 1) % len(self.kept[0])
        chosen = torch.randint(len(self.kept[0]), (count,))
        return tuple(held[chosen] for held in self.kept)

    @torch.no_grad()
    def _fresh(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x0, tokens = self.pictures.draw(count, renew=max(1, count // 4))
        words = self.text_encoder(tokens).last_hidden_state
        noise, t = torch.randn_like(x0), torch.full((count,), 999)
        own = clean_prediction(self.student, noise, t, words, self.scheduler)
        luck = torch.rand(3, count)
        base = torch.where((luck[0] < OWN)[:, None, None, None], own, x0)
        later = torch.where(luck[1] < USUAL, LAST_T, torch.randint(2, 10, (count,)) * 100 - 1)
        pure = luck[2] < PURE
        t = torch.where(pure, t, later)
        noisy = noised(base, torch.randn_like(x0), t, self.alphas)[0]
        noisy = torch.where(pure[:, None, None, None], noise, noisy)
        return noisy, t, tokens, self._endpoint(noisy, t, words)

    def _endpoint(self, x: Tensor, t: Tensor, words: Tensor) -> Tensor:
        """The clean latents after STEPS guided steps of the teacher."""
        both = torch.cat([words, self.free.expand_as(words)])
        for step in range(STEPS):
            now, then = ((t * (STEPS - k) / STEPS).round().long() for k in (step, step + 1))
            guesses = clean_prediction(
                self.teacher, torch.cat([x, x]), now.repeat(2), both, self.scheduler
            )
            wanted, unguided = guesses.chunk(2)
            x0 = unguided + self.guidance * (wanted - unguided)
            a, b = factors(now, self.alphas)
            x = noised(x0, (x - a * x0) / b, then, self.alphas)[0]
        return x0
