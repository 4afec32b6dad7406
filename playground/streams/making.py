"""The constants of one chunk of video: model, knobs, memory policy."""

from dataclasses import dataclass

from playground.memory.policies import Policy, policy
from playground.models.key_values import Context
from playground.models.video_model import VideoModel
from playground.streams.mixed_prompts import context_of
from playground.streams.transition import heard_next
from playground.streams.video_controls import VideoControls


@dataclass(frozen=True, kw_only=True, slots=True)
class Making:
    """What holds for one whole chunk, read once at its beginning."""

    model: VideoModel
    controls: VideoControls
    policy: Policy

    @classmethod
    def of(cls, model: VideoModel, controls: VideoControls) -> "Making":
        """Raises ValueError for a policy or sizes that do not exist."""
        chunk = controls.chunk or model.settings.chunk
        chosen = policy(controls.policy, chunk=chunk, **dict(controls.sizes))
        return cls(model=model, controls=controls, policy=chosen)

    @property
    def context(self) -> Context:
        """Of the prompt, when it has come in."""
        return context_of(
            self.model, heard_next(None, self.controls.prompt, self.controls.transition)
        )
