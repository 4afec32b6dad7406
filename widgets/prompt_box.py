"""The line where one types what the picture shall be.

It applies on Enter or after a short pause (`pause_ms` 0: on Enter alone). Arrow up and down go through
what was entered before. Known words lie ready as chips, unknown ones are named in
a friendly line. A mixture stands there as "70% a fox + 30% a cat". The box knows the words, not the model.
"""

import traitlets

from .panel import Panel, script, style
from .prompt_words import hint_for, with_word

PAUSE_MS = 400
MOST_KEPT = 50  # earlier prompts


class PromptBox(Panel):
    """The prompt: `value` is what applies now, `on_change(text)` tells when that changes."""

    _esm = script("common", "prompt_box")
    _css = style("prompt_box")

    value = traitlets.Unicode("").tag(sync=True)
    hint = traitlets.Unicode("").tag(sync=True)
    words = traitlets.Dict().tag(sync=True)  # {"objects": [...], ...}: offered as chips
    ideas = traitlets.List().tag(sync=True)  # whole prompts to start from
    pause_ms = traitlets.Int(PAUSE_MS).tag(sync=True)
    history = traitlets.List().tag(sync=True)  # what was entered, the oldest first

    def __init__(
        self, value="", *, vocabulary=None, ideas=(), cannot=None, on_change=None, on_error=None
    ):
        handlers = {
            "prompt": lambda content, _: self.apply(content["text"], content.get("entered", True)),
            "word": lambda content, _: self.add(content["word"], content["group"]),
        }
        super().__init__(handlers, on_error=on_error)
        self.on_change, self.cannot = on_change, dict(cannot or {})
        self.vocabulary = vocabulary
        self.words = {
            kind: list(vocabulary[kind])
            for kind in ("objects", "backgrounds", "colours")
            if vocabulary and kind in vocabulary
        }
        self.ideas = list(ideas)
        self.observe(self._follow, "value")
        self.value = self.typed = value

    def apply(self, text, entered=True):
        """Make `text` the prompt; an empty one is only remarked upon. What was `entered` is kept."""
        text = " ".join(str(text).split())
        self.typed = text
        self.hint = hint_for(text, self.vocabulary)
        if text and text != self.value:
            if self.on_change:
                self.on_change(text)
            self.value = text
        if text and entered:
            self.history = [*(old for old in self.history if old != text), text][-MOST_KEPT:]

    def show(self, text):
        """Let `text` stand there as what applies already; nobody is told."""
        self.value, self.hint = text, hint_for(text, self.vocabulary)

    def add(self, word, kind):
        """Put a known word of the list `kind` into the prompt, in place of one of its kind."""
        self.apply(with_word(self.typed, word, kind, self.vocabulary))

    def _follow(self, change):
        self.typed = change["new"]
