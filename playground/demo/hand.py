"""The scripted hand: what is on the drawing, where the brush is and what is asked for, at every time.

A `Scene` is a sky, a ground, a blob of colour and the words typed for it. The hand sweeps the background
over the paper, dabs the blob, types the words and then carries the blob round; the next scene is swept
over the last one. Everything is a function of the time, so a clip is the same every time. Knows no stream.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

SIZE = 256  # of the drawing in pixels; the stream makes it as small as it likes
PAPER = (250, 250, 250)
ROWS = 4  # of the wide brush, to cover the paper
# Parts of a scene's time: sweep the background, dab the blob, then carry it; typing starts with the scene.
SWEPT, DABBED, TYPED = 0.22, 0.34, 0.26

Colour = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What the hand does in one part of the clip."""

    prompt: str
    sky: Colour  # the upper half of the background
    ground: Colour
    blob: Colour


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """One frame of the script."""

    drawing: Any  # uint8 [SIZE, SIZE, 3]
    brush: tuple[float, float]  # (x, y) on the drawing in pixels
    prompt: str  # what the stream is asked for
    typed: str  # the prompt box: the prompt, or the part of the next one that is typed


SCENES = (
    Scene(prompt="a fox on snow", sky=(168, 200, 232), ground=(234, 240, 248), blob=(240, 104, 36)),
    Scene(prompt="a frog on grass", sky=(140, 204, 248), ground=(92, 164, 62), blob=(178, 206, 38)),
)


def moments(count: int, scenes: Sequence[Scene] = SCENES) -> Iterator[Moment]:
    """`count` moments, evenly over all scenes."""
    if count < len(scenes):
        raise ValueError(f"frames must be >= {len(scenes)}, one a scene, got {count}")
    for index in range(count):
        part, inside = divmod(index * len(scenes) / count, 1)
        yield moment(int(part), inside, scenes)


def moment(part: int, at: float, scenes: Sequence[Scene] = SCENES) -> Moment:
    """Scene number `part` at the part `at` (0..1) of its time."""
    scene, before = scenes[part], scenes[part - 1] if part else None
    paper = Image.new("RGB", (SIZE, SIZE), PAPER)
    pen = ImageDraw.Draw(paper)
    if before and at < SWEPT:
        _sweep(pen, 1.0, before)
        _dab(pen, _carried(1.0), 1.0, before.blob)
    brush = _sweep(pen, min(at / SWEPT, 1.0), scene)
    if at >= SWEPT:
        size = min((at - SWEPT) / (DABBED - SWEPT), 1.0)
        brush = _carried(max(at - DABBED, 0.0) / (1 - DABBED))
        _dab(pen, brush, math.sqrt(size), scene.blob)
    done = at >= TYPED
    typed = scene.prompt[: round(len(scene.prompt) * min(at / TYPED, 1.0))]
    asked = scene.prompt if done or before is None else before.prompt
    return Moment(drawing=np.array(paper), brush=brush, prompt=asked, typed=typed)


def _sweep(pen: ImageDraw.ImageDraw, done: float, scene: Scene) -> tuple[float, float]:
    """Rows of a wide brush from the top, to the right and back; gives where the brush is."""
    height, tip = SIZE / ROWS, (0.0, 0.0)
    for row in range(ROWS):
        part = min(max(done * ROWS - row, 0.0), 1.0)
        if part > 0:
            colour = scene.sky if row < ROWS // 2 else scene.ground
            start, end = (0.0, SIZE * part) if row % 2 == 0 else (SIZE * (1 - part), SIZE)
            tip = (end if row % 2 == 0 else start, height * (row + 0.5))
            pen.rectangle([start, height * row, end, height * (row + 1)], fill=colour)
            _disc(pen, *tip, height / 2, colour)
    return tip


def _carried(at: float) -> tuple[float, float]:
    """The blob's way: from the middle once round a lying eight and back, slow at both ends."""
    eased = at * at * (3 - 2 * at)
    angle = 2 * math.pi * eased
    return SIZE * (0.5 + 0.2 * math.sin(angle)), SIZE * (0.54 + 0.1 * math.sin(2 * angle))


def _dab(
    pen: ImageDraw.ImageDraw, centre: tuple[float, float], size: float, colour: Colour
) -> None:
    _disc(pen, *centre, SIZE * 0.29 * size, colour)


def _disc(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: Colour) -> None:
    pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)
