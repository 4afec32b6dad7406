"""Trains the causal video transformer by teacher forcing, on sequences as a rolling cache sees them.

Every chunk of a sequence goes through the network twice: clean at t = 0, which makes the history of those
that follow, and noisy, after the clean chunks before it. So all chunks of a sequence are learnt at once,
with the positions that a cache has, and gradients flow through the cached keys and values. First single chunks (`--chunk-steps`), then
sequences of three or four. Flow matching: the network predicts noise minus clean latents; the loss is
weighted so that it is about the clean latents' error (arXiv 2506.08009, section 3; our weights).
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from playground.conditioning.track_grid import TRACK_CHANNELS
from playground.models import video_files
from playground.models.causal_wan import CausalWan, Context, KeyValues, WanConfig
from playground.models.video_codec import VideoCodec
from playground.models.words import WordEncoder
from playground.training import loop
from playground.training.muon import MuonWithAdam
from playground.training.precision import compiled, mixed
from playground.training.takes import CHUNK, Sequences, TakePool
from playground.training.video_sheet import save_video_sheet
from playground.world.captions import words_of
from playground.world.clips import VIDEO_OBJECTS, VIDEO_SCENES

TINY = WanConfig(dim=192, ffn_dim=576, num_heads=6, num_layers=6, text_dim=64, text_len=12,
                 track_channels=TRACK_CHANNELS, track_dim=32)  # fmt: skip
PLAIN = ("patch_embedding", "head.head", "modulation", "places")  # AdamW, not Muon
HISTORY_NOISE = 0.12  # largest noise on the clean history, for half of the sequences


class Tiny(nn.Module):
    """Transformer and words as one module with one average."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer = CausalWan(TINY)
        self.words = WordEncoder(words_of(VIDEO_OBJECTS, VIDEO_SCENES))
        nn.init.zeros_(self.transformer.head.head.weight)


def sampled_times(batch: int, chunks: int) -> Float[Tensor, "b t"]:
    """One noise level in (0, 1] a chunk, for each of its frames: mostly high, 15 % pure noise."""
    t = torch.sigmoid(0.8 + 1.2 * torch.randn(batch, chunks))
    luck = torch.rand(batch, chunks)
    t = torch.where(luck < 0.15, torch.rand(batch, chunks), t)
    t = torch.where(luck > 0.85, torch.ones(()), t)
    return t.clamp(min=0.02).repeat_interleave(CHUNK, 1)


def forced_loss(model: Tiny, part: Sequences) -> tuple[Tensor, dict[str, float]]:
    """The weighted velocity loss, and mean clean errors by chunk and by noise level."""
    x0, chunks = part.latents, part.latents.shape[2] // CHUNK
    t = sampled_times(len(x0), chunks)
    level, noise = t[:, None, :, None, None], torch.randn_like(x0)
    noisy = (1 - level) * x0 + level * noise
    words = part.captions, part.sink_told, part.told
    contexts = [model.transformer.context(model.words(texts)) for texts in words]
    velocity = _velocities(model.transformer, x0, noisy, 1000 * t, contexts, part.tracks)
    error = (velocity.float() - (noise - x0)).square().mul(part.weights).mean((1, 3, 4))
    weight = (t / t.clamp(min=0.4)).square() * part.counts
    clean = (error.detach() * t.square() * part.counts).unflatten(1, (chunks, CHUNK)).sum((0, 2))
    clean = clean / part.counts.unflatten(1, (chunks, CHUNK)).sum((0, 2)).clamp(min=1)
    named = {f"x0_chunk{k}": value.item() for k, value in enumerate(clean)}
    return (error * weight).sum() / part.counts.sum(), named


def _velocities(transformer, x0, noisy, t, contexts, tracks) -> Tensor:
    """Velocities of the noisy chunks, each after the clean ones before it.

    Clean and noisy rows of a chunk go through in one call; the last chunk needs no clean row. `contexts`
    are those of the noisy rows, of the first clean chunk and of the others.
    """
    history, past, answers = spoilt(x0), None, []
    heard, *told = contexts
    after_sink = Context.join([heard, told[1]])
    for start in range(0, x0.shape[2], CHUNK):
        here, last = slice(start, start + CHUNK), start + CHUNK == x0.shape[2]
        rows = [noisy] if last else [noisy, history]
        times = [t] if last else [t, torch.zeros_like(t)]
        both = Context.join([heard, told[0]]) if start == 0 else after_sink
        twice = None if past is None else KeyValues.stack([past] * len(rows))
        velocity, fresh = transformer(
            torch.cat([row[:, :, here] for row in rows]),
            torch.cat([time[:, here] for time in times]),
            heard if last else both,
            positions=torch.arange(start, start + CHUNK),
            past=twice,
            past_positions=None if past is None else torch.arange(start),
            tracks=torch.cat([tracks[:, :, here]] * len(rows)),
        )
        answers.append(velocity.split(len(x0))[0])
        if not last:
            clean = KeyValues(fresh.k.chunk(2, 1)[1], fresh.v.chunk(2, 1)[1])
            past = clean if past is None else KeyValues.join([past, clean])
    return torch.cat(answers, 2)


def spoilt(x0: Tensor) -> Tensor:
    """History with a little noise in half of the sequences: a stream's own past is not perfect."""
    shape = (len(x0), 1, 1, 1, 1)
    level = HISTORY_NOISE * torch.rand(shape) * (torch.rand(shape) < 0.5)
    return (1 - level) * x0 + level * torch.randn_like(x0)


def start_from(folder: Path, codec: VideoCodec, model: Tiny) -> None:
    """Takes codec, transformer and words of a model folder."""
    parts, _, _ = video_files.read(folder)
    codec.load_state_dict(parts["codec"].state_dict())
    model.transformer.load_state_dict(parts["transformer"].state_dict())
    model.words.load_state_dict(parts["words"].state_dict())


class VideoRecipe:
    """The state of a transformer training."""

    def __init__(self, args: argparse.Namespace):
        torch.manual_seed(args.seed)
        self.args, self.step = args, 0
        self.codec, self.model = VideoCodec(), Tiny()
        if args.init:
            start_from(args.init, self.codec, self.model)
        else:
            state = torch.load(args.codec, weights_only=True)
            self.codec.load_state_dict(state.get("average", state))
        if args.compile:
            compiled(self.model.transformer.blocks)
        self.average = loop.Average(self.model, 0.999)
        self.optimizer = MuonWithAdam(self.model, args.lr, plain=PLAIN)
        if state := loop.load_checkpoint(args.out / "checkpoint.pt"):
            self.model.load_state_dict(state["model"])
            self.average.weights, self.average.steps = state["average"], state["step"]
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]

    def save(self) -> None:
        """Writes the checkpoint."""
        state = {"model": self.model.state_dict(), "average": self.average.weights,
                 "optimizer": self.optimizer.state_dict(), "step": self.step}  # fmt: skip
        loop.save_atomically(state, self.args.out / "checkpoint.pt")

    def averaged(self) -> Tiny:
        """A fresh model with the averaged weights."""
        return self.average.copy_to(Tiny()).eval()

    def __iter__(self) -> Iterator[loop.Report]:
        pool = TakePool(self.codec, capacity=self.args.pool, seed=self.args.seed + self.step)
        while self.step < self.args.steps:
            if self.step % 2:
                pool.renew()
            losses = self._update(self._batch(pool))
            if self.step % self.args.sheet_every == 0:
                path = self.args.out / f"sheet_{self.step:06d}.png"
                save_video_sheet(self.averaged(), self.codec, path)
            yield loop.Report(step=self.step, samples=self.step * self.args.batch, losses=losses)

    def _batch(self, pool: TakePool) -> Sequences:
        if self.step < self.args.chunk_steps:
            return pool.draw(3 * self.args.batch, 1)
        return pool.draw(self.args.batch, 3 if self.step % 3 else 4)

    def _update(self, part: Sequences) -> dict[str, float]:
        rate = loop.decayed(self.step, self.args.steps, flat=self.args.decay_from)
        self.optimizer.set_rate(self.args.lr * rate)
        with mixed():
            loss, named = forced_loss(self.model, part)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.model)
        self.step += 1
        return {"loss": loss.item()} | named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground train video`."""
    parser.add_argument("--out", type=Path, default=Path("runs/video"))
    parser.add_argument("--codec", type=Path, default=Path("runs/video_codec/checkpoint.pt"))
    parser.add_argument("--init", type=Path, default=None, help="model folder to start from")
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--chunk-steps", type=int, default=1_500, help="on single chunks, at first")
    parser.add_argument("--batch", type=int, default=16, help="sequences a step")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--decay-from", type=float, default=0.6, help="share of steps at full rate")
    parser.add_argument("--pool", type=int, default=1_500, help="takes kept in memory")
    parser.add_argument("--sheet-every", type=int, default=500)
    parser.add_argument("--compile", action="store_true", help="some minutes first, then faster")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=None, help="stop early; resumable")


def run(args: argparse.Namespace) -> None:
    """Trains until `steps`, resuming from the checkpoint in `out`."""
    recipe = VideoRecipe(args)
    loop.follow(iter(recipe), args.steps, log=args.out / "log.jsonl", save=recipe.save, name="video",
                minutes=args.minutes)  # fmt: skip
