"""A pool of encoded pictures with their scenes, renewed a little at every step, captions drawn afresh."""

import numpy as np
import torch
from diffusers import AutoencoderTiny
from jaxtyping import Float, Int
from torch import Tensor
from transformers import CLIPTokenizer

from playground.training.pictures import to_floats
from playground.world.scene import Scene, render, sample_scene

NO_CAPTION = 0.1  # share of empty captions, for classifier-free guidance
NO_BACKGROUND = 0.12  # share of captions that leave the background open


class LatentPool:
    """`capacity` encoded pictures; `draw` gives latents with token ids and renews the oldest."""

    def __init__(
        self,
        codec: AutoencoderTiny,
        tokenizer: CLIPTokenizer,
        *,
        capacity: int,
        seed: int,
        spread: float = 1.0,
    ):
        self.codec, self.tokenizer = codec.eval(), tokenizer
        self.rng = np.random.default_rng(seed)
        self.spread = spread
        self.scenes: list[Scene] = []
        self.latents = torch.empty(0)
        while len(self.scenes) < capacity:
            scenes, latents = self._fresh(min(64, capacity - len(self.scenes)))
            self.scenes += scenes
            self.latents = torch.cat([self.latents, latents])
        self.oldest = 0

    def _fresh(self, count: int) -> tuple[list[Scene], Tensor]:
        scenes = [sample_scene(self.rng, spread=self.spread) for _ in range(count)]
        pixels = torch.from_numpy(np.stack([render(scene) for scene in scenes]))
        with torch.no_grad():
            return scenes, self.codec.encoder(to_floats(pixels)).float().contiguous()

    def draw(
        self, count: int, renew: int = 0
    ) -> tuple[Float[Tensor, "b c h w"], Int[Tensor, "b n"]]:
        """A random batch of latents and token ids; then replaces the `renew` oldest pictures."""
        return self.draw_scenes(count, renew)[:2]

    def draw_scenes(
        self, count: int, renew: int = 0
    ) -> tuple[Float[Tensor, "b c h w"], Int[Tensor, "b n"], list[Scene]]:
        """The same, with the scenes themselves."""
        self._renew(renew)
        chosen = self.rng.integers(len(self.scenes), size=count)
        scenes = [self.scenes[i] for i in chosen]
        return self.latents[chosen], self.tokens([self._caption(s) for s in scenes]), scenes

    def _renew(self, count: int) -> None:
        if not count:
            return
        scenes, latents = self._fresh(count)
        for scene, latent in zip(scenes, latents, strict=True):
            self.scenes[self.oldest], self.latents[self.oldest] = scene, latent
            self.oldest = (self.oldest + 1) % len(self.scenes)

    def _caption(self, scene: Scene) -> str:
        luck = self.rng.random()
        if luck < NO_CAPTION:
            return ""
        if luck < NO_CAPTION + NO_BACKGROUND:
            return scene.caption(self.rng, background=False)
        return scene.caption(self.rng)

    def tokens(self, captions: list[str]) -> Int[Tensor, "b n"]:
        """Token ids, padded to the tokenizer's length."""
        return self.tokenizer(
            captions, padding="max_length", truncation=True, return_tensors="pt"
        ).input_ids
