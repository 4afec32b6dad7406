"""The app of the image notebook: one draws, and a picture follows the pen.

It only connects: the pad feeds the engine's source, the knobs replace its controls, the mailbox feeds
the views. Whatever raises is shown in the status line. `close()` leaves nothing running.
"""

from IPython.display import display

from playground.frames.sinks import Mailbox
from playground.streams.engine import Engine

from .drawing_pad import DrawingPad
from .frame_view import FrameView
from .image_knobs import ImageKnobs
from .image_layout import close_tree, image_layout
from .image_source import ImageSource
from .image_transport import ImageTransport
from .kernel_loop import kernel_loop
from .meter_view import MeterView
from .recorder import Recorder, TappedMailbox
from .slot_view import SlotView
from .source_box import SourceBox
from .starting_drawing import PROMPT, draw_start
from .status_line import StatusLine

TICK_S = 0.5  # how often the meter line is renewed


class ImageApp:
    """`ImageApp("tiny").show()`; `stream` takes a ready ImageStream in place of a model's name."""

    def __init__(self, model="tiny", *, stream=None, prompt=PROMPT, folder="recordings"):
        self.stream = stream if stream is not None else _loaded(model)
        self.loop = kernel_loop()
        self._closed = False
        self.status = StatusLine(on_action=self.restart)
        self._make_engine(folder)
        self._make_views()
        draw_start(self.pad)
        self.set_prompt(prompt)
        self.engine.start()
        self._tick()

    def _make_engine(self, folder):
        mailbox = TappedMailbox()
        self.source = ImageSource(self.stream.size)
        self.engine = Engine(self.stream, self.source, mailbox, on_error=self._from_worker)
        self.recorder = Recorder(folder, on_error=self._from_worker)
        mailbox.listeners += [self.recorder.see, self._show_slots]

    def _make_views(self):
        fail = self.fail
        self.view = FrameView(self.engine.mailbox, on_error=fail)
        self.pad = DrawingPad(on_change=self._on_drawing, on_error=fail)
        self.meter = MeterView(on_error=fail)
        self.slots = SlotView(Mailbox(), on_wanted=self._want_slots, on_error=fail)
        vocabulary = getattr(getattr(self.stream, "model", None), "vocabulary", None)
        self.knobs = ImageKnobs(
            self.engine, vocabulary=vocabulary, on_turned=self._relabel, on_error=fail
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

    # ------------------------------------------------------------------ what people do

    def show(self):
        """Display the app in this cell."""
        display(self.root)

    def set_prompt(self, text):
        """Change the prompt, as if it had been typed."""
        self.knobs.prompt.apply(text)

    def use(self, source):
        """Feed the stream from a path (picture, film, folder), a picture, or any source."""
        self.source.use(source)
        self.source_box.kind, self.source_box.name = "file", str(source)[:60]

    def restart(self):
        """Start the loop again after it failed; prompt, dials and drawing stay."""
        self.engine.restart()
        self.transport.apply()

    def fail(self, error):
        """Show an exception under the app."""
        self.knobs.refresh()
        self.status.fail(error, action="" if self.engine.alive else "start again")

    def close(self):
        """Stop the engine, finish a clip, take the widgets away."""
        if self._closed:
            return
        self._closed = True
        self.engine.stop()
        self.recorder.stop()
        close_tree(self.root)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ------------------------------------------------------------------ what goes on behind

    def _from_worker(self, error):
        self.loop.call_later(0.05, lambda: self.fail(error))  # the thread has ended by then

    def _on_drawing(self, picture):
        self.source.drawing.put(picture)
        if self.source_box.kind != "drawing" and not self._closed:
            self.source_box.choose("drawing")

    def _show_slots(self, shot):
        if shot.slots is not None:
            self.slots.show(shot.slots, shot.index)

    def _want_slots(self, wanted):
        self.engine.show_slots = wanted

    def _relabel(self, controls):
        self.view.label = f"The picture: {controls.prompt}"
        self.slots.labels = [f"t {999 - 20 * index}" for index in controls.t_index]

    def _tick(self):
        if self._closed:
            return
        self.meter.update(
            f"{self.transport.verb} {self.engine.controls.prompt}",
            self.engine.meter.snapshot(),
            dropped=self.engine.mailbox.dropped,
            delay_ms=self.view.sender.round_trip_ms,
        )
        self.loop.call_later(TICK_S, self._tick)


def _loaded(model):
    from playground import ImageStream

    return ImageStream.load(model, t_index=(16, 32), guidance="self")
