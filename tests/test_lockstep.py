"""Streams in lockstep: from the same moment, with the same noise, each with its own knob."""

from dataclasses import replace

import numpy as np
import pytest

from playground import Engine
from playground.streams.lockstep import Lockstep
from small_video import frames, small_model, stream

TWO = {"rewritten": {"recache": "longlive"}, "left": {"recache": "stale"}}


@pytest.fixture(scope="module")
def model():
    return small_model()


def halves(picture):
    return np.split(picture, 2, axis=1)


def steps(lockstep, count):
    return [lockstep.step() for _ in range(count)]


def test_each_of_them_is_the_stream_that_one_would_have_had_alone(model):
    video = stream(model, prompt="a duck on the sea")
    frames(video, 5)
    state = video.state
    together = Lockstep(state, TWO)
    together.update(replace(together.controls, prompt="a cat on sand"))
    made = steps(together, 6)
    for place, own in enumerate(TWO.values()):
        alone = stream(model).restore(state)
        alone.update(replace(alone.controls, prompt="a cat on sand", **own))
        pictures = np.stack([halves(step.picture)[place] for step in made])
        np.testing.assert_array_equal(pictures, frames(alone, 2))


def test_without_a_switch_they_are_the_same_and_after_it_they_differ(model):
    video = stream(model, prompt="a duck on the sea")
    frames(video, 5)
    together = Lockstep(video.state, TWO)
    left, right = halves(steps(together, 3)[-1].picture)
    np.testing.assert_array_equal(left, right)
    together.update(replace(together.controls, prompt="a cat on sand"))
    last = steps(together, 3)[-1]
    assert not np.array_equal(*halves(last.picture))
    assert len({chunk.index for chunk in last.details}) == 1 and last.frame == 15 + 5


def test_the_stream_they_come_from_goes_on_undisturbed(model):
    video, other = (stream(model, prompt="a duck on the sea") for _ in range(2))
    frames(video, 3), frames(other, 3)
    steps(Lockstep(video.state, TWO), 6)
    np.testing.assert_array_equal(frames(video, 2), frames(other, 2))


def test_an_engine_drives_them_and_a_reset_goes_back_to_the_moment(model):
    video = stream(model, prompt="a duck on the sea")
    frames(video, 3)
    together = Lockstep(video.state, TWO)
    first = together.step().picture
    together.reset()
    np.testing.assert_array_equal(together.step().picture, first)
    with Engine(together, max_fps=None) as engine:
        engine.replace(prompt="a cat on sand")
        shot = None
        while shot is None or shot.details[0].prompt != "a cat on sand":
            assert engine.error is None
            shot = engine.mailbox.take() or shot
    assert shot.picture.shape == (*together.size, 3) and engine.error is None


def test_how_many_there_may_be_is_said_and_bad_controls_change_nothing(model):
    state = stream(model).state
    with pytest.raises(ValueError, match=r"variants must be 1..4 streams, got 5"):
        Lockstep(state, {str(n): {} for n in range(5)})
    together = Lockstep(state, TWO)
    with pytest.raises(ValueError, match="prompt must have a word"):
        together.update(replace(together.controls, prompt="xyz"))
    assert together.controls.prompt == state.controls.prompt
    assert {s.controls.prompt for s in together.streams.values()} == {state.controls.prompt}
