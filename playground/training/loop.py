"""What all recipes share: the report of a step, learning-rate shape, weight averaging, log, checkpoint.

A recipe is a generator of `Report`s; `follow` drives it with a progress bar, appends to a JSON-lines log
and saves a checkpoint now and then, so that training stops and resumes at will.
"""

import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One step of a training: how far, and the losses by name."""

    step: int
    samples: int
    losses: dict[str, float]


def decayed(step: int, total: int, *, warmup: int = 100, flat: float = 0.5) -> float:
    """Learning-rate factor: linear warm-up, flat until `flat` of the way, then linear to 2 %."""
    if step < warmup:
        return (step + 1) / warmup
    start = flat * total
    return 1.0 if step < start else max(0.02, 1 - 0.98 * (step - start) / max(1, total - start))


class Average:
    """Exponential moving average of a module's parameters, in float32."""

    def __init__(self, module: nn.Module, decay: float = 0.999):
        self.decay, self.steps = decay, 0
        self.weights = {k: v.detach().clone().float() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Moves the average a little towards the module; faster in the first steps."""
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        live = module.state_dict()
        torch._foreach_lerp_(
            list(self.weights.values()), [live[k].float() for k in self.weights], 1 - keep
        )

    def copy_to(self, module: nn.Module) -> nn.Module:
        """Writes the averaged weights into `module` and returns it."""
        module.load_state_dict(self.weights)
        return module


def save_atomically(state: dict, path: Path) -> None:
    """Writes a checkpoint beside its place and moves it there, so that a kill leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    torch.save(state, draft)
    draft.replace(path)


def load_checkpoint(path: Path) -> dict | None:
    """The last checkpoint, or None where there is none."""
    return torch.load(path, weights_only=True) if path.exists() else None


def follow(
    reports: Iterator[Report],
    total: int,
    *,
    log: Path,
    save: Callable[[], None],
    name: str,
    seconds_between_saves: float = 120,
    minutes: float | None = None,
) -> None:
    """Drives a recipe: progress bar with ETA, one log line every 50 steps, a checkpoint now and then.

    `minutes` ends the run early (None = run to `total`); the checkpoint lets it go on later.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    started = saved = time.perf_counter()
    with log.open("a") as lines, tqdm(total=total, desc=name, mininterval=5) as bar:
        for report in reports:
            bar.update(report.step - bar.n)
            now = time.perf_counter()
            if report.step % 50 == 0:
                entry = {
                    "step": report.step,
                    "samples": report.samples,
                    "seconds": round(now - started, 1),
                }
                lines.write(
                    json.dumps(entry | {k: round(v, 5) for k, v in report.losses.items()}) + "\n"
                )
                lines.flush()
                bar.set_postfix({k: f"{v:.4f}" for k, v in report.losses.items()})
            if now - saved > seconds_between_saves:
                save()
                saved = now
            if minutes is not None and now - started > 60 * minutes:
                break
    save()
