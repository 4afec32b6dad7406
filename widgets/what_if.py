"""What if: the running stream branched at a switch, two to four strategies side by side, in lockstep.

It holds an engine of its own while it runs, a picture as wide as there are branches, and a line of labels
below. The stream that was branched rests meanwhile. `on_keep(state)` is told when a branch is chosen.
"""

from dataclasses import replace

import ipywidgets
import traitlets

from playground.streams.engine import Engine
from playground.streams.lockstep import Lockstep

from .app_layout import box
from .frame_view import FrameView
from .panel import Panel, script, style
from .steady_mailbox import SteadyMailbox
from .switch_dials import LABELS, STRATEGIES
from .switch_words import words_of

LEAST, MOST = 2, 4


class WhatIfBar(Panel):
    """Which strategies are compared, and under the pictures whose picture it is."""

    _esm = script("common", "what_if")
    _css = style("what_if")

    options = traitlets.List([list(option) for option in STRATEGIES]).tag(sync=True)
    chosen = traitlets.List(["longlive", "stale", "flush"]).tag(sync=True)
    running = traitlets.List().tag(sync=True)  # the names of the branches, () = none
    words = traitlets.List().tag(sync=True)  # what the last switch did to each of them
    cost_words = traitlets.Unicode("").tag(sync=True)

    def __init__(self, wishes, *, on_error=None):
        handlers = {
            name: lambda c, _, wish=wish: wish(*c["values"]) for name, wish in wishes.items()
        }
        super().__init__(handlers, on_error=on_error)


class WhatIf:
    """`bar` chooses and labels, `stage` shows; `start(state, changes)` branches."""

    def __init__(self, stream, *, on_start, on_keep, on_stop, on_error):
        self.stream, self.on_error = stream, on_error
        self._on_start, self._on_keep, self._on_stop = on_start, on_keep, on_stop
        self.engine, self.lockstep = None, None
        wishes = {"toggle": self.toggle, "start": on_start, "stop": self.stop, "keep": self.keep}
        self.bar = WhatIfBar(wishes, on_error=on_error)
        self.view = FrameView(SteadyMailbox(stream.fps), on_error=on_error)
        self.view.mailbox.listeners.append(self._see)
        self.stage = box("pg-what-if-stage", self.view)
        self.stage.layout = ipywidgets.Layout(display="none")

    @property
    def runs(self):
        """Whether branches are shown."""
        return self.engine is not None

    def toggle(self, name):
        """Take a strategy into the comparison, or out of it."""
        chosen = [one for one in self.bar.chosen if one != name]
        chosen = chosen if name in self.bar.chosen else [*chosen, name]
        if name not in LABELS:
            raise ValueError(f"strategy must be one of {', '.join(LABELS)}, got {name!r}")
        if len(chosen) > MOST:
            raise ValueError(f"strategies must be {LEAST}..{MOST}, got {len(chosen)}; take one out")
        self.bar.chosen = chosen

    def start(self, state, changes):
        """Branch at `state`, then make the same switch in every branch."""
        if not LEAST <= len(self.bar.chosen) <= MOST:
            raise ValueError(f"strategies must be {LEAST}..{MOST}, got {len(self.bar.chosen)}")
        self.stop()
        names = [name for name in LABELS if name in self.bar.chosen]
        variants = {name: {"recache": name} for name in names}
        self.lockstep = Lockstep(state, variants, restore=type(self.stream).restore)
        self.lockstep.update(replace(self.lockstep.controls, **changes))
        self.engine = Engine(
            self.lockstep, None, self.view.mailbox, max_fps=None, on_error=self.on_error
        )
        self.view.aspect = float(len(names))
        self.view.label = "side by side: " + ", ".join(LABELS[name] for name in names)
        self.stage.layout.display = ""
        self.bar.running, self.bar.words = names, [""] * len(names)
        self.engine.start()

    def replace(self, **changes):
        """Other knobs for all branches."""
        if self.runs:
            self.engine.replace(**changes)

    def stop(self):
        """End the branches; the stream that was branched goes on."""
        if not self.runs:
            return
        self._end()
        self._on_stop()

    def keep(self, name):
        """End the branches and go on with this one."""
        stream = self.lockstep.streams[name]
        self._end()
        self._on_keep(stream.state, name)

    def close(self):
        """End everything, tell nobody."""
        if self.runs:
            self._end()

    def _end(self):
        engine, self.engine = self.engine, None
        engine.stop()
        self.bar.running = []
        self.stage.layout.display = "none"

    def _see(self, shot):
        chunks = shot.details
        if chunks and any(chunk.switch for chunk in chunks) and shot.frame == chunks[0].frame:
            self.bar.words = [words_of(c.switch) if c.switch else "" for c in chunks]
