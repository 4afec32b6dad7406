"""Which knobs the video stream has, what they are called, and what turning one does to the controls.

Names are for people; the paper's symbol is in the tooltip. Sink and window are counted in chunks for
every memory policy, and translated here into the sizes that each policy knows.
"""

from dataclasses import replace

from .dials import Dial

NEAR = (
    Dial(
        name="steps",
        label="denoising steps",
        kind="choice",
        value=2,
        options=(1, 2, 3, 4),
        tip="How many times noise is taken away from a chunk. More is cleaner and slower.",
    ),
    Dial(
        name="text_guidance",
        label="how much words count",
        high=6.0,
        step=0.1,
        off=0.0,
        tip="Text guidance w_t of the joint guidance. Above 0 the network is asked up to three times. 0 = off.",
    ),
    Dial(
        name="motion_guidance",
        label="how much paths count",
        high=6.0,
        step=0.1,
        off=0.0,
        tip="Motion guidance w_m of the joint guidance. Above 0 the network is asked up to three times. 0 = off.",
    ),
    Dial(
        name="seed",
        label="dice",
        kind="seed",
        value=0,
        high=2**32 - 1,
        tip="Seed of the noise; another one starts another video. The same seed, words and paths: the same frames.",
    ),
)

MORE = (
    Dial(
        name="policy",
        label="what it remembers",
        kind="choice",
        value="motionstream",
        options=(
            ("motionstream", "MotionStream"),
            ("longlive", "LongLive"),
            ("sink_window", "sink + window"),
            ("sliding", "window"),
            ("everything", "everything"),
        ),
        tip="Memory policy of the KV cache. MotionStream: sink and window, positions by place; LongLive: absolute "
        "positions, the window is rewritten on a new prompt; sink + window: StreamingLLM; window: the newest "
        "frames alone; everything: slower with every chunk.",
    ),
    Dial(
        name="sink",
        label="first chunks that stay (sink)",
        kind="choice",
        value=1,
        options=((0, "off"), 1, 2, 3),
        tip="Attention sink s: the first chunks, kept for ever. Off: the stream forgets how it began and drifts.",
    ),
    Dial(
        name="window",
        label="last chunks that stay (window)",
        kind="choice",
        value=1,
        options=(1, 2, 3, 6),
        tip="Window w: the newest chunks that the next one sees, besides the sink.",
    ),
    Dial(
        name="chunk",
        label="frames made at once",
        kind="choice",
        value=3,
        options=(1, 2, 3, 4, 6),
        tip="Chunk size c. A larger chunk answers later. The model was trained with 3.",
    ),
    Dial(
        name="recache",
        label="on new words, the past is",
        kind="choice",
        value="longlive",
        options=(("longlive", "rewritten"), ("stale", "left as it is")),
        tip="Re-cache: after a new prompt the keys and values of the window are computed again under it (LongLive).",
    ),
    Dial(
        name="emphasis",
        label="new words are stressed",
        kind="toggle",
        value=True,
        tip="Until what new words say is there, the next chunks are made with guidance w_t from the old words to the new; "
        "then the newest chunk becomes the sink. Off: the sink s goes on showing what was before and may hold on to it.",
    ),
    Dial(
        name="resink",
        label="a grab or a release begins anew",
        kind="toggle",
        value=True,
        tip="Where a thing is grabbed or let go, the newest chunk becomes the sink. Off: the sink s goes on showing "
        "the thing where it stood at first, and pulls it back there.",
    ),
    Dial(
        name="camera_memory",
        label="the memory goes with the camera",
        kind="toggle",
        value=True,
        tip="While the camera moves, the sink s is moved along and written anew. Off: the network is told the points "
        "of the scene and must find out itself; zooms then do nothing, and things may dissolve.",
    ),
)


def sizes_for(policy, sink, window, chunk):
    """The sizes of a policy that keeps `sink` and `window` chunks of `chunk` frames."""
    if policy == "motionstream":
        return {"sink_chunks": sink, "window_chunks": window}
    if policy == "sliding":
        return {"window": (window + 1) * chunk}
    if policy in ("sink_window", "longlive"):
        return {"sink": sink * chunk, "window": (sink + window + 1) * chunk}
    return {}


def chunks_kept(policy, sizes, chunk):
    """(sink, window) in chunks, as the dials show them."""
    sizes = dict(sizes)
    if policy == "motionstream":
        return sizes.get("sink_chunks", 1), sizes.get("window_chunks", 1)
    sink = sizes.get("sink", 0 if policy in ("sliding", "everything") else 3) // chunk
    window = sizes.get("window", 12) // chunk - 1
    return sink, max(1, window - sink)


class VideoDialling:
    """What the dials show and do, for a model with `steps` and `chunk` of its own."""

    def __init__(self, steps, chunk):
        self.steps, self.chunk = steps, chunk

    def shown(self, controls):
        """What the dials show for `controls`."""
        chunk = controls.chunk or self.chunk
        sink, window = chunks_kept(controls.policy, controls.sizes, chunk)
        return {
            "steps": controls.steps or self.steps,
            "text_guidance": controls.text_guidance,
            "motion_guidance": controls.motion_guidance,
            "policy": controls.policy,
            "sink": sink,
            "window": window,
            "chunk": chunk,
            "recache": controls.recache,
            "emphasis": controls.emphasis,
            "resink": controls.resink,
            "camera_memory": controls.camera_memory,
            "seed": controls.seed,
        }

    def turned(self, controls, name, value):
        """The controls after dial `name` was turned to `value`."""
        if name not in ("policy", "sink", "window", "chunk"):
            return replace(controls, **{name: value})
        now = {**self.shown(controls), name: value}
        sizes = sizes_for(now["policy"], now["sink"], now["window"], now["chunk"])
        return replace(controls, policy=now["policy"], chunk=now["chunk"], sizes=sizes)
