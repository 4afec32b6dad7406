"""The prompt line and the dials of the prompt-switch app, wired to one engine."""

from .app_knobs import AppKnobs
from .switch_dials import MORE, NEAR, SwitchDialling

IDEAS = (
    "a duck on the sea",
    "a turtle on the sea",
    "a sailboat on the sea",
    "a fox in the snow",
    "a penguin in the snow",
)


class SwitchKnobs(AppKnobs):
    """`on_switch(changes)` is told of new words just before they are asked for."""

    def __init__(self, engine, settings, *, on_switch, on_other_seed, **more):
        self._on_switch, self._on_other_seed = on_switch, on_other_seed
        self.dialling = SwitchDialling(len(settings.timesteps), settings.chunk)
        super().__init__(
            engine, NEAR, MORE,
            shown=self.dialling.shown, turned=self.dialling.turned, ideas=IDEAS, **more,
        )  # fmt: skip
        self.prompt.pause_ms = 0  # half a word is no wish: every switch rewrites the past

    def _say(self, prompt):
        changes = {"prompt": prompt, "transition": self.dialling.transition}
        self._on_switch(changes)
        if self.dialling.when == "now":
            self.engine.stream.cut_short()
        self.replace(**changes)

    def _on_dial(self, name, value):
        super()._on_dial(name, value)
        if name == "seed":
            self._on_other_seed()
