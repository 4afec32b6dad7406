"""LongLive's stream written down a second time: slot buffers, pointers, keys stored rotated.

Everything the package does differently is done the plain way here: float64, one function for the
network over a state dict, complex numbers for the rotation, buffers of fixed size that are written in
place, a rolled region, and a re-cache that runs the whole window and drops what may not be written.
Nothing is imported from the package.
"""

import json
from dataclasses import dataclass, field, replace
from string import ascii_lowercase

import torch
import torch.nn.functional as F
from safetensors.torch import save_file


@dataclass(frozen=True, kw_only=True)
class Script:
    """One stream: sizes, and what happens when."""

    chunk: int = 3
    window: int = 12
    sink: int = 3
    keep_sink: bool = True
    switches: tuple[int, ...] = ()
    chunks: int = 6
    timesteps: tuple[float, ...] = (1000.0, 625.0)
    heads: int = 2
    head_dim: int = 12
    layers: int = 2
    rows: int = 2  # tokens, half of the latent height
    columns: int = 1
    batch: int = 1
    seed: int = 0
    config: dict = field(default_factory=dict)

    @property
    def sizes(self) -> dict:
        dim = self.heads * self.head_dim
        return {
            "dim": dim, "ffn_dim": 2 * dim, "num_heads": self.heads, "num_layers": self.layers,
            "in_dim": 4, "out_dim": 4, "text_dim": 10, "text_len": 5, "freq_dim": 16,
            "patch_size": [1, 2, 2], "eps": 1e-6, **self.config,
        }  # fmt: skip


def random_weights(sizes: dict, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Weights in Wan's names, strong enough that past and prompt show in the output."""
    dim, out = sizes["dim"], sizes["out_dim"]
    shapes = {"patch_embedding": (dim, sizes["in_dim"], 1, 2, 2), "head.head": (4 * out, dim)}
    shapes |= {"text_embedding.0": (dim, sizes["text_dim"]), "text_embedding.2": (dim, dim)}
    shapes |= {"time_embedding.0": (dim, sizes["freq_dim"]), "time_embedding.2": (dim, dim)}
    shapes |= {"time_projection.1": (6 * dim, dim)}
    norms = []
    for block in (f"blocks.{n}." for n in range(sizes["num_layers"])):
        shapes |= {
            f"{block}ffn.0": (sizes["ffn_dim"], dim),
            f"{block}ffn.2": (dim, sizes["ffn_dim"]),
        }
        for attention in (f"{block}self_attn.", f"{block}cross_attn."):
            shapes |= {attention + name: (dim, dim) for name in "qkvo"}
            norms += [attention + "norm_q.weight", attention + "norm_k.weight"]
        norms += [block + "norm3.weight"]
    weights = {}
    for name, shape in shapes.items():
        fan_in = torch.Size(shape[1:]).numel()
        weights[name + ".weight"] = torch.randn(shape, generator=generator) * 1.2 / fan_in**0.5
        weights[name + ".bias"] = torch.randn(shape[0], generator=generator) * 0.1
    for name in norms:
        weights[name] = 1 + 0.2 * torch.randn(dim, generator=generator)
    for n in range(sizes["num_layers"]):
        weights[f"blocks.{n}.modulation"] = torch.randn(1, 6, dim, generator=generator) * 0.5
        weights[f"blocks.{n}.norm3.bias"] = 0.1 * torch.randn(dim, generator=generator)
    weights["head.modulation"] = torch.randn(1, 2, dim, generator=generator) * 0.5
    return weights


class SlotStream:
    """A network with its slot buffers; `run` is one pass, and writes."""

    def __init__(self, script: Script, weights: dict[str, torch.Tensor]) -> None:
        self.script, self.sizes = script, script.sizes
        self.w = {name: value.double() for name, value in weights.items()}
        tokens = script.window * script.rows * script.columns
        shape = (script.layers, script.batch, tokens, script.heads, script.head_dim)
        self.k, self.v = torch.zeros(shape).double(), torch.zeros(shape).double()
        self.made = self.filled = 0  # frames ever written, frames in the buffers
        self.held = [None] * script.window  # which frame stands in which slot

    def linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.w[name + ".weight"].flatten(1), self.w[name + ".bias"])

    def normed(self, name: str, x: torch.Tensor) -> torch.Tensor:
        flat = x / (x.square().mean(-1, keepdim=True) + self.sizes["eps"]).sqrt()
        return (flat * self.w[name]).unflatten(-1, (self.script.heads, -1))

    def run(self, x, t: float, text, start: int, *, protect_sink: bool = False):
        """Velocity of frames from `start` on; their rotated keys and their values go into slots."""
        frames = x.shape[2]
        write, first = self._make_room(start, frames, protect_sink)
        tokens = self.linear("patch_embedding", patches(x))
        e = self._time(t)
        e0 = self.linear("time_projection.1", F.silu(e)).view(6, -1)
        turn = rotation(range(start, start + frames), self.script)
        for n in range(self.script.layers):
            tokens = self._block(n, tokens, e0, turn, text, write, first)
        shift, scale = self.w["head.modulation"][0] + e
        answer = self.linear("head.head", centred(tokens) * (1 + scale) + shift)
        return pictures(answer, frames, self.script.rows, self.script.columns)

    def _make_room(self, start: int, frames: int, protect_sink: bool) -> tuple[int, int]:
        """Roll if needed, move the pointers; gives the first slot to write and its frame's number."""
        window, sink, end = self.script.window, self.script.sink, start + frames
        fresh = max(end - self.made, 0)
        if fresh and frames + self.filled > window:
            evicted = frames + self.filled - window
            rolled = self.filled - evicted - sink
            for buffer in (self.k, self.v):
                old = self._slots(buffer, sink + evicted, sink + evicted + rolled).clone()
                self._slots(buffer, sink, sink + rolled)[:] = old
            self.held[sink : sink + rolled] = self.held[sink + evicted : sink + evicted + rolled]
            self.filled -= evicted
        self.filled, self.made = self.filled + fresh, max(end, self.made)
        write = self.filled - frames
        if protect_sink:
            write = max(write, sink)
        skipped = write - (self.filled - frames)
        self.held[write : self.filled] = range(start + skipped, end)
        return write, skipped

    def _slots(self, buffer: torch.Tensor, first: int, last: int) -> torch.Tensor:
        per_frame = self.script.rows * self.script.columns
        return buffer[:, :, first * per_frame : last * per_frame]

    def _seen(self, buffer: torch.Tensor) -> torch.Tensor:
        """The sink and the newest slots; slots that were never filled are not looked at."""
        sink, filled = min(self.script.sink, self.filled), self.filled
        newest = max(sink, filled - (self.script.window - self.script.sink))
        return torch.cat([self._slots(buffer, 0, sink), self._slots(buffer, newest, filled)], 2)

    def _block(self, n, x, e0, turn, text, write, skipped):
        at, per_frame = f"blocks.{n}.", self.script.rows * self.script.columns
        shift, scale, gate, shift2, scale2, gate2 = self.w[at + "modulation"][0] + e0
        y = centred(x) * (1 + scale) + shift
        q = turned(
            self.normed(at + "self_attn.norm_q.weight", self.linear(at + "self_attn.q", y)), turn
        )
        k = turned(
            self.normed(at + "self_attn.norm_k.weight", self.linear(at + "self_attn.k", y)), turn
        )
        v = self.linear(at + "self_attn.v", y).unflatten(-1, (self.script.heads, -1))
        for buffer, fresh in ((self.k, k), (self.v, v)):
            self._slots(buffer[n : n + 1], write, self.filled)[0] = fresh[:, skipped * per_frame :]
        x = x + gate * self.linear(
            at + "self_attn.o", softmax(q, self._seen(self.k)[n], self._seen(self.v)[n])
        )
        y = F.layer_norm(
            x,
            x.shape[-1:],
            self.w[at + "norm3.weight"],
            self.w[at + "norm3.bias"],
            self.sizes["eps"],
        )
        words = self._words(text)
        q = self.normed(at + "cross_attn.norm_q.weight", self.linear(at + "cross_attn.q", y))
        k = self.normed(at + "cross_attn.norm_k.weight", self.linear(at + "cross_attn.k", words))
        v = self.linear(at + "cross_attn.v", words).unflatten(-1, (self.script.heads, -1))
        x = x + self.linear(at + "cross_attn.o", softmax(q, k, v))
        y = centred(x) * (1 + scale2) + shift2
        return x + gate2 * self.linear(
            at + "ffn.2", F.gelu(self.linear(at + "ffn.0", y), approximate="tanh")
        )

    def _words(self, text):
        hidden = F.gelu(self.linear("text_embedding.0", text.double()), approximate="tanh")
        return self.linear("text_embedding.2", hidden)[None]

    def _time(self, t: float):
        half = self.sizes["freq_dim"] // 2
        angles = t * 10_000.0 ** -(torch.arange(half).double() / half)
        wave = torch.cat([angles.cos(), angles.sin()])
        return self.linear("time_embedding.2", F.silu(self.linear("time_embedding.0", wave)))

    def switch(self, text, clean, frame: int) -> None:
        """The window once more under other words, straight before the chunk at `frame`."""
        if not self.script.keep_sink:
            self.k.zero_(), self.v.zero_()
        if frame:
            start = frame - min(self.script.window, frame)
            protect = self.script.keep_sink and start > 0
            self.run(clean[:, :, start:], 0.0, text, start, protect_sink=protect)


def centred(x):
    return F.layer_norm(x, x.shape[-1:], eps=1e-6)


def softmax(q, k, v):
    scores = torch.einsum("bqad,bkad->baqk", q, k) / q.shape[-1] ** 0.5
    return torch.einsum(
        "baqk,bkad->bqad", scores.softmax(-1), v.expand(len(q), -1, -1, -1)
    ).flatten(2)


def rotation(frames, script: Script):
    """Unit complex numbers [tokens, 1, pairs]: time, row, column of every token."""
    pairs, third = script.head_dim // 2, script.head_dim // 6
    rates = [10_000.0 ** -(torch.arange(n).double() / n) for n in (pairs - 2 * third, third, third)]
    places = [(f, r, c) for f in frames for r in range(script.rows) for c in range(script.columns)]
    angles = torch.stack(
        [torch.cat([p * rate for p, rate in zip(at, rates, strict=True)]) for at in places]
    )
    return torch.polar(torch.ones_like(angles), angles)[:, None]


def turned(x, turn):
    return torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (-1, 2))) * turn).flatten(-2)


def patches(x):
    """[b, c, t, h, w] -> [b, tokens, numbers of a patch], channel slowest."""
    cut = x.double().unfold(3, 2, 2).unfold(4, 2, 2)
    return cut.permute(0, 2, 3, 4, 1, 5, 6).flatten(4).flatten(1, 3)


def pictures(answer, frames, rows, columns):
    cut = answer.unflatten(1, (frames, rows, columns)).unflatten(-1, (2, 2, -1))
    return cut.permute(0, 6, 1, 2, 4, 3, 5).flatten(5).flatten(3, 4)


def play(script: Script) -> tuple[dict, dict, SlotStream]:
    """Weights, stream tensors and the final slots of one scripted stream."""
    generator = torch.Generator().manual_seed(script.seed)
    stream = SlotStream(script, weights := random_weights(script.sizes, generator))
    shape = (script.batch, 4, script.chunk, 2 * script.rows, 2 * script.columns)
    noise = torch.randn(script.chunks, len(script.timesteps), *shape, generator=generator)
    prompts = torch.randn(len(script.switches) + 1, 5, 10, generator=generator)
    clean, velocity, pending = (
        torch.zeros(*shape[:2], 0, *shape[3:]).double(),
        [],
        list(script.switches),
    )
    heard = 0
    for number in range(script.chunks):
        frame = number * script.chunk
        while pending and pending[0] <= frame:
            pending.pop(0)
            heard += 1
            stream.switch(prompts[heard], clean, frame)
        x, answers = noise[number, 0].double(), []
        for step, t in enumerate(script.timesteps):
            v = stream.run(x, t, prompts[heard], frame)
            answers.append(v)
            x0 = x - t / 1000 * v
            if step + 1 < len(script.timesteps):
                s = script.timesteps[step + 1] / 1000
                x = (1 - s) * x0 + s * noise[number, step + 1]
        stream.run(x0, 0.0, prompts[heard], frame)
        clean = torch.cat([clean, x0], 2)
        velocity.append(torch.stack(answers))
    named = {f"prompt_{ascii_lowercase[n]}": prompt for n, prompt in enumerate(prompts)}
    latents = torch.stack(clean.split(script.chunk, 2))
    return (
        weights,
        {"noise": noise, "velocity": torch.stack(velocity), "latents": latents, **named},
        stream,
    )


def write_folder(folder, script: Script, **changes) -> SlotStream:
    """A parity folder of that script; `changes` replace fields of the script."""
    script = replace(script, **changes)
    weights, tensors, stream = play(script)
    folder.mkdir(exist_ok=True)
    save_file(
        {name: value.contiguous() for name, value in weights.items()},
        folder / "weights.safetensors",
    )
    tensors = {name: value.float().contiguous() for name, value in tensors.items()}
    save_file(tensors, folder / "stream.safetensors")
    settings = {
        "config": script.sizes, "chunk_frames": script.chunk, "window_frames": script.window,
        "sink_frames": script.sink, "timesteps": list(script.timesteps),
        "prompt_switch_at_frames": list(script.switches), "global_sink": script.keep_sink,
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    return stream
