"""What the apps share: one engine, its picture, its troubles, and an end that leaves nothing running.

A subclass makes its widgets in `make_views` (at least `view`, `meter`, `transport`, `root`) and says in
`tick` what is renewed twice a second. Whatever raises is shown in the status line.
"""

from IPython.display import display

from playground.streams.engine import Engine
from playground.streams.recording_head import about
from playground.streams.weighted_prompts import in_words

from .app_layout import close_tree
from .keeping import Keeping
from .kernel_loop import kernel_loop
from .recorder import Recorder, TappedMailbox
from .status_line import StatusLine

TICK_S = 0.5  # how often the meter line is renewed


class StreamApp:
    """An app around `stream`; `show()` displays it, `close()` takes everything away."""

    def __init__(self, stream, *, source=None, mailbox=None, folder="recordings", **engine):
        self.stream, self.cannot = stream, getattr(stream, "cannot", {})
        self.loop = kernel_loop()
        self._closed = False
        self.status = StatusLine(on_action=self.restart)
        if mailbox is None:
            mailbox = TappedMailbox()
        self.engine = Engine(stream, source, mailbox, on_error=self._from_worker, **engine)
        self.recorder = Recorder(
            folder,
            on_error=self._from_worker,
            words=lambda: in_words(self.engine.controls.prompt),
            about=lambda: about(stream),
        )
        self.engine.mailbox.listeners.append(self.recorder.see)
        self.keeping = Keeping(self)
        self.make_views()

    def make_views(self):
        """Make the widgets; every app has its own."""
        raise NotImplementedError

    def tick(self):
        """Renew what changes by itself."""

    def start(self):
        """Let the stream run."""
        self.engine.start()
        self._tick()

    def show(self):
        """Display the app in this cell."""
        self.view.fresh = True
        display(self.root)

    def set_prompt(self, prompt):
        """Change the prompt, as if it had been typed; of videos it may be texts with weights."""
        self.knobs.set_prompt(prompt)

    def restart(self):
        """Start the loop again after it failed; what people chose and drew stays."""
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
        self.keeping.close()
        close_tree(self.root)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def closed(self):
        """Whether the app was closed."""
        return self._closed

    def _from_worker(self, error):
        self.loop.call_later(0.05, lambda: self.fail(error))  # the thread has ended by then

    def _tick(self):
        if not self._closed:
            self.tick()
            self.keeping.look()
            self.loop.call_later(TICK_S, self._tick)
