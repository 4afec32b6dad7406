"""The app of the prompt-switch notebook: change the words, and the scene turns without a cut.

It only connects: the prompt line and the timeline speak to the stream (a player lays the timeline over what
hands do), the cache shows what a switch rewrote, and `what_if` branches the stream at its last switch.
"""

from playground.conditioning.timeline import Timeline
from playground.streams.timeline_player import TimelinePlayer
from playground.streams.timeline_speech import chunk_frames
from playground.streams.weighted_prompts import in_words, texts_of

from .prompt_timeline import PromptTimeline
from .switch_knobs import SwitchKnobs
from .switch_layout import switch_layout
from .switch_transport import SwitchTransport
from .switch_words import words_of
from .video_knobs import vocabulary_of
from .video_shell import VideoShell, loaded
from .what_if import WhatIf

STORY = "a duck on the sea[5s] | a sailboat on the sea[5s] | a turtle on the sea[5s]"


class SwitchApp(VideoShell):
    """`SwitchApp("tiny").show()`; `stream` takes a ready VideoStream in place of a model's name.

    The run is written down from its first step; `recorded=False` writes nothing unasked.
    """

    def __init__(
        self, model="tiny", *, stream=None, prompt=None, timeline=STORY, recorded=True, **more
    ):
        self.video = stream if stream is not None else loaded(model)
        self.first_timeline = Timeline.read(timeline) if isinstance(timeline, str) else timeline
        self.switched = "nothing was switched yet"
        self._before = None  # the stream before its last switch, and what was changed then
        self._told = 0  # chunk whose switch was told
        player = TimelinePlayer(self.video, Timeline(), playing=False)
        super().__init__(stream=player, **more)
        self.set_prompt(prompt or self.video.controls.prompt)
        self._before = None
        if recorded:
            self.keeping.record_unasked()
        self.start()

    def make_controls(self):
        """Prompt, dials, timeline, comparison and the rest."""
        fail = self.fail
        self.knobs = SwitchKnobs(
            self.engine,
            self.video.model.settings,
            vocabulary=vocabulary_of(self.video.model.words.words),
            cannot=getattr(self.video, "cannot", {}),  # any stream of video may be shown
            on_switch=self._on_switch,
            on_other_seed=self.restart,
            on_turned=self._relabel,
            on_error=fail,
        )
        self.timeline = PromptTimeline(
            self.first_timeline,
            colours=self.colours,
            on_change=self._on_timeline,
            on_play=self._on_play,
        )
        self.timeline.chunk_s = self._chunk_s
        self.what_if = WhatIf(
            self.video, on_start=self.compare, on_keep=self._go_on, on_stop=self._one, on_error=fail
        )
        self.cache.filled_by = "prompt"
        self.transport = SwitchTransport(self)
        self.root, self.stage = switch_layout(self)

    @property
    def words(self):
        """What the last switch did."""
        return self.switched

    def compare(self):
        """Branch at the last switch, or now; when branches are shown, end them."""
        if self.what_if.runs:
            self.what_if.stop()
            return
        state, changes = self._before or (self.video.state, {})
        self.transport.pause(True)
        self.what_if.start(state, changes)
        self.stage.layout.display = "none"

    def see(self, shot, chunk):
        """Tell of a switch, and let the play head follow."""
        if chunk.switch is not None and chunk.index != self._told:
            self._told = chunk.index
            self.switched = words_of(chunk.switch)
            self.tick()
        if shot.frame == chunk.frame and self.timeline.playing:
            self._follow()

    def close(self):
        """Stop engines, finish a clip, take the widgets away."""
        self.what_if.close()
        super().close()

    @property
    def _chunk_s(self):
        return chunk_frames(self.video) / self.video.fps

    def _relabel(self, controls):
        super()._relabel(controls)
        self.timeline.chunk_s = self._chunk_s

    # ------------------------------------------------------------ switching

    def _on_switch(self, changes):
        self._before = self.video.state, changes
        self.timeline.new_text = texts_of(changes["prompt"])[0]
        self.what_if.replace(**changes)

    def _one(self):
        """Back from the branches to the one stream."""
        self.stage.layout.display = ""
        self.transport.pause(False)

    def _go_on(self, state, recache):
        self.engine.stop()
        self.video.restore(state)
        self.engine.replace(recache=recache, prompt=state.controls.prompt)
        self.knobs.refresh()
        self._before = None
        self._one()
        self.engine.start()

    # ------------------------------------------------------------ timeline

    def _on_timeline(self, timeline):
        if self.timeline.playing:
            self.stream.timeline = timeline

    def _on_play(self, playing):
        if not playing:
            self.stream.stop()
            return
        self.stream.load(self.timeline.timeline)
        self.stream.play()

    def _follow(self):
        player, timeline = self.stream, self.timeline
        told = [*player.timeline.remarks, *player.remarks]
        timeline.remarks = list(dict.fromkeys(told))
        timeline.seek(player.time)
        prompt = in_words(self.video.controls.prompt)
        if prompt != self.knobs.prompt.value:
            self._before = None
            self.knobs.prompt.value = prompt
            self._relabel(self.video.controls)
        if player.over:
            timeline.play(False)
