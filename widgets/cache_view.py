"""The KV cache as a strip: one cell an entry, so that one sees it roll.

Colour is the role (sink, window, current), the line below a cell the prompt that wrote it, the number
its frame. On request: how much attention every layer pays to sink, window and current, as bars. It
shows what it is told (`entries` of a stream's chunk) and knows neither tensors nor policies.
"""

import traitlets

from .panel import Panel, script, style

ROLES = ("sink", "window", "current")
MOST = 30  # cells that fit; of more, the oldest of the window are counted, not drawn


class CacheView(Panel):
    """`show(...)` after every chunk; `on_wanted(bool)` says whether attention shall be measured."""

    _esm = script("common", "cache_view")
    _css = style("cache_view")

    cells = traitlets.List().tag(sync=True)  # [[role, frame, number of its prompt], ...]
    prompts = traitlets.List().tag(sync=True)  # the prompts that cells name
    hidden = traitlets.Int(0).tag(sync=True)  # entries that found no room
    shares = traitlets.List().tag(sync=True)  # a layer: [sink, window, current], together 1
    wanted = traitlets.Bool(False).tag(sync=True)  # whether attention is asked for

    def __init__(self, *, on_wanted=None, on_error=None):
        handlers = {"attention": lambda content, _: self.want(bool(content["value"]))}
        super().__init__(handlers, on_error=on_error)
        self.on_wanted = on_wanted

    def show(self, roles, frames, prompts, attention=None):
        """Show entries in cache order; `attention` is [sink, window, current] for each layer."""
        wrong = [role for role in roles if role not in ROLES]
        if wrong:
            raise ValueError(f"role must be one of {', '.join(ROLES)}, got {wrong[0]!r}")
        names = list(dict.fromkeys(prompts))
        cells = [
            [role, int(frame), names.index(prompt)]
            for role, frame, prompt in zip(roles, frames, prompts, strict=True)
        ]
        kept = _that_fit(cells)
        with self.hold_sync():
            self.hidden, self.cells, self.prompts = len(cells) - len(kept), kept, names
            self.shares = [[float(part) for part in layer] for layer in attention or ()]

    def want(self, wanted):
        """Ask for the attention bars, or no longer."""
        if self.on_wanted:
            self.on_wanted(wanted)
        self.wanted = wanted
        if not wanted:
            self.shares = []


def _that_fit(cells):
    """All cells, or all without the oldest ones after the sink."""
    more = len(cells) - MOST
    if more <= 0:
        return cells
    first = next((at for at, cell in enumerate(cells) if cell[0] != "sink"), 0)
    first = min(first, MOST // 2)
    return cells[:first] + cells[first + more :]
