"""The app of the motion notebook: drag a thing, and the video moves with it while it is being made.

It only connects: hands write into the live tracks that the stream asks before every chunk, the knobs
replace its controls, frames pass a steady mailbox into the view.
"""

from playground.conditioning.live_tracks import LiveTracks

from .cache_view import CacheView
from .frame_view import FrameView
from .meter_view import MeterView
from .path_pad import PathPad
from .path_trails import Trails
from .steady_mailbox import SteadyMailbox
from .stream_app import StreamApp
from .video_knobs import VideoKnobs, vocabulary_of
from .video_layout import video_layout
from .video_transport import VideoTransport

QUICK_FRAMES = 1.6  # a chunk that is made in less needs no more than one frame in store


class VideoApp(StreamApp):
    """`VideoApp("tiny").show()`; `stream` takes a ready VideoStream in place of a model's name."""

    def __init__(self, model="tiny", *, stream=None, prompt=None, folder="recordings"):
        stream = stream if stream is not None else _loaded(model)
        self.live = LiveTracks(fps=stream.fps, size=stream.size)
        mailbox = SteadyMailbox(stream.fps)
        super().__init__(stream, mailbox=mailbox, folder=folder, max_fps=None)
        self.engine.replace(tracks=self.live)
        self.set_prompt(prompt or stream.controls.prompt)
        self.start()

    def make_views(self):
        """Video, path pad, cache, knobs and the rest."""
        fail, stream = self.fail, self.stream
        self.view = FrameView(self.engine.mailbox, on_error=fail)
        self.pad = PathPad(self.view, self.live, size=stream.size, on_error=fail)
        self.trails = Trails(stream.fps, self._show_trails)
        self.cache = CacheView(on_wanted=self._want_attention, on_error=fail)
        self.meter = MeterView(on_error=fail)
        self.engine.mailbox.listeners.append(self._see)
        self.knobs = VideoKnobs(
            self.engine,
            stream.model.settings,
            vocabulary=vocabulary_of(stream.model.words.words),
            on_other_seed=self.restart,
            on_turned=self._relabel,
            on_error=fail,
        )
        self.transport = VideoTransport(self)
        self.root = video_layout(self)

    def tick(self):
        """Renew the line under the video; let no more frames wait than the machine needs."""
        figures = self.engine.meter.snapshot()
        quick = figures["ms"].get("total", 1e3) < QUICK_FRAMES * 1000 / self.stream.fps
        self.engine.mailbox.ahead = 1 if quick else 2
        self.meter.update(
            f"{self.transport.verb} {self.engine.controls.prompt}; {self.pad.words}",
            figures,
            dropped=self.engine.mailbox.dropped,
            delay_ms=self.view.sender.round_trip_ms,
        )

    def _see(self, shot):
        """Every frame passes here, on the kernel's loop, at the moment it is shown."""
        chunk = shot.details
        if chunk is None or self.closed:
            return
        if self.pad.tools.shown:
            self.trails.see(shot.picture, chunk, shot.frame - chunk.frame)
        if shot.frame == chunk.frame and self.view.sender.watched:
            cache = chunk.cache
            self.cache.show(cache.roles, cache.frames, cache.prompts, cache.attention)

    def _show_trails(self, commanded, followed):
        self.pad.layer.show_trails(commanded, followed)

    def _want_attention(self, wanted):
        self.engine.show_slots = wanted

    def _relabel(self, controls):
        self.view.label = self.pad.layer.label = f"The video: {controls.prompt}"


def _loaded(model):
    from playground import VideoStream

    return VideoStream.load(model)
