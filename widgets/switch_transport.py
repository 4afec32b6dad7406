"""What the prompt-switch app adds to pausing, recording and keys: timeline, comparison, attention."""

from .app_transport import AppTransport


class SwitchTransport(AppTransport):
    """The buttons and keys of the prompt-switch app."""

    doing = "streaming"

    @property
    def verb(self):
        """What the stream does, in a word."""
        return "comparing" if self.app.what_if.runs else super().verb

    def bindings(self):
        """The keys of every app, and those of this one."""
        app, common = self.app, super().bindings()
        first = {key: common.pop(key) for key in (" ", ".")}
        del common["n"]
        return {
            **first,
            "Enter": ("apply the prompt", lambda: app.set_prompt(app.knobs.prompt.typed)),
            "p": (
                "play the timeline, or stop",
                lambda: app.timeline.play(not app.timeline.playing),
            ),
            "w": ("what if: strategies side by side, or back to one", app.compare),
            "z": ("undo on the timeline", app.timeline.undo),
            "Z": ("redo on the timeline", app.timeline.redo),
            "a": ("attention of the layers", lambda: app.cache.want(not app.cache.wanted)),
            "n": ("throw the dice: another video", lambda: app.knobs.throw_dice()),
            **common,
        }
