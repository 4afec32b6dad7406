"""The drawing that lies on the pad when the app opens: an orange blob on a snowy field."""

import numpy as np

from playground.world.backgrounds import paint

from .raster import Raster

PROMPT = "a fox on snow"
IDEAS = (
    PROMPT,
    "a red car on sand",
    "an octopus on the sea",
    "a pumpkin at night",
    "a tulip on grass",
)
ORANGE = "#e8702a"


def starting_picture(side_px=384):
    """The drawing as uint8 [side, side, 3]."""
    sheet = Raster(side_px)
    sheet.load(paint("snow", side_px, np.random.default_rng(5)))
    for x, y, width in ((0.5, 0.58, 0.42), (0.5, 0.66, 0.3)):
        sheet.stroke([(x * side_px, y * side_px)], ORANGE, width * side_px)
    for foot, tip in (((0.4, 0.5), (0.34, 0.36)), ((0.6, 0.5), (0.66, 0.36))):
        ear = [(x * side_px, y * side_px) for x, y in (foot, tip)]
        sheet.stroke(ear, ORANGE, 0.1 * side_px)
    return sheet.pixels()


def draw_start(pad):
    """Put the drawing on `pad`, a pen in its colour in hand, nothing to undo."""
    pad.load(starting_picture(pad.picture.shape[0]))
    pad.choose(tool="brush", colour=ORANGE, size_px=0.08 * pad.picture.shape[0])
    pad.forget()
