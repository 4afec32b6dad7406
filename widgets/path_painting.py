"""Paints drawn paths and pins on the ipycanvas over the video: a light edge, so that they show on any ground."""

import numpy as np

from .canvas_painting import painting
from .path_layer import COMMANDED

SIDE_PX = 640  # width of the ipycanvas, however small the video
LINE, EDGE, HEAD, PIN = 6.0, 11.0, 17.0, 13.0  # in pixels of the ipycanvas
PIN_INK, PAPER = "#2457d6", "#ffffff"


def paint_plan(canvas, plan):
    """Paint all paths and pins of `plan` anew, in one message."""
    scale = canvas.width / plan.size[1]
    with painting(canvas):
        canvas.clear()
        canvas.line_cap = canvas.line_join = "round"
        for path in plan.paths:
            _path(canvas, scale * np.array([p[:2] for p in path.points], np.float32))
        for pin in plan.pins:
            _pin(canvas, *(scale * value for value in pin))


def _path(canvas, points):
    tip = _arrow_head(points)
    for ink, width in ((PAPER, EDGE), (COMMANDED, LINE)):
        canvas.stroke_style, canvas.line_width = ink, width
        canvas.stroke_lines(points)
        canvas.stroke_lines(tip)
    canvas.fill_style = PAPER
    canvas.fill_circle(*map(float, points[0]), EDGE)
    canvas.fill_style = COMMANDED
    canvas.fill_circle(*map(float, points[0]), EDGE - 3.5)


def _pin(canvas, x, y):
    for ink, radius in ((PAPER, PIN), (PIN_INK, PIN - 3), (PAPER, 4.0)):
        canvas.fill_style = ink
        canvas.fill_circle(x, y, radius)


def _arrow_head(points):
    """Three points of a >, at the end of a path and along its last stretch."""
    end = points[-1]
    far = np.linalg.norm(points - end, axis=1)
    before = points[np.flatnonzero(far >= min(HEAD, far.max()))[-1]]
    way = (end - before) / max(float(np.linalg.norm(end - before)), 1e-6)
    across = np.array([-way[1], way[0]])
    back = end - HEAD * way
    return np.stack([back + 0.6 * HEAD * across, end, back - 0.6 * HEAD * across]).astype(
        np.float32
    )
