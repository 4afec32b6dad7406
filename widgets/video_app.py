"""The app of the motion notebook: drag a thing, and the video moves with it while it is being made.

It only connects: hands write into the live tracks that the stream asks before every chunk, the knobs
replace its controls, frames pass a steady mailbox into the view.
"""

from playground.conditioning.live_tracks import LiveTracks

from .path_pad import PathPad
from .path_trails import Trails
from .video_knobs import VideoKnobs, vocabulary_of
from .video_layout import video_layout
from .video_shell import VideoShell
from .video_transport import VideoTransport


class VideoApp(VideoShell):
    """`VideoApp("tiny").show()`; `stream` takes a ready VideoStream in place of a model's name."""

    def __init__(self, model="tiny", *, prompt=None, **more):
        super().__init__(model, **more)
        if "tracks" not in self.cannot:
            self.engine.replace(tracks=self.live)
        self.set_prompt(prompt or self.stream.controls.prompt)
        self.start()

    def make_controls(self):
        """Path pad, knobs and the rest."""
        fail, stream = self.fail, self.stream
        self.live = LiveTracks(fps=stream.fps, size=stream.size)
        self.pad = PathPad(
            self.view, self.live, size=stream.size, cannot=self.cannot, on_error=fail
        )
        self.trails = Trails(stream.fps, self._show_trails)
        self.knobs = VideoKnobs(
            self.engine,
            stream.model.settings,
            vocabulary=vocabulary_of(stream.model.words.words),
            cannot=self.cannot,
            on_other_seed=self.restart,
            on_turned=self._relabel,
            on_error=fail,
        )
        self.transport = VideoTransport(self)
        self.root = video_layout(self)

    @property
    def words(self):
        """What is commanded."""
        return self.pad.words

    def see(self, shot, chunk):
        """Draw where the grabbed thing shall be, and where it is."""
        if self.pad.tools.shown:
            self.trails.see(shot.picture, chunk, shot.frame - chunk.frame)

    def _show_trails(self, commanded, followed):
        self.pad.layer.show_trails(commanded, followed)

    def _relabel(self, controls):
        super()._relabel(controls)
        self.pad.layer.label = self.view.label
