"""What a ControlNet is shown of a drawing: white lines on black, as the published ones were trained.

"scribble" takes strokes as strokes: where a picture is darker than its wider surroundings (difference
of two Gaussians; Winnemoeller et al., XDoG, Computers and Graphics 36, 2012, sec. 2), so a pen line
becomes one line and a painted shape its rim. "canny" takes every edge (Canny, IEEE TPAMI 8, 1986).
"drawing" changes nothing. Knows no networks.
"""

import numpy as np
from jaxtyping import UInt8

from playground.models.controlnets import CONDITIONS

FINE_PX, COARSE_PX = 0.5, 5.0  # widths of the two Gaussians
DARKER_BY = 16  # of 255, against the surroundings
CANNY_LOW, CANNY_HIGH = 100, 200  # of the gradient, as the published canny ControlNets use them

Picture = UInt8[np.ndarray, "H W 3"]


def condition(picture: Picture, kind: str) -> Picture:
    """The picture as a ControlNet of that kind wants to see it."""
    if kind not in CONDITIONS:
        raise ValueError(f"condition must be one of {', '.join(CONDITIONS)}; got {kind!r}")
    if kind == "drawing":
        return picture
    lines = scribble(picture) if kind == "scribble" else canny(picture)
    return np.repeat(lines[:, :, None], 3, axis=2)


def scribble(picture: Picture) -> UInt8[np.ndarray, "H W"]:
    """Strokes, dark on light or light on dark, as white lines on black."""
    import cv2

    wide = picture.astype(np.float32)
    paper = np.median(wide, axis=(0, 1))
    away = np.abs(wide - paper).max(axis=2)  # from the paper's colour, whatever it is
    fine = cv2.GaussianBlur(away, (0, 0), FINE_PX)
    coarse = cv2.GaussianBlur(away, (0, 0), COARSE_PX)
    return np.where(fine - coarse > DARKER_BY, 255, 0).astype(np.uint8)


def canny(picture: Picture) -> UInt8[np.ndarray, "H W"]:
    """Edges as white lines of one pixel on black."""
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    return cv2.Canny(grey, CANNY_LOW, CANNY_HIGH)
