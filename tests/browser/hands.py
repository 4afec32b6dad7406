"""Hands over the running video: real mouse moves along known ways, and where a thing is painted."""

import time
from itertools import pairwise

import numpy as np

DRAG_S, SETTLE_S, LOOK_EVERY_S = 8.0, 1.0, 0.5


def layer_box(notebook):
    return notebook.page.locator(".pg-path-layer").bounding_box()


def on_screen(notebook, point):
    """Where a point of the 64-pixel video is in the page."""
    box = layer_box(notebook)
    return box["x"] + point[0] / 64 * box["width"], box["y"] + point[1] / 64 * box["height"]


def frame(notebook):
    """The painted picture as uint8 [64, 64, 3]."""
    return np.array(notebook.picture(), dtype=np.uint8).reshape(64, 64, 4)[..., :3]


def drag_along(notebook, where, start, measure):
    """Drag with the mouse along `where(seconds)` for a while; distances in pixels, one of each a look.

    How far the thing is from the hand, and how far from the nearest place where the hand has been. The mouse
    goes on between two looks, and waits where it is while the page is read.
    """
    mouse = notebook.page.mouse
    mouse.move(*on_screen(notebook, start))
    mouse.down()
    offset = np.array(measure(notebook)) - start
    began, way, away, aside = time.perf_counter(), [start], [], []
    while (now := time.perf_counter() - began) < DRAG_S:
        way.append(where(now))
        mouse.move(*on_screen(notebook, way[-1]))
        if now > SETTLE_S + LOOK_EVERY_S * len(away):
            thing = measure(notebook) - offset
            away.append(float(np.hypot(*(thing - way[-1]))))
            aside.append(float(np.hypot(*(thing - way_points(way)).T).min()))
        time.sleep(0.02)
    mouse.up()
    return away, aside


def way_points(places):
    """Points on the straight lines between places, close together."""
    parts = [np.linspace(a, b, 8) for a, b in pairwise(places)]
    return np.concatenate(parts)
