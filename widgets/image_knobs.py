"""Everything of the image app that turns a knob: prompt, dials, blend; wired to one engine.

A wish becomes new controls; when the stream refuses them, the dials go back to what stands.
"""

import random
from dataclasses import fields

from .dials import Dials
from .image_dials import MORE, NEAR, shown, turned, with_start
from .kernel_loop import kernel_loop
from .prompt_box import PromptBox
from .prompt_more import PromptMore
from .starting_drawing import IDEAS

SETTLE_S = 0.15  # messages cost the page time, and the picture comes first


class ImageKnobs:
    """The widgets `prompt`, `prompt_more`, `near` and `more`, and what they do to `engine`."""

    def __init__(self, engine, *, vocabulary=None, on_turned=None, on_error=None):
        self.engine = engine
        self.on_turned = on_turned
        self._loop = kernel_loop()
        self._settling = False
        controls = engine.controls
        self.prompt = PromptBox(
            vocabulary=vocabulary,
            ideas=IDEAS if vocabulary else (),
            on_change=self._on_prompt,
            on_error=on_error,
        )
        self.prompt_more = PromptMore(on_change=self._on_more, on_error=on_error)
        self.near, self.more = (
            Dials(with_start(dials, controls), on_change=self._on_dial, on_error=on_error)
            for dials in (NEAR, MORE)
        )

    def throw_dice(self):
        """Another seed."""
        self.near.turn("seed", random.randrange(100_000))

    def reset(self):
        """All dials back to where they started."""
        self.near.reset()
        self.more.reset()

    def refresh(self):
        """Show what really stands, as after a change that the stream refused."""
        values = shown(self.engine.controls)
        self.near.show(**values)
        self.more.show(**values)

    def _on_prompt(self, text):
        self._on_more(
            self.prompt_more.negative, self.prompt_more.second, self.prompt_more.amount, text
        )

    def _on_more(self, negative, second, amount, prompt=None):
        prompt = prompt or self.engine.controls.prompt
        mixed = second.strip() and amount > 0
        blend = ((prompt, 1 - amount), (second.strip(), amount)) if mixed else ()
        self._replace(prompt=prompt, negative_prompt=negative, blend=blend)

    def _on_dial(self, name, value):
        now = self.engine.controls
        then = turned(now, name, value)
        names = [field.name for field in fields(then)]
        self._replace(**{n: getattr(then, n) for n in names if getattr(then, n) != getattr(now, n)})

    def _replace(self, **changes):
        self.engine.replace(**changes)
        if not self._settling:
            self._settling = True
            self._loop.call_later(SETTLE_S, self._settle)

    def _settle(self):
        """Tell everything else that shows the controls, once the picture had its turn."""
        self._settling = False
        self.refresh()
        if self.on_turned:
            self.on_turned(self.engine.controls)
