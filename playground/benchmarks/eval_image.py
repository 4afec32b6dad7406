"""How good the tiny image model is: objects, backgrounds, sharpness, diversity, codec, in numbers.

Pictures come from the shipped model at two steps without guidance, seeds fixed; objects and backgrounds
are named by the judge, which was trained on renders only and is itself measured on fresh renders.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from playground.frames.tensors import from_tensor
from playground.models.image_model import ImageModel
from playground.models.judge import Judge
from playground.training.sheet import tile
from playground.world.captions import caption
from playground.world.scene import render, sample_scene
from playground.world.vocabulary import BACKGROUNDS, OBJECTS, held_out_pairs, training_pairs

TIMES = (999, 499)  # t of the two steps, as the scheduler spaces them
PAIRS_EACH = 216  # pictures of training pairs; the held-out pairs are shown three times each
DIVERSE_PROMPTS, SEEDS_EACH = 12, 8
Pictures = UInt8[np.ndarray, "b H W 3"]


def sample(
    model: ImageModel, prompts: list[str], seed: int, times: tuple[int, ...] = TIMES
) -> Pictures:
    """Few-step pictures without guidance, one a prompt (latent consistency sampling)."""
    generator = torch.Generator().manual_seed(seed)
    shape = (len(prompts), *model.latent_shape)
    words = torch.cat([model.encode_prompt(text) for text in prompts])
    x = clean = torch.randn(shape, generator=generator)
    for step, time in enumerate(times):
        kept = model.scheduler.alphas_cumprod[time]
        if step:
            x = kept.sqrt() * clean + (1 - kept).sqrt() * torch.randn(shape, generator=generator)
        eps = model.predict_eps(x, torch.full((len(prompts),), time), words)
        clean = (x - (1 - kept).sqrt() * eps) / kept.sqrt()
    return from_tensor(model.decode(clean))


def sample_pairs(model: ImageModel, pairs: list[tuple[str, str]], seed: int) -> Pictures:
    """Pictures of (object, background) pairs, in batches of 24."""
    prompts = [caption(*pair) for pair in pairs]
    batches = range(0, len(prompts), 24)
    return np.concatenate([sample(model, prompts[k : k + 24], seed + k) for k in batches])


def renders(pairs: list[tuple[str, str]], seed: int) -> Pictures:
    """Real pictures of the same pairs."""
    rng = np.random.default_rng(seed)
    return np.stack([render(sample_scene(rng, pair=pair, colours=0)) for pair in pairs])


def shares_named(
    judge: Judge, pictures: Pictures, pairs: list[tuple[str, str]]
) -> tuple[float, float]:
    """Shares of pictures whose object, and whose background, the judge names right."""
    said = judge.name(torch.from_numpy(pictures))
    objects = np.mean([s[0] == p[0] for s, p in zip(said, pairs, strict=True)])
    backgrounds = np.mean([s[1] == p[1] for s, p in zip(said, pairs, strict=True)])
    return float(objects), float(backgrounds)


def gradient_energy(pictures: Pictures) -> float:
    """Mean squared difference of neighbouring pixels."""
    floats = pictures.astype(np.float32) / 255
    return float(
        np.square(np.diff(floats, axis=1)).mean() + np.square(np.diff(floats, axis=2)).mean()
    )


def spread(pictures: Pictures) -> float:
    """Mean root-mean-square distance between all pairs of pictures."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float32) / 255
    first, second = np.triu_indices(len(flat), 1)
    return float(np.sqrt(np.square(flat[first] - flat[second]).mean(1)).mean())


def diversity(model: ImageModel, seed: int) -> float:
    """Spread over seeds of one prompt, relative to the spread of real renders of that prompt."""
    pairs = list(training_pairs())[:: len(training_pairs()) // DIVERSE_PROMPTS][:DIVERSE_PROMPTS]
    ratios = []
    for index, pair in enumerate(pairs):
        ours = sample(model, [caption(*pair)] * SEEDS_EACH, seed + index)
        real = renders([pair] * SEEDS_EACH, seed + index)
        ratios.append((spread(ours), spread(real)))
    mine, real = np.mean(ratios, axis=0)
    return float(mine / real)


def codec_psnr(model: ImageModel, seed: int, count: int = 200) -> float:
    """Mean PSNR in dB of encoding and decoding fresh renders."""
    rng = np.random.default_rng(seed)
    pixels = np.stack([render(sample_scene(rng)) for _ in range(count)])
    floats = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    decoded = torch.cat([model.decode(model.encode(part)) for part in floats.split(20)])
    error = ((decoded.clamp(-1, 1) - floats) / 2).square().mean((1, 2, 3))
    return float((-10 * error.log10()).mean())


def write_sheet(model: ImageModel, path: Path, seed: int = 3) -> None:
    """All objects, each on a background of its own turn, as one contact sheet."""
    pairs = [(word, BACKGROUNDS[k % len(BACKGROUNDS)]) for k, word in enumerate(OBJECTS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    tile(sample_pairs(model, pairs, seed), columns=12).save(path)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground eval image`."""
    parser.add_argument("--model", default="tiny", help="tiny, or a diffusers folder")
    parser.add_argument("--seed", type=int, default=1234)
    parser.add_argument("--sheet", type=Path, default=None, help="also write a contact sheet here")


def run(*, model: str = "tiny", seed: int = 1234, sheet: Path | None = None) -> dict:
    """Measures the model; every figure that the README names."""
    torch.manual_seed(seed)
    judged = Judge.load()
    subject = ImageModel.load(model, runtime="eager", device="cpu")
    seen = [training_pairs()[k] for k in _spaced(len(training_pairs()), PAIRS_EACH)]
    unseen = list(held_out_pairs()) * 3
    pictures, strange = sample_pairs(subject, seen, seed), sample_pairs(subject, unseen, seed + 500)
    objects, places = shares_named(judged, pictures, seen)
    objects_unseen, places_unseen = shares_named(judged, strange, unseen)
    real = renders(seen + unseen, seed)
    if sheet is not None:
        write_sheet(subject, sheet)
    return {
        "pictures": len(seen) + len(unseen),
        "steps": len(TIMES),
        "object_accuracy": objects,
        "object_accuracy_heldout": objects_unseen,
        "background_accuracy": (places * len(seen) + places_unseen * len(unseen)) / len(real),
        "classifier_accuracy": shares_named(judged, real, seen + unseen)[0],
        "codec_psnr_db": codec_psnr(subject, seed),
        "sharpness_ratio": gradient_energy(np.concatenate([pictures, strange]))
        / gradient_energy(real),
        "diversity": diversity(subject, seed),
    }


def _spaced(total: int, count: int) -> np.ndarray:
    """`count` whole numbers spread evenly over range(total)."""
    return np.linspace(0, total - 1, count).round().astype(int)
