"""What the image app adds to pausing, recording and keys: slow motion, undo, the prompt."""

from .app_transport import AppTransport

SLOW_S = 0.5  # between two steps in slow motion


class ImageTransport(AppTransport):
    """The buttons and keys of the image app."""

    doing = "drawing"

    def __init__(self, app):
        self.slow = False
        super().__init__(app)

    @property
    def verb(self):
        """What the stream does, in a word."""
        return "slowly drawing" if self.slow and self.app.engine.alive else super().verb

    @property
    def shows_pause(self):
        """Slow motion is a pause with steps, and no pause for those who look."""
        return self.paused and not self.slow

    def pause(self, paused=None):
        """Pause, go on, or (without an argument) change between the two."""
        self.slow = False
        super().pause(paused)

    def slow_motion(self, slow):
        """About two steps a second, so that one can follow a frame through the slots."""
        self.slow = self.paused = bool(slow)
        self.apply()
        if self.slow:
            self._slow_step()

    def apply(self):
        """Bring engine, buttons and slots in line."""
        super().apply()
        self.app.slots.slow = self.slow

    def bindings(self):
        """The keys of every app, and those of this one."""
        app, common = self.app, super().bindings()
        first = {key: common.pop(key) for key in (" ", ".")}
        own = {
            "Enter": ("apply the prompt", lambda: app.set_prompt(app.knobs.prompt.value)),
            "z": ("undo the last stroke", lambda: app.pad.undo()),
            "Z": ("redo it", lambda: app.pad.redo()),
        }
        return {**first, **own, **common}

    def _slow_step(self):
        if self.slow and self.app.engine.alive:
            self.app.engine.step_once()
            self.app.loop.call_later(SLOW_S, self._slow_step)
