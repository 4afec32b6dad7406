"""The moving picture: JPEG frames in binary messages, painted as bitmaps, the newest wins.

The worker thread only fills the mailbox; encoding and sending happen on the kernel's loop. How many
frames may be on their way, and when nobody is watching, is `paced_sender`'s business.
"""

import io
import time

import numpy as np
import traitlets
from PIL import Image

from playground.frames.sinks import Mailbox

from .audience import EXPECTED
from .paced_sender import PacedSender
from .panel import Panel, script, style

_SMALL_PX = 160  # below this size JPEG keeps every colour sample: blocks would show when enlarged


def encode_jpeg(picture, quality=85):
    """A uint8 [H, W, 3] picture as JPEG bytes."""
    small = max(picture.shape[:2]) <= _SMALL_PX
    out = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.save(out, "JPEG", quality=97 if small else quality, subsampling=0 if small else 2)
    return out.getvalue()


def _answers(shot):
    """Whether somebody waits for this picture: the first one after a stroke or a turned dial."""
    return getattr(shot, "first", False)


def page(content):
    """The name of the page that sent `content`."""
    return str(content.get("page", EXPECTED))


class FrameView(Panel):
    """Shows the newest picture of a mailbox, large, as often as the browser keeps up."""

    _esm = script("common", "audience", "reveal", "frame_view")
    _css = style("frame_view")

    label = traitlets.Unicode("").tag(sync=True)  # what a screen reader says
    badge = traitlets.Unicode("").tag(sync=True)  # "paused", "recording"
    pixelated = traitlets.Bool(False).tag(sync=True)
    aspect = traitlets.Float(1.0).tag(sync=True)  # width over height
    fresh = traitlets.Bool(False).tag(sync=True)  # bring it into sight when it appears

    def __init__(self, mailbox=None, *, label="", pixelated=False, on_error=None, loop=None):
        handlers = {
            "ready": self._on_ready,
            "ack": self._on_ack,
            "hidden": lambda content, _: self.sender.leave(page(content)),
            "gone": self._on_gone,
            "pixelated": self._on_pixelated,
        }
        super().__init__(handlers, on_error=on_error)
        self.label = label
        self.pixelated = pixelated
        self.gone = False  # whether the last page that showed it took it away
        self.on_gone = None
        self._last = None
        mailbox = Mailbox() if mailbox is None else mailbox
        self.sender = PacedSender(
            mailbox, self._transmit, urgent=_answers, on_error=self.report, loop=loop
        )
        mailbox.on_put = self.sender.wake

    @property
    def mailbox(self):
        """Where pictures, or shots with a `.picture`, are put; safe from every thread."""
        return self.sender.mailbox

    def show(self, picture):
        """Show one uint8 [H, W, 3] picture, unless a newer one comes first."""
        self.mailbox.put(picture)

    def _transmit(self, shot, index):
        picture = getattr(shot, "picture", shot)
        self._last = encode_jpeg(picture), getattr(shot, "controls_version", 0)
        self._send_last(index)

    def _on_ack(self, content, _):
        self.sender.acknowledge(content["index"], page(content), content.get("painted"))

    def _on_gone(self, content, _):
        self.sender.forget(page(content))
        self.gone = self.sender.audience.empty
        if self.gone and self.on_gone:
            self.on_gone()

    def _on_ready(self, content, _):
        self.gone = False
        self.sender.reset(page(content))
        behind = int(content.get("index", 0)) < self.sender.sent
        if self._last is not None and behind:  # a paused stream must not leave a page empty
            self._send_last(self.sender.sent)

    def _send_last(self, index):
        jpeg, version = self._last
        sent_ms = 1000 * time.time()
        content = {"kind": "frame", "index": index, "version": version, "sent_ms": sent_ms}
        self.send(content, [jpeg])

    def _on_pixelated(self, content, _):
        self.pixelated = bool(content["value"])
