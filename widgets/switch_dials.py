"""The knobs of the prompt-switch app: when new words act, and what they do to the past.

Names are for people; whose method it is stands in the words below the menu.
"""

from playground.streams.transition import Transition

from .dials import Dial
from .video_dials import MORE as VIDEO_MORE
from .video_dials import NEAR as VIDEO_NEAR
from .video_dials import VideoDialling

BLEND_CHUNKS = 4
STRATEGIES = (
    ("longlive", "rewritten", "KV re-cache (LongLive): the window once more under the new words"),
    ("longlive_sink", "rewritten, beginning too", "KV re-cache with a sink of its own (LongLive)"),
    ("causal", "rewritten, chunk by chunk", "block-causal recompute (Krea): as the stream made it"),
    ("anchor", "rewritten, with an anchor", "Anchor Forcing: the first new chunk stays beside the sink"),
    ("flush", "forgotten", "KV flush (Infinity-RoPE): sink and last frame stay, nothing is rewritten"),
    ("stale", "left as it is", "no re-cache: the past keeps the old words"),
)  # fmt: skip
LABELS = {name: label for name, label, _ in STRATEGIES}

NEAR = (
    Dial(
        name="when",
        label="new words act",
        kind="choice",
        value="next",
        options=(("now", "at once"), ("next", "next chunk"), ("blend", "slowly")),
        tip="At once: what is left of the present chunk is thrown away. Next chunk: it is shown first. "
        "Slowly: old and new words are mixed over some chunks.",
    ),
    Dial(
        name="over",
        label="slowly: over so many chunks",
        value=BLEND_CHUNKS,
        low=2,
        high=12,
        step=1,
        tip="Length of the soft transition, in chunks. Used when new words act slowly.",
    ),
    Dial(
        name="recache",
        label="the past is",
        kind="menu",
        value="longlive",
        options=STRATEGIES,
        tip="Re-cache strategy: what a new prompt does to the keys and values of the past.",
    ),
    *[dial for dial in VIDEO_NEAR if dial.name == "seed"],
)
MORE = (
    *[dial for dial in VIDEO_NEAR if dial.name in ("steps", "text_guidance")],
    *[dial for dial in VIDEO_MORE if dial.name != "recache"],
)


class SwitchDialling(VideoDialling):
    """The dials of every video, and `when` and `over`, which say how the next words come in."""

    def __init__(self, steps, chunk):
        super().__init__(steps, chunk)
        self.when, self.over = "next", BLEND_CHUNKS

    def shown(self, controls):
        """What the dials show for `controls`."""
        return {**super().shown(controls), "when": self.when, "over": self.over}

    def turned(self, controls, name, value):
        """The controls after dial `name` was turned to `value`."""
        if name in ("when", "over"):
            setattr(self, name, value)
            return controls
        return super().turned(controls, name, value)

    @property
    def transition(self):
        """How new words come in; None = with one chunk."""
        return Transition(chunks=int(self.over)) if self.when == "blend" else None
