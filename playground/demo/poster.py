"""One frame of the clip: the drawing left, the picture right, the prompt below.

Pillow only. Knows no stream and no script.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PANEL, GAP, CAPTION = 256, 16, 44  # pixels
WIDTH, HEIGHT = 2 * PANEL + 3 * GAP, PANEL + GAP + CAPTION
INK, FAINT, GROUND = (235, 235, 240), (150, 150, 160), (24, 24, 30)
CORNER = 10


def poster(
    drawing: Any, picture: Any, typed: str, brush: tuple[float, float], cursor: bool,
    does: str = "you draw, and type:",
) -> Any:  # fmt: skip
    """uint8 [HEIGHT, WIDTH, 3]; `brush` in pixels of the drawing, `cursor` shows the typing mark."""
    page = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    left = _panel(drawing)
    _draw_brush(left, tuple(at * PANEL / len(drawing) for at in brush))
    page.paste(left, (GAP, GAP), _rounded())
    page.paste(_panel(picture), (2 * GAP + PANEL, GAP), _rounded())
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=22)
    text = typed + ("|" if cursor else "")
    middle = GAP + PANEL + CAPTION // 2
    pen.text((GAP + 2, middle), does, FAINT, ImageFont.load_default(size=15), "lm")
    pen.text((2 * GAP + PANEL, middle), text, INK, font, "lm")
    return np.asarray(page)


def _panel(frame: Any) -> Image.Image:
    return Image.fromarray(frame).resize((PANEL, PANEL), Image.Resampling.BICUBIC)


def _draw_brush(panel: Image.Image, at: tuple[float, ...]) -> None:
    pen, (x, y) = ImageDraw.Draw(panel), at
    for radius, colour in ((9, (20, 20, 20)), (7, (255, 255, 255))):
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], outline=colour, width=2)


@lru_cache(maxsize=1)
def _rounded() -> Image.Image:
    big = Image.new("L", (4 * PANEL, 4 * PANEL), 0)
    ImageDraw.Draw(big).rounded_rectangle([0, 0, 4 * PANEL, 4 * PANEL], 4 * CORNER, fill=255)
    return big.resize((PANEL, PANEL), Image.Resampling.LANCZOS)
