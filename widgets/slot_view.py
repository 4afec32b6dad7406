"""The slots of the stream batch: the clean picture that each of them predicts right now.

Every step a frame moves one slot on, and its noise gets less. All slots travel as one JPEG strip in
one message, only while somebody looks (`wanted`), and only as often as the page keeps up.
"""

import numpy as np
import traitlets

from .frame_view import encode_jpeg, page
from .paced_sender import PacedSender
from .panel import Panel, script, style

MAX_FPS = 8


class SlotView(Panel):
    """A row of pictures, the newest frame on the left, the finished one on the right."""

    _esm = script("common", "audience", "slot_view")
    _css = style("slot_view")

    labels = traitlets.List().tag(sync=True)  # one a slot, such as "t 679"
    slow = traitlets.Bool(False).tag(sync=True)

    def __init__(self, mailbox, *, on_wanted=None, on_error=None, loop=None):
        handlers = {
            "ready": lambda content, _: self._hear(self.sender.reset, content),
            "hidden": lambda content, _: self._hear(self.sender.leave, content),
            "gone": lambda content, _: self._hear(self.sender.forget, content),
            "ack": lambda content, _: self.sender.acknowledge(content["index"], page(content)),
            "slow": lambda content, _: self.on_slow(bool(content["value"])),
        }
        super().__init__(handlers, on_error=on_error)
        self.wanted = False
        self.on_wanted = on_wanted
        self.on_slow = lambda slow: None
        self.sender = PacedSender(
            mailbox, self._transmit, window=16, max_fps=MAX_FPS, on_error=self.report, loop=loop
        )
        mailbox.on_put = self.sender.wake

    def show(self, slots, index):
        """Show the uint8 [s, H, W, 3] predictions after step number `index`."""
        self.sender.mailbox.put((slots, index))

    def _transmit(self, item, number):
        slots, index = item
        strip = np.concatenate(list(slots), axis=1)  # (H, s * W, 3)
        content = {"kind": "slots", "number": number, "index": index, "count": len(slots)}
        self.send(content, [encode_jpeg(strip)])

    def _hear(self, say, content):
        say(page(content))
        wanted = self.sender.audience.looks
        if wanted != self.wanted:
            self.wanted = wanted
            if self.on_wanted:
                self.on_wanted(wanted)
