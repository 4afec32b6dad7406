"""Trains the judge on renders of the world: all pairs, strong blur, noise and colour jitter.

The jitter makes it look at shapes; the judge is only used to measure, so it may see the held-out pairs.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from playground.models.judge import WEIGHTS, Judge
from playground.training import loop
from playground.training.pictures import to_floats
from playground.world.scene import render, sample_scene
from playground.world.vocabulary import BACKGROUNDS, OBJECTS


def labelled(
    rng: np.random.Generator, count: int, pairs: list[tuple[str, str]] | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Renders `count` pictures: float pixels, object and background numbers."""
    chosen = [
        pairs[i % len(pairs)] if pairs else (str(rng.choice(OBJECTS)), str(rng.choice(BACKGROUNDS)))
        for i in range(count)
    ]
    pictures = [render(sample_scene(rng, pair=pair, colours=0.1)) for pair in chosen]
    objects = torch.tensor([OBJECTS.index(word) for word, _ in chosen])
    backgrounds = torch.tensor([BACKGROUNDS.index(place) for _, place in chosen])
    return to_floats(torch.from_numpy(np.stack(pictures))), objects, backgrounds


def jittered(pixels: Tensor) -> Tensor:
    """Random contrast, brightness and noise for each picture; a quarter of the batch blurred."""
    count = len(pixels)
    gain = torch.empty(count, 3, 1, 1).uniform_(0.85, 1.15)
    shift = torch.empty(count, 3, 1, 1).uniform_(-0.08, 0.08)
    noisy = pixels * gain + shift + 0.05 * torch.rand(count, 1, 1, 1) * torch.randn_like(pixels)
    blurred = F.avg_pool2d(F.pad(noisy[: count // 4], (1, 1, 1, 1), mode="replicate"), 3, 1)
    return torch.cat([blurred, noisy[count // 4 :]])


def accuracy(judge: Judge, count: int = 1000, seed: int = 99) -> tuple[float, float]:
    """Shares of fresh renders whose object, and whose background, is named right."""
    pixels, objects, backgrounds = labelled(np.random.default_rng(seed), count)
    judge.eval()
    with torch.no_grad():
        said_objects, said_backgrounds = (scores.argmax(1) for scores in judge(pixels))
    return (
        (said_objects == objects).float().mean().item(),
        (said_backgrounds == backgrounds).float().mean().item(),
    )


def train(steps: int, *, batch: int = 64, pool: int = 4000, seed: int = 0, judge: Judge | None = None
          ) -> Iterator[tuple[Judge, loop.Report]]:  # fmt: skip
    """Trains a judge, yielding it with every step's report."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    judge = judge or Judge(OBJECTS, BACKGROUNDS)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=3e-3, weight_decay=0.02)
    pixels, objects, backgrounds = labelled(rng, pool)
    for step in range(1, steps + 1):
        place = slice((step * 16) % pool, (step * 16) % pool + 16)
        pixels[place], objects[place], backgrounds[place] = labelled(rng, 16)
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * loop.decayed(step, steps, flat=0.2)
        chosen = torch.randint(pool, (batch,))
        judge.train()
        said_objects, said_backgrounds = judge(jittered(pixels[chosen]))
        loss = F.cross_entropy(said_objects, objects[chosen], label_smoothing=0.05)
        loss = loss + 0.5 * F.cross_entropy(
            said_backgrounds, backgrounds[chosen], label_smoothing=0.05
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield judge, loop.Report(step=step, samples=step * batch, losses={"loss": loss.item()})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground train judge`."""
    parser.add_argument("--out", type=Path, default=Path("runs/judge"))
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where the judge is written")
    parser.add_argument("--steps", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace) -> None:
    """Trains a judge (minutes), writes it and logs its accuracy on fresh renders."""
    judge = Judge(OBJECTS, BACKGROUNDS)
    reports = (report for _, report in train(args.steps, seed=args.seed, judge=judge))
    loop.follow(reports, args.steps, log=args.out / "log.jsonl", save=lambda: judge.save(args.weights),
                name="judge")  # fmt: skip
    objects, backgrounds = accuracy(judge)
    with (args.out / "log.jsonl").open("a") as log:
        log.write(
            f'{{"object_accuracy": {objects:.4f}, "background_accuracy": {backgrounds:.4f}}}\n'
        )
