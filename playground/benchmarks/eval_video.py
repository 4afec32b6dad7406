"""`playground eval video`: does the tiny video model show what it is told, where it is told, for how long?

Streams run at the model's own steps and policy with fixed seeds. Sprites are found and named by fitting
the pictures that the world is painted with (`video_measures`), which is itself measured on renders of the
same scripts (`..._floor`, `..._renders`). The mist that may lie over a scene is told by neither text nor
tracks, only by the picture that a stream may begin with: whether it is the same after 300 frames shows what
the cache keeps.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from tqdm import tqdm

from playground.benchmarks import bench_image, camera_moves, grabs, video_measures, video_scripts
from playground.benchmarks.bench_int8 import with_transformer
from playground.benchmarks.eval_image import gradient_energy
from playground.benchmarks.video_scripts import Script
from playground.models.int8_linear import quantised
from playground.models.video_model import VideoModel
from playground.training.sheet import tile
from playground.world.clips import SIDE, render_take, sample_take

FRAMES, DRIFT = 48, 1000  # of the first look, of the long run
LATER = 300  # the frame at which a mist is looked at again
LOOKS = (12, 28, 44)  # frames that are named
DRIFT_STREAMS, DRIFT_PART = 4, 100
SINKLESS = {"motionstream": {"sink_chunks": 0}, "longlive": {"sink": 0}, "sink_window": {"sink": 0}}
LIMITS = {
    "epe_px_64": (None, 1.6),
    "epe_drawn_px_64": (None, 2.0),
    "grab_epe_px_64": (None, 2.0),
    "let_go_px_64": (None, 3.0),
    "camera_pan_miss": (None, 0.2),
    "camera_zoom_miss": (None, 0.2),
    "object_accuracy": (0.98, None),
    "object_accuracy_heldout": (0.95, None),
    "background_accuracy": (0.97, None),
    "codec_psnr_db": (32, None),
    "sharpness_ratio": (0.85, 1.15),
    "history_accuracy": (0.90, None),
    "history_variety": (0.5, None),
    "drift": (None, 0.03),
}  # at least, at most
Frames = UInt8[np.ndarray, "t H W 3"]
Film = Callable[..., Frames]  # (script, frames, **knobs)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `playground eval video`."""
    parser.add_argument("--model", default="tiny", help="tiny, or a folder of a video model")
    parser.add_argument("--streams", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1234)
    parser.add_argument("--long", action=argparse.BooleanOptionalAction, default=True,
                        help="also the mist at frame 300 and 1000 frames of drift")  # fmt: skip
    parser.add_argument("--int8", action="store_true", help="its blocks with weights of 8 bits")
    parser.add_argument("--sheet", type=Path, default=None, help="also write a contact sheet here")


def run(
    *,
    model: str = "tiny",
    streams: int = 64,
    seed: int = 1234,
    long: bool = True,
    int8: bool = False,
    sheet: Path | None = None,
) -> dict[str, Any]:
    """Measures the model; every figure that the README names."""
    if streams < 4:
        raise ValueError(f"streams must be >= 4, got {streams}")
    subject = VideoModel.load(model, device="cpu", runtime="eager" if int8 else "auto")
    if int8:
        subject = with_transformer(subject, quantised(subject.transformer))

    def film(script: Script, frames: int, **knobs: Any) -> Frames:
        return video_scripts.filmed(subject, script, frames, **knobs)

    results: dict[str, Any] = {"streams": streams, "steps": len(subject.times())}
    results |= first_look(film, streams, seed)
    results |= {"codec_psnr_db": codec_psnr(subject, seed)}
    results |= grabs.figures(subject, max(4, streams // 4), seed)
    results |= camera_moves.figures(subject, max(4, streams // 2), seed)
    if long:
        policy = subject.settings.policy
        results |= history(film, streams, seed, SINKLESS.get(policy))
        results |= drift(film, seed)
    if sheet is not None:
        write_sheet(film, sheet, seed)
    missed = bench_image.missed_limits(results, LIMITS)
    return results | {"missed": missed, "passed": not missed}


# ------------------------------------------------------------ the figures


def first_look(film: Film, streams: int, seed: int) -> dict[str, float]:
    """Following, naming and sharpness over the first frames of many streams."""
    seen = video_scripts.seen_scripts(streams, FRAMES, seed)
    unseen = video_scripts.held_out_scripts(max(4, streams // 2), FRAMES, seed + 1000)
    drawn = video_scripts.drawn_scripts(max(4, streams // 2), 72, seed + 2000)
    clips = _filmed(film, seen, FRAMES, "streams")
    strange = _filmed(film, unseen, FRAMES, "held-out pairs")
    traced = _filmed(film, drawn, 72, "drawn paths")
    real = _filmed(video_scripts.rendered, seen, FRAMES, "renders")
    objects, scenes = shares_named(clips, seen)
    objects_unseen, scenes_unseen = shares_named(strange, unseen)
    others = [*seen[1:], seen[0]]
    return {
        "epe_px_64": epe(clips, seen),
        "epe_floor_px_64": epe(real, seen),
        "epe_drawn_px_64": epe(traced, drawn),
        "epe_control_px_64": epe(clips, others, words=seen),
        "object_accuracy": objects,
        "object_accuracy_heldout": objects_unseen,
        "background_accuracy": (scenes * len(seen) + scenes_unseen * len(unseen))
        / (len(seen) + len(unseen)),
        "object_accuracy_renders": shares_named(real, seen)[0],
        "background_accuracy_renders": shares_named(real, seen)[1],
        "sharpness_ratio": float(
            np.mean([*map(gradient_energy, clips)]) / np.mean([*map(gradient_energy, real)])
        ),
    }


def epe(clips: list[Frames], told: list[Script], words: list[Script] | None = None) -> float:
    """Mean distance in pixels (of a picture 64 wide) between where things were told to be and are."""
    errors = []
    for clip, script, named in zip(clips, told, words or told, strict=True):
        for frame in range(2, len(clip), 3):
            (x, y), _ = video_measures.locate(clip[frame], named.word)
            errors.append(np.hypot(x - script.path[frame, 0], y - script.path[frame, 1]))
    return float(np.mean(errors) * 64 / SIDE)


def shares_named(clips: list[Frames], told: list[Script]) -> tuple[float, float]:
    """Shares of looks at which object and scene are those of the prompt."""
    objects, scenes = [], []
    for clip, script in zip(clips, told, strict=True):
        for frame in LOOKS:
            place = _place(script, frame)
            objects.append(video_measures.named_object(clip[frame], place) == script.word)
            scenes.append(video_measures.named_scene(clip[frame], place) == script.scene)
    return float(np.mean(objects)), float(np.mean(scenes))


def history(
    film: Film, streams: int, seed: int, sinkless: dict[str, int] | None
) -> dict[str, float]:
    """Share of mists at frame 10 that are the same at frame 300, with the policy and without a sink.

    The streams begin with pictures, so that they do not all begin alike (`history_variety`).
    """
    told = video_scripts.seen_scripts(streams, LATER + 3, seed + 3000)
    clips = _filmed(film, told, LATER + 3, "mists", begun=True)
    figures = {"history_accuracy": mists_kept(clips, told), "history_variety": variety(clips, told)}
    if sinkless is not None:
        knobs = {"begun": True, "sizes": sinkless}
        forgetful = _filmed(film, told, LATER + 3, "mists, no sink", **knobs)
        figures["history_accuracy_no_sink"] = mists_kept(forgetful, told)
    real = [video_scripts.rendered(script, LATER + 3) for script in told[:16]]
    figures["history_accuracy_renders"] = mists_kept(real, told[:16])
    return figures


def mists_kept(clips: list[Frames], told: list[Script]) -> float:
    """Share of clips with the same mist (or none) around frames 10 and 300."""
    pairs = [(_mist(c, s, 10), _mist(c, s, LATER)) for c, s in zip(clips, told, strict=True)]
    return float(np.mean([first == later for first, later in pairs]))


def variety(clips: list[Frames], told: list[Script]) -> float:
    """Share of clips without the commonest mist; where it is 0, nothing could be forgotten."""
    begun = Counter(_mist(clip, script, 10) for clip, script in zip(clips, told, strict=True))
    return 1 - begun.most_common(1)[0][1] / len(clips)


def _mist(clip: Frames, script: Script, frame: int) -> str | None:
    """What most of five frames show."""
    looks = range(frame - 2, frame + 3)
    places = [_place(script, k) for k in looks]
    return video_measures.commonest_mist(clip[looks.start : looks.stop], places, script.scene)


def drift(film: Film, seed: int) -> dict[str, float]:
    """The last hundred frames against the first, on paths that come back: the largest of three changes."""
    pairs = [(s.word, s.scene) for s in video_scripts.seen_scripts(DRIFT_STREAMS * 3, 1, seed)][::3]
    told = video_scripts.scripts(pairs, DRIFT, seed + 4000, period=DRIFT_PART)
    changes = {"accuracy": [], "sharpness": [], "colour": []}
    for clip, script in zip(_filmed(film, told, DRIFT, "drift"), told, strict=True):
        first, last = clip[:DRIFT_PART], clip[-DRIFT_PART:]
        right = [_right(clip, script, start) for start in (0, DRIFT - DRIFT_PART)]
        changes["accuracy"].append(right[0] - right[1])
        changes["sharpness"].append(gradient_energy(last) / gradient_energy(first) - 1)
        means = [part.mean((0, 1, 2)) / 255 for part in (first, last)]
        changes["colour"].append(np.abs(means[0] - means[1]).mean())
    named = {f"drift_{name}": float(np.mean(values)) for name, values in changes.items()}
    return {"drift": max(abs(value) for value in named.values()), **named}


def _right(clip: Frames, script: Script, start: int) -> float:
    frames = range(start + 4, start + DRIFT_PART, 12)
    said = [video_measures.named_object(clip[k], _place(script, k)) == script.word for k in frames]
    return float(np.mean(said))


def codec_psnr(model: VideoModel, seed: int, count: int = 64) -> float:
    """Mean PSNR in dB of encoding and decoding fresh renders."""
    rng, values = np.random.default_rng(seed), []
    for _ in range(count):
        frames = render_take(sample_take(rng, 3))
        pixels = torch.from_numpy(frames).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
        with torch.inference_mode():
            decoded = model.codec.decode(model.encode(pixels)).clamp(-1, 1)
        values.append(-10 * float(((decoded - pixels) / 2).square().mean().log10()))
    return float(np.mean(values))


# ------------------------------------------------------------ how they are made


def _filmed(film: Film, told: list[Script], frames: int, title: str, **knobs: Any) -> list[Frames]:
    return [film(s, frames, **knobs) for s in tqdm(told, desc=title, disable=None, leave=False)]


def _place(script: Script, frame: int) -> tuple[float, float]:
    return float(script.path[frame, 0]), float(script.path[frame, 1])


def write_sheet(film: Film, path: Path, seed: int) -> None:
    """Eight streams, one a row, every sixth frame."""
    told = video_scripts.seen_scripts(8, FRAMES, seed)
    rows = [clip[2::6] for clip in _filmed(film, told, FRAMES, "sheet")]
    path.parent.mkdir(parents=True, exist_ok=True)
    tile(np.concatenate(rows), columns=len(rows[0])).save(path)


def describe(results: dict[str, Any]) -> str:
    """The figures with their limits, for people."""
    return bench_image.describe(results, LIMITS)
