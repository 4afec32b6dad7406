"""Pausing, stepping, recording, snapshots and keys of an app that streams.

Works on any app with `engine`, `recorder`, `status`, `view` and `loop`; what else an app can do it
adds to `bindings`. A stream that nobody watches rests, and one that no page shows any more ends.
"""

from playground.streams.weighted_prompts import in_words

from .keys import Keys
from .transport import Transport

GONE_S = 10.0  # before the loop of an app that no page has any more ends


class AppTransport:
    """The widgets `buttons` and `keys`, and what they do to `app`."""

    doing = "streaming"  # what the stream does while it runs, in a word

    def __init__(self, app):
        self.app = app
        self.paused = self.ended = False
        self.buttons = Transport(on_press=self.press, on_error=app.fail)
        self.keys = Keys(self.bindings(), on_error=app.fail)
        app.view.sender.on_watched = lambda _: self.apply()
        app.view.on_gone = lambda: app.loop.call_later(GONE_S, self._end_if_gone)

    @property
    def verb(self):
        """What the stream does, in a word."""
        if not self.app.engine.alive:
            return "stopped at"
        return "paused at" if self.paused else self.doing

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
        self.apply()

    def step(self):
        """Pause, then make one step."""
        self.pause(True)
        self.app.engine.step_once()

    def record(self):
        """Start a clip, or finish the one that is running."""
        recorder, status = self.app.recorder, self.app.status
        if recorder.recording:
            path, seconds = recorder.stop()
            status.say(f"Saved {seconds:.0f} seconds to {path}")
        else:
            path = recorder.start(in_words(self.app.engine.controls.prompt))
            status.say(f"Recording to {path}; press R again to stop.")
        self.apply()

    def snapshot(self):
        """Save the picture as it is now."""
        path = self.app.recorder.snapshot(in_words(self.app.engine.controls.prompt))
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
        paused = self.shows_pause
        self.app.view.badge = "recording" if recording else "paused" if paused else ""
        self.buttons.paused, self.buttons.recording = paused, recording

    @property
    def shows_pause(self):
        """Whether a person would call it paused."""
        return self.paused

    def bindings(self):
        """The keys that every app has: {key: (meaning, callable)}."""
        return {
            " ": ("pause or go on", self.pause),
            ".": ("one step", self.step),
            "n": ("throw the dice", lambda: self.app.knobs.throw_dice()),
            "r": ("record a clip, or stop", self.record),
            "s": ("save this picture", self.snapshot),
            "?": ("show or hide the keys", self.help),
        }

    def _end_if_gone(self):
        """End the loop of an app that was taken from its page; it starts again when it is shown."""
        if self.app.view.gone and not self.app.recorder.recording:
            self.ended = self.app.engine.alive or self.ended
            self.app.engine.stop()
