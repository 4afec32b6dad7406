"""Hands over the running video: real mouse moves along known ways, and where a thing is painted."""

import time

import numpy as np

DRAG_S, SETTLE_S = 6.0, 1.0


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
    """Drag with the mouse along `where(seconds)` for a while; distances of hand and thing, in pixels."""
    mouse = notebook.page.mouse
    mouse.move(*on_screen(notebook, start))
    mouse.down()
    offset = np.array(measure(notebook)) - start
    began, away = time.perf_counter(), []
    while (now := time.perf_counter() - began) < DRAG_S:
        mouse.move(*on_screen(notebook, where(now)))
        if now > SETTLE_S:
            thing = measure(notebook) - offset
            looked = (now + time.perf_counter() - began) / 2  # the look itself takes a while
            away.append(float(np.hypot(*(thing - where(looked)))))
        time.sleep(0.02)
    mouse.up()
    return away
