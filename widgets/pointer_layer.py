"""The sheet over the canvas that catches pen, mouse, finger and keys.

ipycanvas alone loses a release outside the canvas and sends a message for every hover. This layer
captures the pointer, collects its moves, sends them in batches (at most 25 a second, fewer while the
kernel is behind) and paints the stroke at once under the pen; that paint goes when Python's own has
arrived. It knows nothing about pixels: it hands on points in pixels of the drawing.
"""

import traitlets

from .panel import Panel, script, style


class PointerLayer(Panel):
    """Catches strokes; `on_stroke(points, first, last)`, `on_flood(point)` and `on_picture(bytes)`."""

    _esm = script("common", "picture_input", "stroke_batch", "pointer_layer")
    _css = style("pointer_layer")

    side_px = traitlets.Int(384).tag(sync=True)
    tool = traitlets.Unicode("brush").tag(sync=True)
    colour = traitlets.Unicode("#000000").tag(sync=True)
    size_px = traitlets.Float(20).tag(sync=True)
    label = traitlets.Unicode("Drawing pad").tag(sync=True)

    def __init__(self, *, side_px, on_stroke, on_flood, on_picture, on_ready, on_error=None):
        self._on_stroke = on_stroke
        handlers = {
            "stroke": self._stroke,
            "flood": lambda content, _: on_flood(_points([content["point"]])[0]),
            "picture": lambda _, buffers: on_picture(bytes(buffers[0])),
            "ready": lambda *_: on_ready(),
        }
        super().__init__(handlers, on_error=on_error)
        self.side_px = side_px

    def _stroke(self, content, _):
        self._on_stroke(_points(content["points"]), bool(content["first"]), bool(content["last"]))
        self.send({"kind": "painted", "batch": content["batch"]})


def _points(values):
    return [(float(x), float(y)) for x, y in values]
