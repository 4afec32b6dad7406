"""The seldom used half of the prompt: what to keep out, and a second prompt to blend in."""

import traitlets

from .panel import Panel, script, style


class PromptMore(Panel):
    """Negative prompt and blend. `on_change(negative, second, amount)` after every change."""

    _esm = script("common", "prompt_more")
    _css = style("prompt_box")

    negative = traitlets.Unicode("").tag(sync=True)
    second = traitlets.Unicode("").tag(sync=True)
    amount = traitlets.Float(0.0).tag(sync=True)  # 0 = the first prompt alone, 1 = the second

    def __init__(self, *, cannot=None, on_change=None, on_error=None):
        super().__init__({"change": self._on_wish}, on_error=on_error)
        self.on_change, self.cannot = on_change, dict(cannot or {})

    def _on_wish(self, content, _):
        wish = {name: content.get(name, getattr(self, name)) for name in _NAMES}
        wish["amount"] = float(wish["amount"])
        if self.on_change:
            self.on_change(**wish)
        for name, value in wish.items():
            setattr(self, name, value)


_NAMES = ("negative", "second", "amount")
