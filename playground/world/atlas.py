"""The sprite atlas: one picture with a square cell for each object, and the command that draws it.

The pictures are Noto Color Emoji (Google, OFL-1.1, see `assets/OFL.txt`), drawn once by
`python -m playground.world.atlas FONT.ttf`, so that nobody needs the font afterwards. Atlas cells are
straight-alpha RGBA. This module does not know backgrounds, poses or captions.
"""

import functools
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from playground.world.vocabulary import EMOJI, OBJECTS

ASSETS = Path(__file__).parent / "assets"
CELL = 112  # pixels a side; the font's own bitmaps are 136 x 128
COLUMNS = 12
FONT_SIZE = 109  # the only size in which the font's bitmaps exist


def draw_emoji(font_path: str | Path, char: str, cell: int = CELL) -> Image.Image:
    """Draws one emoji, cropped to its ink and centred in a `cell` x `cell` RGBA picture."""
    font = ImageFont.truetype(str(font_path), FONT_SIZE)
    canvas = Image.new("RGBA", (160, 160))
    ImageDraw.Draw(canvas).text((8, 8), char, font=font, embedded_color=True)
    ink = canvas.crop(canvas.getbbox())
    ink.thumbnail((cell, cell), Image.LANCZOS)
    square = Image.new("RGBA", (cell, cell))
    square.paste(ink, ((cell - ink.width) // 2, (cell - ink.height) // 2))
    return square


def draw_atlas(font_path: str | Path) -> Image.Image:
    """Draws all objects, in the order of `OBJECTS`, row by row."""
    rows = -(-len(OBJECTS) // COLUMNS)
    atlas = Image.new("RGBA", (COLUMNS * CELL, rows * CELL))
    for index, word in enumerate(OBJECTS):
        sprite = draw_emoji(font_path, EMOJI[word])
        atlas.paste(sprite, (index % COLUMNS * CELL, index // COLUMNS * CELL))
    return atlas


@functools.cache
def load_atlas() -> Image.Image:
    """The shipped atlas; raises FileNotFoundError with the command that draws it."""
    path = ASSETS / "sprites.png"
    if not path.exists():
        raise FileNotFoundError(
            f"the sprite atlas {path} is missing; draw it with "
            "`python -m playground.world.atlas NotoColorEmoji.ttf` (Debian: fonts-noto-color-emoji)"
        )
    return Image.open(path).convert("RGBA")


@functools.cache
def sprite(word: str) -> Image.Image:
    """The RGBA picture of one object, CELL x CELL. Raises ValueError for an unknown word."""
    if word not in EMOJI:
        raise ValueError(f"object must be one of {', '.join(OBJECTS)}, got {word!r}")
    index = OBJECTS.index(word)
    left, top = index % COLUMNS * CELL, index // COLUMNS * CELL
    return load_atlas().crop((left, top, left + CELL, top + CELL))


if __name__ == "__main__":
    ASSETS.mkdir(exist_ok=True)
    draw_atlas(sys.argv[1]).save(ASSETS / "sprites.png", optimize=True)
