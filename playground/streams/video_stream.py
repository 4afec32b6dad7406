"""The video stream: frames for ever, chunk by chunk, every knob live.

    video = VideoStream.load("tiny", policy="motionstream", seed=0)
    video.prompt = "a duck on the sea"   # or (("a fox on snow", 0.7), ("a cat on snow", 0.3))
    video.tracks = Tracks.from_strokes([[(10, 40), (50, 20)]], fps=video.fps)
    chunk = next(video)                  # chunk.frames uint8 [T, H, W, 3]

A facade: it keeps the current `Flight` and calls the pure functions below it (`video_making`). Controls
act from the next chunk on; time and memory of a chunk do not grow with the stream's age, except under
the policy "everything". `step` gives single frames, as an `Engine` wants them: Engine(video,
max_fps=video.fps). One thread at a time may make chunks, one (the same or another) may set knobs.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, no_type_check

import torch

from playground.conditioning.tracks import Tracks
from playground.models.published_video import Wishes
from playground.models.video_model import VideoModel
from playground.streams.first_picture import flight_from
from playground.streams.making import Making
from playground.streams.stopwatch import Stopwatch, waits_for
from playground.streams.video_controls import VideoControls
from playground.streams.video_knobs import VideoKnobs
from playground.streams.video_making import made
from playground.streams.video_values import Chunk, Flight, VideoSnapshot, VideoStep
from playground.streams.weighted_prompts import Prompt, texts_of

WISHES = set(Wishes.__dataclass_fields__)


class _Restore:
    """`video.restore(state)` goes back; `VideoStream.restore(state)` makes another stream from there."""

    def __get__(self, stream: Any, kind: type) -> Any:
        return partial(_branched, kind) if stream is None else stream._go_back


class VideoStream(VideoKnobs):
    """Streams video through one model; see `VideoControls` for the knobs and their ranges."""

    __slots__ = ("_controls", "_cuts_short", "_flight", "_wait", "journal", "model")

    restore = _Restore()

    @no_type_check  # public entries check in words
    def __init__(self, model: VideoModel, controls: VideoControls | None = None) -> None:
        self.model, self._flight = model, Flight()
        self.journal: Any = None  # writes every chunk down, see `Recording.start`
        self._wait = waits_for(model.device)
        self._cuts_short = False
        controls = controls or VideoControls(**model.settings.knobs())
        self.check(controls)
        self._controls = controls

    @classmethod
    @no_type_check
    def load(
        cls,
        source: str | Path | VideoModel = "tiny",
        *,
        device: str | torch.device | None = None,
        runtime: str = "auto",
        **knobs: Any,
    ) -> "VideoStream":
        """A stream of "tiny", a recipe, a folder, a file or a `VideoModel`.

        Further names are knobs of `VideoControls` and, for published weights, how they are kept: weights,
        decoder, offload, size, parts, lora, keep_text_encoder.
        """
        wishes = {name: knobs.pop(name) for name in WISHES & set(knobs)}
        VideoControls(**knobs)  # refuses what is wrong before weights are read
        model = source
        if not isinstance(source, VideoModel):
            model = VideoModel.load(source, device=device, runtime=runtime, **wishes)
        return cls(model, VideoControls(**model.settings.knobs(**knobs)))

    # ------------------------------------------------------------ knobs

    @property
    def controls(self) -> VideoControls:
        """All live knobs in one immutable value."""
        return self._controls

    @no_type_check
    def check(self, controls: VideoControls) -> None:
        """Raise ValueError for controls that this stream would refuse; changes nothing."""
        if not isinstance(controls, VideoControls):
            raise ValueError(f"controls must be VideoControls, got {type(controls).__name__}")
        Making.of(self.model, controls)
        for text in texts_of(controls.prompt):
            self.model.check_prompt(text)
        self._check_tracks(controls.tracks)

    @no_type_check
    def update(self, controls: VideoControls) -> None:
        """Take other controls from the next chunk on; on an error the old ones stay."""
        cuts_short, self._cuts_short = self._cuts_short, False
        if controls is not self._controls:
            self.check(controls)
            self._controls = controls
        if cuts_short and self._flight.chunk is not None:
            self._flight = replace(self._flight, shown=len(self._flight.chunk.frames))

    def cut_short(self) -> None:
        """The next controls that come act at once: what is left of the present chunk is not given.

        May be called from any thread; the frames stay in the cache, and a replay makes the same chunks.
        """
        self._cuts_short = True

    def _check_tracks(self, tracks: Any) -> None:
        if tracks is not None and not self.model.transformer.config.track_dim:
            raise ValueError("tracks must be None for a model without a track input, got some")
        if not isinstance(tracks, Tracks):
            return
        for name, ours in (("fps", self.fps), ("size", self.size)):
            theirs = getattr(tracks, name)
            if theirs != ours:
                raise ValueError(
                    f"tracks must have the stream's {name} {ours}, got {theirs}; "
                    "use tracks.resample(fps=video.fps, size=video.size)"
                )

    # ------------------------------------------------------------ what it is

    @property
    def fps(self) -> float | int:
        """Frames a second that the model was trained at."""
        return self.model.settings.fps

    @property
    def size(self) -> tuple[int, int]:
        """Pixels (H, W) of a frame."""
        return self.model.size

    @property
    def frame(self) -> int:
        """Number of the first frame of the next chunk."""
        return self.model.first_frame(self._flight.rollout.frame)

    @no_type_check
    def unknown_words(self, prompt: Prompt) -> tuple[str, ...]:
        """Words of `prompt` that the model was not trained on."""
        return self.model.unknown_words(" ".join(texts_of(prompt)))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know about the present prompt."""
        unknown = ", ".join(self.unknown_words(self.prompt))
        return (f"words this model does not know: {unknown}",) if unknown else ()

    # ------------------------------------------------------------ streaming

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        """The next chunk; frames of the last one that `step` has not given yet are left out."""
        chunk = self._make()
        self._flight = replace(self._flight, shown=len(chunk.frames))
        return chunk

    def step(self, frame: None = None, *, slots: bool = False) -> VideoStep:
        """The next frame; makes a new chunk when the last one is used up.

        There is no input frame. `slots` = look inside: chunks then tell their attention shares.
        """
        if not self._flight.has_frames_left:
            self._make(attention=slots)
        flight = self._flight
        self._flight = replace(flight, shown=flight.shown + 1)
        return VideoStep(chunk=flight.chunk, place=flight.shown)

    @torch.inference_mode()
    def _make(self, *, attention: bool = False) -> Chunk:
        controls, journal = self._controls, self.journal
        if journal is None:
            return self._made(controls, attention)
        with journal.step(controls):
            return self._made(journal.listening(controls), attention)

    def _made(self, controls: VideoControls, attention: bool) -> Chunk:
        making = Making.of(self.model, controls)
        watch = Stopwatch(self._wait)
        self._flight = made(self._flight, making, watch, attention=attention)
        return self._flight.chunk

    @property
    def state(self) -> VideoSnapshot:
        """Everything that the next chunks depend on; cheap, shares memory with the stream."""
        return VideoSnapshot(model=self.model, controls=self._controls, flight=self._flight)

    @no_type_check
    def _go_back(self, state: VideoSnapshot) -> "VideoStream":
        """To a snapshot of a stream of the same model; gives itself."""
        _check_snapshot(state)
        if state.model is not self.model:
            raise ValueError(
                "state must be of a stream of the same model, got another; "
                "use VideoStream.restore(state) for a stream of its own"
            )
        self._controls, self._flight = state.controls, state.flight
        if self.journal is not None:
            self.journal.went_back()
        return self

    @property
    def is_at_its_beginning(self) -> bool:
        """Whether it has made nothing yet, or was reset."""
        return self._flight.chunk is None

    @no_type_check
    def start_from(self, picture: Any) -> None:
        """Start again at frame 0 with this picture as the first one; anything that is a picture goes."""
        if self.journal is not None and self.journal.is_open:
            raise ValueError(
                "start_from must wait until the recording is over: it would not be in the recording"
            )
        self._flight = flight_from(self.model, picture)

    def reset(self) -> None:
        """Start again at frame 0 with an empty cache; the controls stay."""
        self._flight = Flight()
        if self.journal is not None:
            self.journal.reset()


@no_type_check
def _branched(kind: type[VideoStream], state: VideoSnapshot) -> VideoStream:
    """A stream of its own that goes on from a snapshot."""
    _check_snapshot(state)
    return kind(state.model, state.controls).restore(state)


@no_type_check
def _check_snapshot(state: Any) -> None:
    if not isinstance(state, VideoSnapshot):
        raise ValueError(f"state must come from `video.state`, got {type(state).__name__}")
