"""One picture of the world: a background, one sprite in a pose, perhaps in another colour.

A `Scene` is a frozen description; `render` paints it, the same picture every time. This module does not
know captions' grammar beyond asking for a sentence, and nothing of models.
"""

import dataclasses

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from playground.world import backgrounds, captions
from playground.world.atlas import sprite
from playground.world.vocabulary import COLOURS, training_pairs

SIZE = 64  # pixels a side of the tiny image model's world


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What is in a picture. Positions and sizes are fractions of the picture's width."""

    object: str
    background: str
    colour: str | None = None  # None = as the sprite is
    x: float = 0.5
    y: float = 0.5
    scale: float = 0.75  # the sprite cell's side
    degrees: float = 0.0  # counter-clockwise
    mirrored: bool = False
    seed: int = 0  # of the background's features

    def caption(self, rng: np.random.Generator | None = None, *, background: bool = True) -> str:
        """A sentence for this scene, varied by `rng`; `background=False` leaves the place open."""
        place = self.background if background else None
        return captions.caption(self.object, place, self.colour, rng)


def sample_scene(
    rng: np.random.Generator,
    *,
    pair: tuple[str, str] | None = None,
    spread: float = 1.0,
    colours: float = 0.2,
    mirrored: float = 0.0,
) -> Scene:
    """A random scene; `spread` in [0, 1] scales how far poses vary, `colours` the chance of a tint,
    `mirrored` of a mirrored sprite (off: it is a second shape to learn).
    """
    pairs = training_pairs()
    word, background = pair or pairs[rng.integers(len(pairs))]
    scale = 0.82 + spread * rng.uniform(-0.14, 0.13)
    reach = spread * max(0.0, 0.55 - scale / 2)
    return Scene(
        object=word,
        background=background,
        colour=str(rng.choice(list(COLOURS))) if rng.random() < colours else None,
        x=0.5 + rng.uniform(-reach, reach),
        y=0.5 + rng.uniform(-reach, reach),
        scale=scale,
        degrees=spread * rng.uniform(-8, 8),
        mirrored=bool(rng.random() < mirrored),
        seed=int(rng.integers(2**31)),
    )


def render(scene: Scene, size: int = SIZE) -> UInt8[np.ndarray, "H W 3"]:
    """Paints a scene at `size` x `size` pixels."""
    ground = backgrounds.paint(scene.background, size, np.random.default_rng(scene.seed))
    picture = Image.fromarray(np.round(ground * 255).astype(np.uint8)).convert("RGBA")
    figure = posed_sprite(scene, size)
    left = round(scene.x * size - figure.width / 2)
    top = round(scene.y * size - figure.height / 2)
    layer = Image.new("RGBA", picture.size)
    layer.paste(figure, (left, top))
    picture.alpha_composite(layer)
    return np.array(picture.convert("RGB"))


def posed_sprite(scene: Scene, size: int) -> Image.Image:
    """The sprite of a scene, tinted, mirrored, turned and scaled, as RGBA."""
    figure = sprite(scene.object)
    if scene.colour:
        figure = tint(figure, scene.colour)
    if scene.mirrored:
        figure = figure.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    side = max(1, round(scene.scale * size))
    if scene.degrees:
        return _turned(figure, scene.degrees, side)
    return figure.resize((side, side), Image.LANCZOS)


def _turned(figure: Image.Image, degrees: float, side: int) -> Image.Image:
    """Turns at full resolution, then scales, so that edges stay smooth."""
    turned = figure.convert("RGBa").convert("RGBA").rotate(degrees, Image.BICUBIC, expand=True)
    factor = side / figure.width
    shape = (max(1, round(turned.width * factor)), max(1, round(turned.height * factor)))
    return turned.resize(shape, Image.LANCZOS)


def tint(figure: Image.Image, colour: str) -> Image.Image:
    """Gives a sprite another hue; black stays black, white turns pale. Raises ValueError if unknown."""
    if colour not in COLOURS:
        raise ValueError(f"colour must be one of {', '.join(COLOURS)}, got {colour!r}")
    alpha = figure.getchannel("A")
    _, saturation, value = figure.convert("RGB").convert("HSV").split()
    hue = Image.new("L", figure.size, round(COLOURS[colour] / 360 * 255))
    strong = saturation.point(lambda s: max(s, 120))
    shading = Image.blend(value, figure.convert("L"), 0.5)  # keeps features that differ in hue only
    tinted = Image.merge("HSV", (hue, strong, shading)).convert("RGB")
    tinted.putalpha(alpha)
    return tinted
