"""The clear sheet over the video that catches pointer, wheel and keys, and shows what was commanded.

The browser captures the pointer, also several fingers at once, and sends at most 25 messages a second,
the newest places only. It answers under the hand at once: a ring where one holds, a line while one draws.
This module knows nothing about tracks; it hands on points in pixels of the video.
"""

import traitlets

from .panel import Panel, script, style

MODES = ("drag", "draw", "pin", "camera")
COMMANDED, FOLLOWED = "#ff6b35", "#12b5e5"  # colours of the path asked for and the path gone


class PathLayer(Panel):
    """Catches what hands do in a mode; `acts` maps the name of a message to what it does."""

    _esm = script("common", "path_marks", "path_hand", "path_layer")
    _css = style("path_layer")

    width_px = traitlets.Int(64).tag(sync=True)
    height_px = traitlets.Int(64).tag(sync=True)
    mode = traitlets.Unicode("drag").tag(sync=True)
    pins = traitlets.List().tag(sync=True)  # [[x, y], ...]
    selected = traitlets.Int(-1).tag(sync=True)  # number of the pin in hand, -1 = none
    colours = traitlets.List([COMMANDED, FOLLOWED]).tag(sync=True)
    label = traitlets.Unicode("The video").tag(sync=True)

    def __init__(self, *, size, acts, cannot=None, on_error=None):
        handlers = {name: self._handler(act) for name, act in acts.items()}
        super().__init__({**handlers, "moves": self._moves}, on_error=on_error)
        self._move, self.cannot = acts["move"], dict(cannot or {})
        self.height_px, self.width_px = size

    def show_trails(self, commanded, followed):
        """Draw paths over the video: lists of lines, each a list of (x, y); empty lists clear them."""
        self.send({"kind": "trails", "commanded": commanded, "followed": followed})

    def painted(self):
        """The ipycanvas shows the drawn paths now; the browser's own line may go."""
        self.send({"kind": "painted"})

    def act_at_cursor(self, act):
        """Ask the browser to do `act` ("pin" or "grab") where the pointer is."""
        self.send({"kind": "at_cursor", "act": act})

    def _handler(self, act):
        return lambda content, _: act(**{n: v for n, v in content.items() if n != "kind"})

    def _moves(self, content, _):
        try:
            for pointer, point in content["places"]:
                self._move(pointer=pointer, point=point)
        finally:
            self.send({"kind": "moved", "batch": content["batch"]})
