"""What the video app adds to pausing, recording and keys: paths, pins, modes, another video."""

from .app_transport import AppTransport


class VideoTransport(AppTransport):
    """The buttons and keys of the video app."""

    doing = "streaming"

    def bindings(self):
        """The keys of every app, and those of the path pad."""
        app, common = self.app, super().bindings()
        first = {key: common.pop(key) for key in (" ", ".")}
        del common["n"]
        return {
            **first,
            "Enter": ("start the drawn paths", lambda: app.pad.wish("start")),
            "d": ("drag: grab a thing and pull it", lambda: app.pad.wish("mode", "drag")),
            "w": ("draw paths ahead of time", lambda: app.pad.wish("mode", "draw")),
            "p": ("pin the point under the pointer", lambda: app.pad.wish("pin")),
            "v": ("move the camera", lambda: app.pad.wish("mode", "camera")),
            "g": ("grab or let go, then arrow keys", lambda: app.pad.wish("grab")),
            "z": ("undo the last path or pin", lambda: app.pad.wish("undo")),
            "c": ("clear paths and pins", lambda: app.pad.wish("clear")),
            "l": ("show or hide the paths", lambda: app.pad.wish("shown")),
            "a": ("attention of the layers", lambda: app.cache.want(not app.cache.wanted)),
            "n": ("throw the dice: another video", lambda: app.knobs.throw_dice()),
            **common,
        }
