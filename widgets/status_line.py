"""Where trouble is shown: an exception of a callback or of the loop, in words, with a way on."""

import traceback

import traitlets

from .panel import Panel, script, style


class StatusLine(Panel):
    """A line under the app; empty and invisible while all is well."""

    _esm = script("common", "status_line")
    _css = style("status_line")

    message = traitlets.Unicode("").tag(sync=True)
    details = traitlets.Unicode("").tag(sync=True)
    kind = traitlets.Unicode("news").tag(sync=True)  # news or error
    action = traitlets.Unicode("").tag(sync=True)  # the label of the button, empty = none

    def __init__(self, *, on_action=None):
        super().__init__({"action": self._on_press, "close": lambda *_: self.clear()})
        self.on_action = on_action

    def say(self, message):
        """Good news, such as where a clip was saved."""
        self._show("news", message)

    def fail(self, error, *, action=""):
        """Show an exception; `action` labels a button that calls `on_action`."""
        text = "".join(traceback.format_exception(error))[-4000:]
        self._show("error", f"{type(error).__name__}: {error}", text, action)

    def clear(self):
        """Nothing to say."""
        self._show("news", "")

    def _show(self, kind, message, details="", action=""):
        with self.hold_sync():
            self.kind, self.message, self.details, self.action = kind, message, details, action

    def _on_press(self, *_):
        self.clear()
        if self.on_action:
            self.on_action()
