"""What turns a knob of an app: the prompt line and two groups of dials, wired to one engine.

`shown(controls)` says what the dials show, `turned(controls, name, value)` what turning one does. A wish
becomes new controls; when the stream refuses them, the dials go back to what stands.
"""

import random
from dataclasses import fields

from playground.streams.weighted_prompts import checked_prompt, from_words, in_words

from .dials import Dials, starting_at
from .kernel_loop import kernel_loop
from .prompt_box import PromptBox
from .runtime_dial import runtime_dials, runtime_of

SETTLE_S = 0.15  # messages cost the page time, and the picture comes first


class AppKnobs:
    """The widgets `prompt`, `near` and `more`, and what they do to `engine`."""

    def __init__(
        self, engine, near, more, *, shown, turned, vocabulary=None, ideas=(), cannot=None,
        on_turned=None, on_error=None,
    ):  # fmt: skip
        self.engine = engine
        self.on_turned = on_turned
        self._shown, self._turned = shown, turned
        self._loop = kernel_loop()
        self._settling = False
        self.prompt = PromptBox(
            vocabulary=vocabulary,
            ideas=ideas if vocabulary else (),
            cannot=cannot,
            on_change=self._on_prompt,
            on_error=on_error,
        )
        values = self._values()
        self.near, self.more = (
            Dials(
                starting_at(dials, values),
                cannot=cannot,
                on_change=self._on_dial,
                on_error=on_error,
            )
            for dials in (near, (*more, *runtime_dials(engine.stream)))
        )

    def set_prompt(self, prompt):
        """A text, as if it had been typed; a mixture with its exact weights, shown in words."""
        prompt = checked_prompt(prompt)
        if isinstance(prompt, str):
            self.prompt.apply(prompt)
            return
        if prompt != self.engine.controls.prompt:
            self._say(prompt)
        self.prompt.show(in_words(prompt))

    def throw_dice(self):
        """Another seed."""
        group = self.near if "seed" in self.near.values else self.more
        group.turn("seed", random.randrange(100_000))

    def reset(self):
        """All dials back to where they started."""
        self.near.reset()
        self.more.reset()

    def refresh(self):
        """Show what really stands, as after a change that the stream refused."""
        values = self._values()
        self.near.show(**values)
        self.more.show(**values)

    def replace(self, **changes):
        """Ask for other controls, and show what stands a little later."""
        self.engine.replace(**changes)
        if not self._settling:
            self._settling = True
            self._loop.call_later(SETTLE_S, self._settle)

    def _on_prompt(self, text):
        """A line that is the present prompt in words means that prompt, with its exact weights."""
        now = self.engine.controls.prompt
        is_now = text == " ".join(in_words(now).split())
        self._say(now if is_now else checked_prompt(from_words(text)))

    def _say(self, prompt):
        self.replace(prompt=prompt)

    def _values(self):
        return self._shown(self.engine.controls) | runtime_of(self.engine.stream)

    def _on_dial(self, name, value):
        if name == "runtime":
            self.engine.stream.model.use_runtime(value)
            return
        now = self.engine.controls
        then = self._turned(now, name, value)
        names = [field.name for field in fields(then)]
        self.replace(**{n: getattr(then, n) for n in names if getattr(then, n) != getattr(now, n)})

    def _settle(self):
        """Tell everything else that shows the controls, once the picture had its turn."""
        self._settling = False
        self.refresh()
        if self.on_turned:
            self.on_turned(self.engine.controls)
