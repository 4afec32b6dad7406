"""What an app can keep: the export bar, the frames it saves, and the recording of the run.

It connects them with one app (`engine`, `recorder`, `transport`, `stream`, `fail`).
"""

from playground.streams.recording_head import about
from playground.streams.weighted_prompts import in_words

from .export_bar import RUN, ExportBar
from .recent_frames import RecentFrames
from .run_record import KEPT, RunRecord


class Keeping:
    """The widget `bar`, and what its buttons do to `app`."""

    def __init__(self, app):
        self.app = app
        self.recent = RecentFrames(getattr(app.stream, "fps", None), words=lambda: self.prompt)
        self.run = RunRecord(app.stream, self._run_place, on_error=app._from_worker)
        self.bar = ExportBar(self.frames, self.place, on_run=self.record, on_end=self._go_on)
        self._from, self._rested = 0, False
        app.engine.mailbox.listeners.append(self.recent.see)

    @property
    def prompt(self):
        """What is asked for now, in words."""
        return in_words(self.app.engine.controls.prompt)

    def place(self, ending):
        """A path that is free, called after the prompt."""
        return self.app.recorder.free_path(self.prompt, ending)

    def frames(self, what):
        """Frames with their prompts, and how they are to be written."""
        options = {"about": about(self.app.stream)}
        if what != RUN:
            shown = self.recent.clip(float(what))
            return shown, options | {"fps": self.recent.fps, "total": len(shown)}
        if self.run.path is None:
            raise ValueError("the run must be recorded to be saved whole, it is not; switch it on")
        self._rest()
        total = max(self.recent.seen - self._from, 1)
        return self.run.frames(), options | {"fps": self.run.fps, "total": total}

    def record(self, wanted):
        """Write the run down from its beginning, which starts it anew; or no longer."""
        if not wanted:
            self.run.stop()
            self.bar.tell_run(False, f"The run up to here is in {self.run.path}")
            return
        engine = self.app.engine
        engine.stop()
        try:
            path = self.run.begin(self.prompt)
        finally:
            engine.restart()
            self.app.transport.apply()
        self._from = self.recent.seen
        self.bar.tell_run(True, f"The run began anew and is written to {path}")

    def record_unasked(self):
        """Write the run down from its first step, before the loop starts; say so, or why it cannot be."""
        try:
            path = self.run.begin_unasked(self.app.recorder.folder)
        except (ValueError, OSError) as error:
            self.bar.tell_run(False, f"This run is not recorded: {error}")
        else:
            self.bar.tell_run(
                True, f"Written to {path} as it goes; the newest {KEPT} runs are kept"
            )

    def look(self):
        """Say it when the run is no longer written down: it went back to a snapshot, the disk is full."""
        if self.bar.recorded and not self.run.runs:
            self.bar.tell_run(False, f"The run up to here is in {self.run.path}")

    def close(self):
        """Finish the file of the run; a clip that is being written is given up."""
        self.bar.cancel()
        self.run.stop()

    def _run_place(self, name):
        return self.app.recorder.free_path(name, "jsonl")

    def _rest(self):
        """The stream rests while its run is made again by the same model."""
        if not self.app.transport.paused:
            self._rested = True
            self.app.transport.pause(True)

    def _go_on(self):
        if self._rested:
            self._rested = False
            self.app.transport.pause(False)
