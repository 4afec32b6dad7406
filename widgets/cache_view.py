"""The KV cache as a strip: one cell an entry, so that one sees it roll.

A cell has two colours: its role (sink, anchor, window, current) and the prompt that wrote it; one fills
it, the other is the line below (`filled_by`). Cells that a prompt switch wrote anew flash. On request: how
much attention every layer pays to sink, window and current, as bars. It shows what it is told (the cache
of a stream's chunk) and knows neither tensors nor policies.
"""

import traitlets

from .panel import Panel, script, style
from .prompt_colours import PromptColours

ROLES = ("sink", "anchor", "window", "current")
MOST = 30  # cells that fit; of more, the oldest of the window are counted, not drawn


class CacheView(Panel):
    """`show(...)` after every chunk; `on_wanted(bool)` says whether attention shall be measured."""

    _esm = script("common", "cache_view")
    _css = style("cache_view")

    cells = traitlets.List().tag(sync=True)  # [[role, frame, number of its prompt], ...]
    prompts = traitlets.List().tag(sync=True)  # the prompts that cells name
    hues = traitlets.List().tag(sync=True)  # their colours, degrees
    hidden = traitlets.Int(0).tag(sync=True)  # entries that found no room
    rewritten = traitlets.List().tag(sync=True)  # frames that the last switch wrote anew
    switches = traitlets.Int(0).tag(sync=True)  # how many there were: another number, another flash
    filled_by = traitlets.Enum(("role", "prompt"), "role").tag(sync=True)
    shares = traitlets.List().tag(sync=True)  # a layer: [sink, window, current], together 1
    wanted = traitlets.Bool(False).tag(sync=True)  # whether attention is asked for

    def __init__(self, *, on_wanted=None, colours=None, filled_by="role", on_error=None):
        handlers = {"attention": lambda content, _: self.want(bool(content["value"]))}
        super().__init__(handlers, on_error=on_error)
        self.on_wanted = on_wanted
        self.colours = PromptColours() if colours is None else colours
        self.filled_by = filled_by

    def show(self, roles, frames, prompts, attention=None, rewritten=()):
        """Show entries in cache order; `attention` is [sink, window, current] for each layer.

        `rewritten` tells of every entry whether a switch wrote it anew just now; () = none.
        """
        wrong = [role for role in roles if role not in ROLES]
        if wrong:
            raise ValueError(f"role must be one of {', '.join(ROLES)}, got {wrong[0]!r}")
        names = list(dict.fromkeys(prompts))
        cells = [
            [role, int(frame), names.index(prompt)]
            for role, frame, prompt in zip(roles, frames, prompts, strict=True)
        ]
        kept = _that_fit(cells)
        fresh = [int(f) for f, new in zip(frames, rewritten, strict=bool(rewritten)) if new]
        with self.hold_sync():
            self.hidden, self.cells, self.prompts = len(cells) - len(kept), kept, names
            self.hues = [self.colours.of(name) for name in names]
            self.shares = [[float(part) for part in layer] for layer in attention or ()]
            if fresh:
                self.rewritten, self.switches = fresh, self.switches + 1

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
