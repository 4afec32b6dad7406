"""The tools of the path pad: what a hand does, start, pace, undo, clear. They name wishes, no more."""

import traitlets

from .panel import Panel, script, style
from .path_layer import COMMANDED, FOLLOWED, MODES

PACES = (0.25, 3.0)


class PathTools(Panel):
    """`on_wish(name, value)` for mode, start, undo, clear, pace and shown."""

    _esm = script("common", "path_tools")
    _css = style("path_tools", "video_app")

    mode = traitlets.Unicode("drag").tag(sync=True)
    modes = traitlets.List(list(MODES)).tag(sync=True)
    waiting = traitlets.Int(0).tag(sync=True)  # paths that wait for their start
    pace = traitlets.Float(1.0).tag(sync=True)
    can_undo = traitlets.Bool(False).tag(sync=True)
    shown = traitlets.Bool(True).tag(sync=True)  # whether paths are drawn over the video
    colours = traitlets.List([COMMANDED, FOLLOWED]).tag(sync=True)

    def __init__(self, *, on_wish, cannot=None, on_error=None):
        handlers = {"wish": lambda content, _: on_wish(content["name"], content.get("value"))}
        super().__init__(handlers, on_error=on_error)
        self.cannot = dict(cannot or {})
