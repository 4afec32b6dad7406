"""A small critic on latents: does this look like a real picture of that prompt?

It sharpens few-step students (adversarial diffusion distillation, Sauer et al. 2023), on latents as in
latent adversarial distillation (2024), but with a network of its own that costs a tenth of the U-Net. The
prompt enters by projection (Miyato and Koyama 2018). Inputs get a little noise, real and false alike.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

SMOOTHNESS = 0.05  # deviation of the nudge in the approximate gradient penalty


class Critic(nn.Module):
    """Scores at two scales, (latents, prompt vector) -> [b, places]."""

    def __init__(
        self,
        channels: int,
        text_width: int,
        width: int = 64,
        strides: tuple[int, int] = (2, 2),  # from 16 latents a side to 8 and 4
    ):
        super().__init__()
        self.stem = nn.Conv2d(channels, width, 3, padding=1)
        widths = zip((width, 2 * width), (2 * width, 3 * width), strides, strict=True)
        self.downs = nn.ModuleList(_down(*sizes) for sizes in widths)
        self.scores = nn.ModuleList(nn.Conv2d(k * width, 1, 1) for k in (2, 3))
        self.prompts = nn.ModuleList(nn.Linear(text_width, k * width) for k in (2, 3))

    def forward(self, latents: Float[Tensor, "b c h w"], prompt: Float[Tensor, "b d"]) -> Tensor:
        """Higher is more real."""
        x, parts = self.stem(latents), []
        for down, score, project in zip(self.downs, self.scores, self.prompts, strict=True):
            x = down(x)
            match = (x * project(prompt)[:, :, None, None]).mean(1, keepdim=True)
            parts.append((score(x) + match).flatten(1))
        return torch.cat(parts, 1)


def _down(before: int, after: int, stride: int) -> nn.Module:
    return nn.Sequential(
        nn.LeakyReLU(0.2),
        nn.Conv2d(before, after, 3, stride=stride, padding=1),
        nn.GroupNorm(8, after),
        nn.LeakyReLU(0.2),
        nn.Conv2d(after, after, 3, padding=1),
    )


def critic_loss(critic: Critic, real: Tensor, false: Tensor, prompt: Tensor) -> Tensor:
    """Hinge loss, wrong prompts as further false pairs, and a penalty on steep scores near real data."""
    scores = critic(torch.cat([real, false, real]), torch.cat([prompt, prompt, prompt.roll(1, 0)]))
    true_score, false_score, misplaced = scores.chunk(3)
    nudged = critic(real + SMOOTHNESS * torch.randn_like(real), prompt)
    steepness = (nudged - true_score).square().mean() / SMOOTHNESS**2
    hinge = F.relu(1 - true_score).mean() + F.relu(1 + false_score).mean()
    return hinge + 0.5 * F.relu(1 + misplaced).mean() + 0.02 * steepness
