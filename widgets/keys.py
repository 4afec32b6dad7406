"""The keyboard of an app, and the card that explains it.

Keys count only while the focus is inside the app and not in a text field; JupyterLab's own one-letter
commands (which would cut the cell) are kept away meanwhile.
"""

import traitlets

from .panel import Panel, script, style


class Keys(Panel):
    """`bindings` is {key: (meaning, callable)}; keys are named as in the browser."""

    _esm = script("common", "keys")
    _css = style("keys", "image_app", "switch_app")

    meanings = traitlets.Dict().tag(sync=True)
    shown = traitlets.Bool(False).tag(sync=True)  # whether the card is shown

    def __init__(self, bindings, *, on_error=None):
        super().__init__({"key": self._on_key, "close": self._on_close}, on_error=on_error)
        self._bindings = dict(bindings)
        self.meanings = {key: meaning for key, (meaning, _) in bindings.items()}

    def press(self, key):
        """Do what `key` stands for."""
        self._bindings[key][1]()

    def _on_key(self, content, _):
        self.press(content["key"])

    def _on_close(self, *_):
        self.shown = False
