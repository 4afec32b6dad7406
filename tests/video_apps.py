"""What the tests of the video apps share: an app whose page never tires, waiting, and the browser's words."""

import threading
import time

PATIENCE_S = 1e6  # no page ever answers here


def wait_until(true, timeout_s=10.0):
    """Wait for what a thread does."""
    until = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.01)


def watched(app, frames=0):
    """The app, after it showed so many frames and more, to a page that is never too slow."""
    app.view.sender.patience_s = PATIENCE_S
    if frames:
        wait_until(lambda: app.view.sender.sent > frames)
    return app


def say(widget, kind, **content):
    """What a browser says, which must make no trouble."""
    widget._handle_custom_msg({"kind": kind, **content}, [])
    assert widget.trouble == ""


def engines():
    """The loops that run."""
    return [thread for thread in threading.enumerate() if thread.name == "playground-engine"]
