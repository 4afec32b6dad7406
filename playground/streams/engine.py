"""The one loop: a worker thread that turns the newest frame into the newest picture, over and over.

Once a step it reads an immutable `Controls` snapshot and the source's newest frame, calls the
stream, and puts a `Shot` into the mailbox. Nothing queues up anywhere: controls, frames and shots
that came too late are replaced by newer ones. A change that the stream refuses is reported and the
old controls stay; an exception inside a step ends the loop and is kept in `error` for the viewer.

The thread is no daemon and ends by itself when the main thread ends, so neither a closed widget
nor a restarted kernel leaves anything running. The engine knows nothing of networks or widgets.
"""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from playground.frames import Look, Mailbox
from playground.streams.intake import NOTHING, Intake
from playground.streams.meter import Meter
from playground.streams.shots import Answers, Shot
from playground.streams.wishes import Wishes

IDLE_S = 0.02  # how often an idle loop looks for a frame, a change, the end of the program


class Engine:
    """Drives `stream` (controls, update(controls), step(frame)) with the frames of `source`.

    `source` has look() or latest(); None asks the stream for pictures without an input, and raises
    ValueError, here and when it is set, for a stream whose controls need one. `max_fps`
    keeps a fast stream from burning a core for pictures nobody sees; None switches that off.
    `on_error(exception)` is called on the worker thread and must only hand on the news.
    """

    def __init__(
        self,
        stream: Any,
        source: Any = None,
        mailbox: Mailbox | None = None,
        *,
        max_fps: float | int | None = 60,
        show_slots: bool = False,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        if max_fps is not None and not max_fps > 0:
            raise ValueError(f"max_fps must be above 0, or None for no limit, got {max_fps}")
        self.stream = stream
        self.mailbox = Mailbox() if mailbox is None else mailbox
        self.meter = Meter()
        self.max_fps, self.show_slots, self.on_error = max_fps, show_slots, on_error
        self.error: Exception | None = None
        self._thread: threading.Thread | None = None
        self._stopping = self._failed = False
        self._news = threading.Condition(threading.RLock())  # guards all that follows
        self._wishes = Wishes(stream)
        self._made_by = self._wishes.granted
        self._single_steps, self._held = 0, True
        self._index = 0
        self.source = source
        self._refused: ValueError | None = None
        self._answers = self._fresh_answers()

    # ------------------------------------------------------------------ what people do

    def start(self) -> None:
        """Start the loop; does nothing when it runs already."""
        if not self.alive:
            self._join()  # a loop that failed may still be telling its error
        with self._news:
            if self.alive:
                return
            self._announce(self._source is not None)
            self._stopping, self._failed, self.error, self._held = False, False, None, True
            self._thread = threading.Thread(target=self._run, name="playground-engine")
            self._thread.start()

    def stop(self) -> None:
        """End the loop and wait until it has ended; prompt, frames in flight and error stay."""
        with self._news:
            self._stopping = True
            self._news.notify_all()
        self._join()
        self._announce(None)

    def _announce(self, comes: bool | None) -> None:
        """Tell a stream that cares whether frames will come; it refuses what cannot go with that."""
        expect = getattr(self.stream, "expect_input", None)
        if expect is not None:
            expect(comes)

    def _join(self) -> None:
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def restart(self) -> None:
        """Stop, drop the frames in flight, start again with the same controls and source."""
        self.stop()
        reset = getattr(self.stream, "reset", None)
        if reset is not None:
            reset()
        self.source = self._source
        self._answers = self._fresh_answers()
        self.meter.reset()
        self.start()

    def pause(self) -> None:
        """Hold the loop after the running step; controls may still be changed."""
        self.replace(paused=True)

    def resume(self) -> None:
        """Go on after `pause`."""
        self.replace(paused=False)

    def step_once(self) -> None:
        """Pause if running, then make exactly one step; its picture comes through the mailbox."""
        with self._news:
            if not self.controls.paused:
                self.pause()
            self._single_steps += 1
            self._news.notify_all()

    @property
    def controls(self) -> Any:
        """The newest controls that were asked for; setting them takes effect at the next step.

        What the controls themselves refuse is raised here; what only the stream can refuse is
        raised here while the loop stands, and reported through `error` while it runs.
        """
        return self._wishes.controls

    @controls.setter
    def controls(self, controls: Any) -> None:
        with self._news:
            self._wishes.ask(controls)
            self._asked()

    def replace(self, **knobs: Any) -> None:
        """Change some knobs and keep the others, even when several threads change different ones."""
        with self._news:
            self._wishes.ask_some(**knobs)
            self._asked()

    def _asked(self) -> None:
        if not self.alive:
            self._wishes.grant()
            self.error = None
        self._news.notify_all()

    @property
    def source(self) -> Any:
        """Where frames come from; another source may be set while the loop runs."""
        return self._source

    @source.setter
    def source(self, source: Any) -> None:
        self._announce(source is not None)
        size, count = getattr(self.stream, "size", None), getattr(self.stream, "frame_buffer", 1)
        self._source, self._intake = source, None if source is None else Intake(source, size, count)

    @property
    def alive(self) -> bool:
        """Whether the loop runs (or is paused); no longer so when its last error is told."""
        return self._thread is not None and self._thread.is_alive() and not self._failed

    def __enter__(self) -> "Engine":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # ------------------------------------------------------------------ the worker thread

    def _run(self) -> None:
        due = time.perf_counter()
        try:
            while not self._stopping and threading.main_thread().is_alive():
                if self._may_step() and self._step():
                    now = time.perf_counter()
                    due = max(due + 1 / self.max_fps, now) if self.max_fps else now
                    self._rest(due - now)
                else:
                    self._rest(IDLE_S, until_news=True)
        except Exception as error:  # whatever it is, the viewer must hear of it
            self._failed = True
            self._report(error)

    def _rest(self, seconds: float, *, until_news: bool = False) -> None:
        """Sleep; a stop always ends it, with `until_news` so does a change."""
        until = time.perf_counter() + seconds
        with self._news:
            while not self._stopping and (left := until - time.perf_counter()) > 0:
                if self._news.wait(left) and until_news:
                    return

    def _may_step(self) -> bool:
        try:
            if self._wishes.grant():
                self.error = None
        except Exception as error:  # refused: said once, then on with the old controls
            self._report(error)
        with self._news:
            was_held, self._held = self._held, getattr(self.stream.controls, "paused", False)
            if self._held and self._single_steps == 0:
                return False
            self._single_steps = max(0, self._single_steps - 1)
        if was_held:
            self._running_since = time.perf_counter()
        return True

    def _step(self) -> bool:
        """One step; False when there is no frame to work on."""
        began = time.perf_counter()
        look = self._newest_frame()
        if self._source is not None and look.frame is None:
            return False
        wants = {"slots": True} if self.show_slots else {}
        frame = look.frame if self._intake is None else self._intake.input
        result = self.stream.step(frame, **wants)
        timings = {**result.timings, "step": (time.perf_counter() - began) * 1e3}
        news = result.picture is not None and not result.skipped
        if not result.skipped:
            self._answers.entered(look)
        if news:
            self._deliver(result, timings)
        self.meter.dropped = self.mailbox.dropped
        self.meter.step(timings, picture=news, skipped=result.skipped)
        return True

    def _newest_frame(self) -> Look:
        """The newest good frame; a bad one is reported once, until a good one comes."""
        if self._intake is None:
            return NOTHING
        look, refused = self._intake.newest(), self._intake.refused
        if refused is not self._refused:
            if refused is not None:
                self._report(refused)
            elif self.error is self._refused:
                self.error = None
            self._refused = refused
        return look

    def _deliver(self, result: Any, timings: dict[str, float]) -> None:
        lag = getattr(self.stream, "lag", 0)
        if getattr(
            result, "is_fresh", True
        ):  # a later frame of a chunk answers what its first one did
            self._made_by = self._wishes.granted
        granted = self._made_by
        changes = self._answers.to_picture(lag, granted.version, granted.born)
        now = time.perf_counter()
        for born in changes:
            self.meter.answered((now - max(born, self._running_since)) * 1e3)
        self._index += 1
        shot = Shot(
            picture=result.picture if result.picture.ndim == 3 else result.picture[-1],
            index=self._index,
            slots=result.slots if self.show_slots else None,
            timings=timings,
            controls_version=granted.version,
            born=self._answers.born,
            first=bool(changes),
            frame=getattr(result, "frame", -1),
            details=getattr(result, "details", None),
        )
        self.mailbox.put(shot)

    def _fresh_answers(self) -> Answers:
        return Answers(self._wishes.granted.version, self._wishes.granted.born)

    def _report(self, error: Exception) -> None:
        self.error = error
        if self.on_error is None:
            return
        try:
            self.on_error(error)
        except Exception:
            logging.getLogger(__name__).exception("on_error failed while it was told of %r", error)
