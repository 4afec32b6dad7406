"""Every knob of `VideoControls` as an attribute of a stream: read it, set it, the next chunk follows."""

from typing import Any

from playground.streams import serving
from playground.streams.knobs import knob
from playground.streams.video_controls import VideoControls


class VideoKnobs:
    """Attributes that forward to `self.controls` and `self.update`; ranges as in `VideoControls`."""

    __slots__ = ()

    controls: VideoControls
    model: Any

    prompt = knob("prompt", "What to show, from the next chunk on.")
    tracks = knob("tracks", "Where things shall go: Tracks, something live, or None.")
    steps = knob("steps", "Denoising passes a chunk, 1..4; None = as trained.")
    policy = knob("policy", "What stays in the cache: a name in memory.policies.")
    sizes = knob("sizes", "Sizes of the policy, such as {'sink_chunks': 0}; () = its own.")
    chunk = knob("chunk", "Latent frames made at once; None = as trained.")
    recache = knob("recache", "What a new prompt does to the past: a name in memory.switching.")
    resink = knob("resink", "Whether a grab or a release makes the newest chunk the sink.")
    camera_memory = knob("camera_memory", "Whether the sink is moved along with the camera.")
    emphasis = knob("emphasis", "Whether new words are stressed until what they say is there.")
    transition = knob(
        "transition", "Transition(chunks=4): new words come in softly; None = at once."
    )
    text_guidance = knob("text_guidance", "Weight of the text, 0..10; 0 = off.")
    motion_guidance = knob("motion_guidance", "Weight of the tracks, 0..10; 0 = off.")
    seed = knob("seed", "Seed of all noise.")

    @property
    def cannot(self) -> dict[str, str]:
        """Knobs that this model cannot serve, each with the reason in words."""
        return serving.of_video(self.model)

    def update(self, controls: Any) -> None:
        """Take other controls; every stream says how."""
        raise NotImplementedError
