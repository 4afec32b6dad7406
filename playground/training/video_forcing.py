"""Goes on with the video transformer on its own past: a stream's history is what it made itself.

Self forcing (Huang et al. 2025, arXiv 2506.08009, section 3): sequences are rolled out in few steps with
the rolling cache of the shipped default, sink and all (MotionStream, 2511.01266). Of each chunk only one
randomly chosen step carries a gradient. Unlike in the paper a gradient flows through the keys and values of
the cache, though not through the pictures behind them: so what is written there learns to be of use to those
who read it. The history begins with real chunks, so the rest of the real sequence stays the right answer for
everything that only history tells; the loss is the distance to it, and a small critic keeps chunks as crisp
as real ones (`--critic 0` switches it off). Where the caption changes, the real history shows the old content
and is written as a re-cache writes it. Now and then a stream begins instead: its first chunk is denoised
from real ones, and the critic keeps it from being the average of all that it might be. Half of them begin
with a picture, and go on under its mist; no mist comes out of the noise.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from playground.models.key_values import Context, KeyValues
from playground.models.video_codec import VideoCodec
from playground.training import loop
from playground.training.critic import Critic, critic_loss
from playground.training.muon import MuonWithAdam
from playground.training.precision import compiled, mixed
from playground.training.takes import CHUNK, Sequences, TakePool
from playground.training.video import PLAIN, Tiny, start_from
from playground.training.video_sheet import save_video_sheet

TIMES = (1000.0, 900.0, 750.0, 500.0)  # the steps of the shipped model
DITHER = 0.08  # noise on what the critic sees
FIRST_REALISM = 4.0  # times the critic's weight there, where averages are nearest


class ForcingRecipe:
    """The state of this training; starts from the averaged weights in `teacher`, or from a folder."""

    def __init__(self, args: argparse.Namespace):
        torch.manual_seed(args.seed)
        self.args, self.step, self.times = args, 0, tuple(args.times)
        self.codec, self.model = VideoCodec(), Tiny()
        if args.init:
            start_from(args.init, self.codec, self.model)
        else:
            self._start_from_checkpoints()
        if args.compile:
            compiled(self.model.transformer.blocks)
        self.average = loop.Average(self.model, 0.995)
        self.optimizer = MuonWithAdam(self.model, args.lr, plain=PLAIN)
        self.critic = Critic(
            self.codec.config.channels * CHUNK,
            self.model.words.table.embedding_dim,
            strides=(1, 2),
        )
        self.critic_optimizer = torch.optim.AdamW(
            self.critic.parameters(), lr=4e-4, betas=(0.5, 0.95), weight_decay=0.01
        )
        if state := loop.load_checkpoint(args.out / "checkpoint.pt"):
            self.resume(state)

    def _start_from_checkpoints(self) -> None:
        state = torch.load(self.args.codec, weights_only=True)
        self.codec.load_state_dict(state.get("average", state))
        taught = loop.load_checkpoint(self.args.teacher / "checkpoint.pt")
        if taught is None:
            raise FileNotFoundError(
                f"no video model in {self.args.teacher}; train one with `playground train video`, "
                "or name a model folder with --init"
            )
        self.model.load_state_dict(taught["average"])

    def resume(self, state: dict) -> None:
        """Goes on from a checkpoint."""
        self.model.load_state_dict(state["model"])
        self.average.weights, self.average.steps = state["average"], state["step"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.critic.load_state_dict(state["critic"])
        self.critic_optimizer.load_state_dict(state["critic_optimizer"])
        self.step = state["step"]

    def save(self) -> None:
        """Writes the checkpoint."""
        state = {"model": self.model.state_dict(), "average": self.average.weights,
                 "optimizer": self.optimizer.state_dict(), "step": self.step,
                 "critic": self.critic.state_dict(),
                 "critic_optimizer": self.critic_optimizer.state_dict()}  # fmt: skip
        loop.save_atomically(state, self.args.out / "checkpoint.pt")

    def averaged(self) -> Tiny:
        """A fresh model with the averaged weights."""
        return self.average.copy_to(Tiny()).eval()

    def __iter__(self) -> Iterator[loop.Report]:
        seed = self.args.seed + 1 + self.step
        pool = TakePool(self.codec, capacity=self.args.pool, seed=seed)
        while self.step < self.args.steps:
            pool.renew()
            if torch.rand(()) < self.args.beginnings:
                losses = self._update(pool.draw(3 * self.args.batch, 1))
            else:
                losses = self._update(pool.draw(self.args.batch, self.args.chunks))
            if self.step % self.args.sheet_every == 0:
                path = self.args.out / f"sheet_{self.step:06d}.png"
                save_video_sheet(self.averaged(), self.codec, path)
            yield loop.Report(step=self.step, samples=self.step * self.args.batch, losses=losses)

    def _update(self, part: Sequences) -> dict[str, float]:
        rate = loop.decayed(self.step, self.args.steps, warmup=30, flat=0.4)
        self.optimizer.set_rate(self.args.lr * rate)
        self.optimizer.zero_grad()
        with mixed():
            made, distance, realism = self._rolled_out(part)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        judged = self._update_critic(part, made) if self.args.critic else 0.0
        self.average.update(self.model)
        self.step += 1
        kind = "" if part.latents.shape[2] > CHUNK else "first_"
        return {f"{kind}distance": distance, f"{kind}realism": realism, f"{kind}critic": judged}

    def _rolled_out(self, part: Sequences) -> tuple[Tensor, float, float]:
        """Rolls out and goes back once; what was made, the mean distance, the mean realism."""
        x0 = part.latents
        exit_step = int(torch.randint(len(self.times), ()))
        count = x0.shape[2] // CHUNK
        sink = last = None
        made, distances, realisms, total = [], [], [], 0.0
        for number in range(count):
            here = slice(CHUNK * number, CHUNK * (number + 1))
            real, learnt = x0[:, :, here], part.counts[:, here.start]
            heard, told = self._contexts(part, number)
            where = _seen(sink, last) | {"tracks": part.tracks[:, :, here]}
            clean = real
            if number or count == 1:
                begun = None if number else real
                clean = self._predicted(real.shape, exit_step, heard, where, begun, part.given)
                distance, realism = self._losses(clean, real, part, here)
                pull = (distance * learnt).sum() / max(1, learnt.sum())
                push = (realism * learnt).sum() / max(1, learnt.sum())
                weight = self.args.critic * min(1.0, self.step / 100)  # the critic learns first
                weight *= 1.0 if number else FIRST_REALISM
                total = total + (pull - weight * push) / max(1, count - 1)
                distances.append(pull.item())
                realisms.append(push.item())
                clean = torch.where(learnt[:, None, None, None, None], clean.detach(), real)
                made.append(clean)
            if number + 1 < count:
                fresh = self._written(clean, told, where)
                sink, last = (fresh, None) if number == 0 else (sink, fresh)
        total.backward()
        return torch.cat(made, 2), sum(distances) / len(distances), sum(realisms) / len(realisms)

    def _contexts(self, part: Sequences, number: int) -> tuple[Context, Context]:
        """What a chunk hears while it is made, and what its clean pass is told."""
        model, told = self.model, part.told if number else part.sink_told
        return tuple(model.transformer.context(model.words(said)) for said in (part.captions, told))

    def _predicted(
        self, shape, exit_step: int, context: Context, where: dict,
        real: Tensor | None = None, given: Tensor | None = None,
    ) -> Float[Tensor, "b c t h w"]:  # fmt: skip
        """Clean latents after a few steps, or after one from noised `real` ones; the last has a gradient.

        Rows that are `given` a picture have the first real frame at time 0, as a stream has that starts from one.
        """
        model, x, first = self.model.transformer, torch.randn(shape), 0
        if real is not None:
            sigma, first = self.times[exit_step] / 1000, exit_step
            x = (1 - sigma) * real + sigma * x
        for step in range(first, exit_step + 1):
            times = torch.full((x.shape[0], CHUNK), self.times[step])
            if given is not None:
                times[given, 0], x[given, :, 0] = 0, real[given, :, 0]
            with torch.set_grad_enabled(step == exit_step):
                velocity, _ = model(x, times, context, **where)
                clean = x - times[:, None, :, None, None] / 1000 * velocity.float()
            if step < exit_step:
                sigma = self.times[step + 1] / 1000
                x = (1 - sigma) * clean + sigma * torch.randn(shape)
        return clean

    def _losses(
        self, clean: Tensor, real: Tensor, part: Sequences, here: slice
    ) -> tuple[Tensor, Tensor]:
        """Distance to the real chunk, and what the critic thinks of this one, for each row."""
        error = (clean - real).square() * part.weights[:, :, here]
        distance = error.mean((1, 2, 3, 4)).add(1e-3).sqrt()
        if not self.args.critic:
            return distance, torch.zeros(len(clean))
        scores = self.critic(_seen_by_critic(clean), self._prompt(part.told))
        return distance, scores.float().mean(1)

    def _written(self, clean: Tensor, context, where: dict) -> KeyValues:
        """The clean pass: keys and values for the cache."""
        times = torch.zeros(clean.shape[0], CHUNK)
        return self.model.transformer(clean, times, context, **where)[1]

    def _update_critic(self, part: Sequences, made: Tensor) -> float:
        prompt = self._prompt(part.told)
        start = CHUNK * int(torch.randint(made.shape[2] // CHUNK, ()))
        false = made[:, :, start : start + CHUNK]
        later = part.latents.shape[2] - made.shape[2] + start
        real = part.latents[:, :, later : later + CHUNK]
        learnt = part.counts[:, later]
        if not learnt.any():
            return 0.0
        false, real, prompt = false[learnt], real[learnt], prompt[learnt]
        with mixed():
            loss = critic_loss(self.critic, _seen_by_critic(real), _seen_by_critic(false), prompt)
        self.critic_optimizer.zero_grad()
        loss.backward()
        self.critic_optimizer.step()
        return loss.item()

    @torch.no_grad()
    def _prompt(self, captions: list[str]) -> Float[Tensor, "b e"]:
        return self.model.words(captions).sum(1)


def _seen(sink: KeyValues | None, last: KeyValues | None) -> dict:
    """Sink and window as arguments of the transformer, positions by slot."""
    parts = [part for part in (sink, last) if part is not None]
    count = CHUNK * len(parts)
    past = KeyValues.join(parts) if parts else None
    return {
        "positions": torch.arange(count, count + CHUNK),
        "past": past,
        "past_positions": torch.arange(count) if parts else None,
    }


def _seen_by_critic(chunk: Float[Tensor, "b c t h w"]) -> Float[Tensor, "b e h w"]:
    """The frames of a chunk as channels, with a little noise."""
    flat = chunk.flatten(1, 2)
    return flat + DITHER * torch.randn_like(flat)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground train video-forcing`."""
    parser.add_argument("--teacher", type=Path, default=Path("runs/video"))
    parser.add_argument("--out", type=Path, default=Path("runs/video_forcing"))
    parser.add_argument("--codec", type=Path, default=Path("runs/video_codec/checkpoint.pt"))
    parser.add_argument("--init", type=Path, default=None, help="model folder to start from")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--chunks", type=int, default=5, help="of a sequence, the first one real")
    parser.add_argument("--times", type=float, nargs="+", default=list(TIMES))
    parser.add_argument("--critic", type=float, default=0.02, help="weight of realism; 0 = off")
    parser.add_argument("--beginnings", type=float, default=0.4, help="share of first chunks")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--pool", type=int, default=800)
    parser.add_argument("--sheet-every", type=int, default=200)
    parser.add_argument("--compile", action="store_true", help="some minutes first, then faster")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=None, help="stop early; resumable")


def run(args: argparse.Namespace) -> None:
    """Trains until `steps`, resuming from the checkpoint in `out`."""
    recipe = ForcingRecipe(args)
    loop.follow(iter(recipe), args.steps, log=args.out / "log.jsonl", save=recipe.save,
                name="video forcing", minutes=args.minutes)  # fmt: skip
