"""Everything of the image app that turns a knob: prompt, dials, blend; wired to one engine."""

from .app_knobs import AppKnobs
from .image_dials import MORE, NEAR, shown, turned
from .prompt_more import PromptMore
from .starting_drawing import IDEAS


class ImageKnobs(AppKnobs):
    """The knobs of every app, and `prompt_more`: what to keep out, what to mix in."""

    def __init__(self, engine, *, cannot=None, on_error=None, **more):
        shared = {"cannot": cannot, "on_error": on_error}
        self.prompt_more = PromptMore(on_change=self._on_more, **shared)
        super().__init__(
            engine, NEAR, MORE, shown=shown, turned=turned, ideas=IDEAS, **shared, **more
        )

    def _on_prompt(self, text):
        self._on_more(
            self.prompt_more.negative, self.prompt_more.second, self.prompt_more.amount, text
        )

    def _on_more(self, negative, second, amount, prompt=None):
        prompt = prompt or self.engine.controls.prompt
        mixed = second.strip() and amount > 0
        blend = ((prompt, 1 - amount), (second.strip(), amount)) if mixed else ()
        self.replace(prompt=prompt, negative_prompt=negative, blend=blend)
