"""The prompt line and the dials of the video app, wired to one engine."""

from playground.world.clips import VIDEO_OBJECTS, VIDEO_SCENES

from .app_knobs import AppKnobs
from .video_dials import MORE, NEAR, VideoDialling

IDEAS = (
    "a duck on the sea",
    "a fox in the snow",
    "a rocket at night",
    "a butterfly on grass",
    "a robot at sunset",
)


class VideoKnobs(AppKnobs):
    """Another seed is another video: `on_other_seed()` starts it."""

    def __init__(self, engine, settings, *, on_other_seed, **more):
        self._on_other_seed = on_other_seed
        dialling = VideoDialling(len(settings.timesteps), settings.chunk)
        super().__init__(
            engine, NEAR, MORE, shown=dialling.shown, turned=dialling.turned, ideas=IDEAS, **more
        )

    def _on_dial(self, name, value):
        super()._on_dial(name, value)
        if name == "seed":
            self._on_other_seed()


def vocabulary_of(words):
    """The flat word list of a video model in the groups that the prompt box shows."""
    known = set(words)
    if not known:
        return None  # the model reads any text
    return {
        "objects": [word for word in VIDEO_OBJECTS if word in known],
        "backgrounds": [word for word in VIDEO_SCENES if word in known],
        "colours": [],
        "words": list(words),
    }
