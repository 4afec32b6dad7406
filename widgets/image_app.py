"""The app of the image notebook: one draws, and a picture follows the pen.

It only connects: the pad feeds the engine's source, the knobs replace its controls, the mailbox feeds
the views.
"""

from playground.frames.sinks import Mailbox
from playground.models.image_recipes import recipe_of

from .drawing_pad import DrawingPad
from .frame_view import FrameView
from .image_knobs import ImageKnobs
from .image_layout import image_layout
from .image_source import ImageSource
from .image_transport import ImageTransport
from .meter_view import MeterView
from .slot_view import SlotView
from .source_box import SourceBox
from .starting_drawing import PROMPT, draw_start
from .stream_app import StreamApp

WAITING = "waiting for a picture: draw something, or choose another input"


class ImageApp(StreamApp):
    """`ImageApp("tiny").show()`; `stream` takes a ready ImageStream in place of a model's name."""

    def __init__(self, model="tiny", *, stream=None, prompt=PROMPT, folder="recordings"):
        stream = stream if stream is not None else _loaded(model)
        self.source = ImageSource(stream.size)
        super().__init__(stream, source=self.source, folder=folder)
        draw_start(self.pad)
        self.set_prompt(prompt)
        self.start()

    def make_views(self):
        """Pad, picture, slots, knobs and the rest."""
        fail = self.fail
        self.view = FrameView(self.engine.mailbox, on_error=fail)
        self.pad = DrawingPad(on_change=self._on_drawing, on_error=fail)
        self.meter = MeterView(on_error=fail)
        self.slots = SlotView(Mailbox(), on_wanted=self._want_slots, on_error=fail)
        self.engine.mailbox.listeners.append(self._show_slots)
        vocabulary = getattr(getattr(self.stream, "model", None), "vocabulary", None)
        self.knobs = ImageKnobs(
            self.engine,
            vocabulary=vocabulary,
            cannot=self.cannot,
            on_turned=self._relabel,
            on_error=fail,
        )
        self.source_box = SourceBox(
            on_kind=self.source.choose,
            on_camera=self.source.camera.put,
            on_file=self.source.use,
            on_error=fail,
        )
        self.transport = ImageTransport(self)
        self.slots.on_slow = self.transport.slow_motion
        self.root = image_layout(self)

    def use(self, source):
        """Feed the stream from a path (picture, film, folder), a picture, or any source."""
        self.source.use(source)
        self.source_box.kind, self.source_box.name = "file", str(source)[:60]

    def tick(self):
        """Renew the line under the picture."""
        waits = self.source.waits and self.engine.alive
        self.meter.update(
            WAITING if waits else f"{self.transport.verb} {self.engine.controls.prompt}",
            self.engine.meter.snapshot(),
            dropped=self.engine.mailbox.dropped,
            delay_ms=self.view.sender.round_trip_ms,
        )

    def _on_drawing(self, picture):
        self.source.drawing.put(picture)
        if self.source_box.kind != "drawing" and not self.closed:
            self.source_box.choose("drawing")

    def _show_slots(self, shot):
        if shot.slots is not None:
            self.slots.show(shot.slots, shot.index)

    def _want_slots(self, wanted):
        self.engine.show_slots = wanted

    def _relabel(self, controls):
        self.view.label = f"The picture: {controls.prompt}"
        self.slots.labels = [f"t {999 - 20 * index}" for index in controls.t_index]


def _loaded(model):
    from playground import ImageStream

    own = {} if recipe_of(model) else {"t_index": (16, 32), "guidance": "self"}
    return ImageStream.load(model, **own)
