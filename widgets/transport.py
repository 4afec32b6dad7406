"""The buttons beside the picture: pause, one step, record, snapshot, help."""

import traitlets

from .panel import Panel, script, style

NAMES = ("pause", "step", "record", "snapshot", "help")


class Transport(Panel):
    """`on_press(name)` for every button; Python says what is paused and recording."""

    _esm = script("common", "transport")
    _css = style("transport")

    paused = traitlets.Bool(False).tag(sync=True)
    recording = traitlets.Bool(False).tag(sync=True)

    def __init__(self, *, on_press, on_error=None):
        super().__init__({"press": self._on_press}, on_error=on_error)
        self.on_press = on_press

    def _on_press(self, content, _):
        if content["name"] not in NAMES:
            raise ValueError(f"name must be one of {', '.join(NAMES)}, got {content['name']!r}")
        self.on_press(content["name"])
