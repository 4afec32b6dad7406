"""The row of tools under the drawing pad. It knows nothing about the drawing; it names wishes."""

import traitlets

from .panel import Panel, script, style

PALETTE = {
    "snow": "#eef4fa",
    "sand": "#e9cf9a",
    "grass": "#7cb95a",
    "sky": "#8fc7ee",
    "sea": "#2f7fb8",
    "night": "#1d2750",
    "sunset": "#f29a5c",
    "black": "#25262b",
    "brown": "#8a5a34",
    "orange": "#e8702a",
    "red": "#d93636",
    "yellow": "#f6c934",
    "pink": "#f291b2",
    "purple": "#7d55b8",
}
TOOLS = ("brush", "eraser", "bucket")


class PadTools(Panel):
    """Brush, eraser, bucket, colours, size, undo, redo, clear, load. `on_wish(name, value)`."""

    _esm = script("common", "picture_input", "pad_tools")
    _css = style("pad_tools")

    tool = traitlets.Unicode("brush").tag(sync=True)
    colour = traitlets.Unicode(PALETTE["orange"]).tag(sync=True)
    size_px = traitlets.Float(28).tag(sync=True)
    side_px = traitlets.Int(384).tag(sync=True)
    palette = traitlets.Dict(PALETTE).tag(sync=True)
    can_undo = traitlets.Bool(False).tag(sync=True)
    can_redo = traitlets.Bool(False).tag(sync=True)

    def __init__(self, *, on_wish, on_picture, on_error=None):
        handlers = {
            "wish": lambda content, _: on_wish(content["name"], content.get("value")),
            "picture": lambda _, buffers: on_picture(bytes(buffers[0])),
        }
        super().__init__(handlers, on_error=on_error)
