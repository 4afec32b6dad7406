"""Records what a stream gives under a script, and compares a replay with it."""

import numpy as np

from engines import until
from playground import Recording, Tracks
from small_video import SIZE, path


def recorded(stream, file, script):
    """What the stream gave; before step k the script does what it holds for k."""
    made = []
    with Recording.start(stream, file):
        for doing in script:
            made.append(doing(stream))
    return made, Recording.load(file)


def chunk(**knobs):
    def step(video):
        for name, value in knobs.items():
            setattr(video, name, value)
        return next(video).frames

    return step


def picture(frame, **knobs):
    def step(image):
        for name, value in knobs.items():
            setattr(image, name, value)
        return image(frame)

    return step


def replay_of(recording, model, **overrides):
    for made in recording.replay(model, **overrides):
        yield getattr(made, "frames", made)


def assert_same(first, second):
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def more(seen, count):
    """Wait until so many others were seen."""
    before = len(seen)
    until(lambda: len(seen) > before + count)


STORY = [
    chunk(),
    chunk(prompt="a cat on the beach", text_guidance=1.5),
    chunk(seed=7, tracks=path((2, 3), (12.3, 9.7))),
    chunk(),
    chunk(policy="longlive", sizes={"window": 9}, recache="stale"),
    chunk(prompt="a fox on snow", steps=1, tracks=None),
    chunk(steps=None, recache="longlive", prompt="a duck on the sea"),
    chunk(tracks=Tracks.pins([(5, 5), (9, 2)], size=SIZE) | path((1, 1), (8, 8))),
    chunk(motion_guidance=2.0),
]
