"""What the apps around a running video share: the steady picture, the cache below it, the line in words.

A subclass says with `make_controls` what a hand needs beside the video (`knobs`, `transport`, `root`, and
whatever lies over the picture), and in `see` what else it does with a frame.
"""

from playground.streams.weighted_prompts import in_words

from .cache_view import CacheView
from .frame_view import FrameView
from .meter_view import MeterView
from .prompt_colours import PromptColours
from .steady_mailbox import SteadyMailbox
from .stream_app import StreamApp

QUICK_FRAMES = 1.6  # a chunk that is made in less needs no more than one frame in store


class VideoShell(StreamApp):
    """An app around a video stream; `stream` takes a ready VideoStream in place of a model's name."""

    def __init__(self, model="tiny", *, stream=None, folder="recordings"):
        stream = stream if stream is not None else loaded(model)
        mailbox = SteadyMailbox(stream.fps)
        super().__init__(stream, mailbox=mailbox, folder=folder, max_fps=None)

    def make_views(self):
        """Video, cache and meter; the rest is `make_controls`."""
        self.colours = PromptColours()
        self.view = FrameView(self.engine.mailbox, on_error=self.fail)
        self.cache = CacheView(
            on_wanted=self._want_attention, colours=self.colours, on_error=self.fail
        )
        self.meter = MeterView(on_error=self.fail)
        self.engine.mailbox.listeners.append(self._see)
        self.make_controls()

    def make_controls(self):
        """Make `knobs`, `transport` and `root`; every app has its own."""
        raise NotImplementedError

    def see(self, shot, chunk):
        """Look at a frame at the moment it is shown."""

    @property
    def words(self):
        """What happens besides the prompt, in words."""
        raise NotImplementedError

    def tick(self):
        """Renew the line under the video; let no more frames wait than the machine needs."""
        figures = self.engine.meter.snapshot()
        quick = figures["ms"].get("total", 1e3) < QUICK_FRAMES * 1000 / self.stream.fps
        self.engine.mailbox.ahead = 1 if quick else 2
        self.meter.update(
            f"{self.transport.verb} {in_words(self.engine.controls.prompt)}; {self.words}",
            figures,
            dropped=self.engine.mailbox.dropped,
            delay_ms=self.view.sender.round_trip_ms,
        )

    def _see(self, shot):
        """Every frame passes here, on the kernel's loop, at the moment it is shown."""
        chunk = shot.details
        if chunk is None or self.closed:
            return
        self.see(shot, chunk)
        if shot.frame == chunk.frame and self.view.sender.watched:
            cache = chunk.cache
            self.cache.show(
                cache.roles, cache.frames, cache.prompts, cache.attention, cache.rewritten
            )

    def _want_attention(self, wanted):
        self.engine.show_slots = wanted

    def _relabel(self, controls):
        self.view.label = f"The video: {in_words(controls.prompt)}"


def loaded(model):
    """A video stream of that name or folder."""
    from playground import VideoStream

    return VideoStream.load(model)
