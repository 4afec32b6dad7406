"""The timeline that one edits with mouse, finger or keys: which prompt holds when.

It holds a `Timeline` and its past versions; every wish of the browser is one verb of that value. What the
value refuses is said under the widget, and the picture goes back to what stands. While it plays, what lies
before the play head is fixed. It knows no stream: `on_play(bool)` and `on_change(timeline)` tell.
"""

import traitlets

from playground.conditioning.timeline import Timeline
from playground.conditioning.timeline_files import WRITERS, lost_in, text_in
from playground.conditioning.timeline_values import Entry, Transition

from .file_parts import FileParts
from .panel import Panel, script, style
from .prompt_colours import PromptColours

MAX_FILE_MB = 19
UNDO_STEPS = 100
NEW_S = 4.0  # length of an entry that is added
FILE_NAMES = {"playground": "timeline.json", "scope": "scope.json", "longlive": "story.jsonl"}


class PromptTimeline(Panel):
    """`timeline` is what stands; `seek(seconds)` moves the play head."""

    _esm = script(
        "common", "file_parts", "timeline_drag", "timeline_keys", "timeline_form", "prompt_timeline"
    )
    _css = style("prompt_timeline")

    items = traitlets.List().tag(sync=True)  # [{number, kind, start, end, title, text, ...}, ...]
    selected = traitlets.Int(0).tag(sync=True)  # number of the chosen item, 0 = none
    head_s = traitlets.Float(0.0).tag(sync=True)
    fixed_s = traitlets.Float(0.0).tag(sync=True)  # what lies before cannot be changed
    duration_s = traitlets.Float(0.0).tag(sync=True)
    chunk_s = traitlets.Float(0.0).tag(sync=True)  # of whoever plays it; 0 = nobody knows
    playing = traitlets.Bool(False).tag(sync=True)
    can_undo = traitlets.Bool(False).tag(sync=True)
    can_redo = traitlets.Bool(False).tag(sync=True)
    remarks = traitlets.List().tag(sync=True)  # what was repaired, what the model does not know
    formats = traitlets.List(list(WRITERS)).tag(sync=True)

    def __init__(
        self, timeline=None, *, colours=None, on_change=None, on_play=None, remarks_of=None
    ):
        handlers = {
            "edit": lambda content, _: self.edit(content["verb"], *content["values"]),
            "select": lambda content, _: self.select(content["number"]),
            "words": lambda content, _: self.reword(content["number"], content["text"]),
            "prompts": lambda content, _: self.say(content["number"], content["prompts"]),
            "mix": lambda content, _: self.mix(content["number"]),
            "comes": lambda content, _: self.let_come(
                content["number"], content["seconds"], content["way"]
            ),
            "paste": lambda content, _: self.read(content["text"]),
            "file": self._on_file,
            "export": lambda content, _: self.export(content["format"]),
            "play": lambda content, _: self.play(bool(content["value"])),
            "undo": lambda *_: self.undo(),
            "redo": lambda *_: self.redo(),
        }
        super().__init__(handlers)
        self.colours = PromptColours() if colours is None else colours
        self.on_change, self.on_play, self.remarks_of = on_change, on_play, remarks_of
        self.new_text = "a cat on the beach"  # what an added entry says
        self._parts = FileParts(MAX_FILE_MB)
        self._past, self._future = [], []
        self._stand(timeline or Timeline())

    # ------------------------------------------------------------ what people do

    def edit(self, verb, *values):
        """One change: add, start, end, move, split, duplicate, remove."""
        if verb not in _VERBS:
            raise ValueError(f"verb must be one of {', '.join(_VERBS)}, got {verb!r}")
        now = self.timeline
        then = (
            now.add(self.new_text, seconds=NEW_S) if verb == "add" else _VERBS[verb](now, *values)
        )
        self.put(then)
        fresh = {item.number for item in _all(then)} - {item.number for item in _all(now)}
        if fresh:
            self.selected = max(fresh)

    def reword(self, number, text):
        """Another text for an entry; what else it says stays."""
        if " ".join(text.split()) != self.timeline.item(number).text:
            self.put(self.timeline.change(number, prompts=text.strip()))

    def say(self, number, prompts):
        """Other texts and weights (0..100) for an entry, as (text, weight) pairs."""
        self._change(number, prompts=prompts)

    def mix(self, number):
        """One more text for an entry, as heavy as its heaviest."""
        prompts = self.timeline.item(number).prompts
        self.say(number, (*prompts, (self.new_text, max(weight for _, weight in prompts))))

    def let_come(self, number, seconds, kind):
        """How an entry comes in: over so many seconds, 0 for a cut, texts mixed by "linear" or "slerp"."""
        self._change(number, transition=Transition(seconds, kind))

    def read(self, source):
        """Take the timeline of a file (bytes) or a text in any known format."""
        self.put(Timeline.read(source))
        self.select(0)

    def put(self, timeline):
        """Make `timeline` the one that stands; `undo` goes back."""
        if self.playing:
            self.timeline.check_edit(timeline, self.head_s)
        self._tell(timeline)
        self._past = [*self._past[-UNDO_STEPS + 1 :], self.timeline]
        self._future = []
        self._stand(timeline)

    def undo(self):
        """Take the last change back."""
        self._swap(self._past, self._future)

    def redo(self):
        """Make it again."""
        self._swap(self._future, self._past)

    def select(self, number):
        """Choose an item, 0 for none."""
        self.selected = self.timeline.item(number).number if number else 0

    def play(self, playing):
        """Start from the beginning, or stop; all of it may be changed again when it stands."""
        if playing and not self.timeline.entries:
            raise ValueError("timeline must have an entry to be played, got none; add one")
        if playing != self.playing:
            if self.on_play:
                self.on_play(playing)
            self.playing = playing
            self.seek(0.0)

    def seek(self, seconds):
        """The play head is there; while it plays, what lies before is fixed."""
        fixed = seconds if self.playing else 0.0
        self.timeline = self.timeline.fixed_until(fixed)
        with self.hold_sync():
            self.head_s, self.fixed_s = seconds, fixed

    def export(self, format="playground"):
        """Send the file to the browser; says what the format cannot hold."""
        text = text_in(self.timeline, format)
        name = FILE_NAMES.get(format, f"timeline_{format}.txt")
        self.send({"kind": "download", "name": name}, [text.encode()])
        self.remarks = list(lost_in(self.timeline, format))

    def report(self, error):
        """Trouble of what a person did is told in words; what stands is shown again."""
        self.send({"kind": "stands"})
        plain = isinstance(error, ValueError | FileNotFoundError)
        self.trouble = str(error) if plain else f"{type(error).__name__}: {error}"

    # ------------------------------------------------------------ inside

    def _change(self, number, **fields):
        """An edit of one item, unless it is so already."""
        then = self.timeline.change(number, **fields)
        if then != self.timeline:
            self.put(then)

    def _swap(self, source, target):
        if not source:
            return
        if self.playing:
            self.timeline.check_edit(source[-1], self.head_s)
        self._tell(source[-1])
        target.append(self.timeline)
        self._stand(source.pop())

    def _tell(self, timeline):
        """Whoever plays it may refuse, then nothing changes here."""
        if self.on_change:
            self.on_change(timeline)

    def _stand(self, timeline):
        timeline = timeline.fixed_until(self.head_s if self.playing else 0.0)
        self.timeline = timeline
        numbers = {item.number for item in _all(timeline)}
        with self.hold_sync():
            self.items = [self._told(item) for item in _all(timeline)]
            self.duration_s = timeline.duration
            self.can_undo, self.can_redo = bool(self._past), bool(self._future)
            self.remarks = [*timeline.remarks, *self._unknown(timeline)]
            if self.selected not in numbers:
                self.selected = 0

    def _told(self, item):
        told = {"number": item.number, "start": item.start, "end": item.end, "title": item.title}
        if not isinstance(item, Entry):
            return {**told, "kind": "event", "text": item.title, "hue": 0}
        total = sum(weight for _, weight in item.heard)
        texts = " + ".join(f"{text} ({weight / total:.0%})" for text, weight in item.heard)
        single = len(item.prompts) == 1
        return {
            **told,
            "kind": "entry",
            "text": item.text if single else texts,
            "single": single,
            "prompts": [list(pair) for pair in item.prompts],
            "blend_s": item.transition.seconds,
            "way": item.transition.kind,
            "hue": self.colours.of(item.text),
        }

    def _unknown(self, timeline):
        return [] if self.remarks_of is None else list(self.remarks_of(timeline))

    def _on_file(self, content, buffers):
        data = self._parts.add(content, buffers)
        if data is not None:
            self.read(data)


_VERBS = {
    "add": None,
    "start": lambda timeline, number, at: timeline.resize(number, start=at),
    "end": lambda timeline, number, at: timeline.resize(number, end=at),
    "move": lambda timeline, number, at: timeline.move(number, at),
    "split": lambda timeline, at: timeline.split(at),
    "duplicate": lambda timeline, number: timeline.duplicate(number),
    "remove": lambda timeline, number: timeline.remove(number),
}


def _all(timeline):
    return (*timeline.entries, *timeline.events)
