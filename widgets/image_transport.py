"""Pausing, stepping, recording, snapshots and keys of the image app."""

from .keys import Keys
from .transport import Transport

SLOW_S = 0.5  # between two steps in slow motion
GONE_S = 10.0  # before the loop of an app that no page has any more ends


class ImageTransport:
    """The widgets `buttons` and `keys`, and what they do to `app`."""

    def __init__(self, app):
        self.app = app
        self.paused = self.slow = self.ended = False
        self.buttons = Transport(on_press=self.press, on_error=app.fail)
        self.keys = Keys(self._bindings(), on_error=app.fail)
        app.view.sender.on_watched = lambda _: self.apply()
        app.view.on_gone = lambda: app.loop.call_later(GONE_S, self._end_if_gone)

    @property
    def verb(self):
        """What the stream does, in a word."""
        if not self.app.engine.alive:
            return "stopped at"
        return "slowly drawing" if self.slow else "paused at" if self.paused else "drawing"

    def press(self, name):
        """Do what the button `name` stands for."""
        {
            "pause": self.pause,
            "step": self.step,
            "record": self.record,
            "snapshot": self.snapshot,
            "help": self.help,
        }[name]()

    def pause(self, paused=None):
        """Pause, go on, or (without an argument) change between the two."""
        self.paused = not self.paused if paused is None else bool(paused)
        self.slow = False
        self.apply()

    def step(self):
        """Pause, then make one step."""
        self.pause(True)
        self.app.engine.step_once()

    def slow_motion(self, slow):
        """About two steps a second, so that one can follow a frame through the slots."""
        self.slow = self.paused = bool(slow)
        self.apply()
        if self.slow:
            self._slow_step()

    def record(self):
        """Start a clip, or finish the one that is running."""
        recorder, status = self.app.recorder, self.app.status
        if recorder.recording:
            path, seconds = recorder.stop()
            status.say(f"Saved {seconds:.0f} seconds to {path}")
        else:
            path = recorder.start(self.app.engine.controls.prompt)
            status.say(f"Recording to {path}; press R again to stop.")
        self.apply()

    def snapshot(self):
        """Save the picture as it is now."""
        path = self.app.recorder.snapshot(self.app.engine.controls.prompt)
        self.app.status.say(f"Saved {path}")

    def help(self):
        """Show or hide the card with the keys."""
        self.keys.shown = not self.keys.shown

    def apply(self):
        """Bring engine and buttons in line; a stream that nobody watches rests, unless it records."""
        engine, recording = self.app.engine, self.app.recorder.recording
        if self.ended and self.app.view.sender.watched:
            self.ended = False
            engine.start()
        rests = self.paused or not (self.app.view.sender.watched or recording)
        if engine.controls.paused != rests:
            engine.replace(paused=rests)
        paused = self.paused and not self.slow
        self.app.view.badge = "recording" if recording else "paused" if paused else ""
        self.app.slots.slow = self.slow
        self.buttons.paused, self.buttons.recording = paused, recording

    def _end_if_gone(self):
        """End the loop of an app that was taken from its page; it starts again when it is shown."""
        if self.app.view.gone and not self.app.recorder.recording:
            self.ended = self.app.engine.alive or self.ended
            self.app.engine.stop()

    def _slow_step(self):
        if self.slow and self.app.engine.alive:
            self.app.engine.step_once()
            self.app.loop.call_later(SLOW_S, self._slow_step)

    def _bindings(self):
        app = self.app
        return {
            " ": ("pause or go on", self.pause),
            ".": ("one step", self.step),
            "Enter": ("apply the prompt", lambda: app.set_prompt(app.knobs.prompt.value)),
            "z": ("undo the last stroke", lambda: app.pad.undo()),
            "Z": ("redo it", lambda: app.pad.redo()),
            "n": ("throw the dice", lambda: app.knobs.throw_dice()),
            "r": ("record a clip, or stop", self.record),
            "s": ("save this picture", self.snapshot),
            "?": ("show or hide the keys", self.help),
        }
