import threading

import pytest

from playground.frames import Still
from playground.streams.engine import Engine
from tests.engines import FRAME, FakeStream, Knobs, until


@pytest.fixture
def running():
    engine = Engine(FakeStream(), Still(FRAME), max_fps=None)
    with engine:
        yield engine
    assert not engine.alive


def test_a_control_change_acts_from_the_next_step_on(running):
    running.replace(prompt="a cat")
    until(lambda: running.stream.prompts[-1:] == ["a cat"])
    shot = running.mailbox.wait(30)
    until(lambda: (running.mailbox.wait(30) or shot).controls_version == 1)
    assert running.controls.prompt == "a cat"


def test_no_step_ever_sees_half_of_a_change(running):
    seen = set()
    running.stream.step_s = 0
    step = running.stream.step

    def watched(frame, slots=False):
        seen.add((running.stream.controls.prompt, running.stream.controls.speed))
        return step(frame)

    running.stream.step = watched
    for number in range(300):
        running.controls = Knobs(prompt=str(number), speed=float(number))
    until(lambda: ("299", 299.0) in seen)
    assert all(prompt == str(int(speed)) for prompt, speed in seen if prompt != "a fox")


def test_threads_that_change_different_knobs_lose_nothing(running):
    threads = [
        threading.Thread(target=lambda: [running.replace(prompt=str(n)) for n in range(300)]),
        threading.Thread(target=lambda: [running.replace(speed=n) for n in range(300)]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert running.controls == Knobs(prompt="299", speed=299)


@pytest.mark.parametrize(
    ("prompt", "message"), [("forbidden", "must be allowed"), ("crash", "encoder on fire")]
)
def test_a_refused_change_is_told_and_the_stream_goes_on_as_before(running, prompt, message):
    told = []
    running.on_error = told.append
    running.replace(prompt=prompt)
    until(lambda: told)
    steps = len(running.stream.frames)
    until(lambda: len(running.stream.frames) > steps + 3)
    assert message in str(running.error)
    assert len(told) == 1
    assert running.controls.prompt == "a fox"
    running.replace(prompt="a dog")
    until(lambda: running.stream.prompts[-1] == "a dog")
    assert running.error is None


def test_a_change_that_the_controls_refuse_is_raised_at_once(running):
    with pytest.raises(ValueError, match="speed must be >= 0, got -1"):
        running.replace(speed=-1)
    with pytest.raises(ValueError, match="controls must be Knobs, got dict"):
        running.controls = {"prompt": "a cat"}
    assert running.controls == Knobs()
    assert running.alive


def test_while_the_loop_stands_a_refusal_is_raised_at_once():
    engine = Engine(FakeStream())
    with pytest.raises(ValueError, match="must be allowed"):
        engine.replace(prompt="forbidden")
    assert engine.controls == engine.stream.controls == Knobs()
    engine.replace(prompt="a cow")
    assert engine.stream.controls.prompt == "a cow"


def test_one_bad_knob_spoils_no_other(running):
    running.stream.step_s = 0.1
    running.replace(speed=3.0)
    running.replace(prompt="forbidden")  # before the first change was taken
    until(lambda: running.error is not None)
    assert running.controls == running.stream.controls == Knobs(speed=3.0)


def test_a_refusal_is_told_even_while_paused(running):
    running.pause()
    running.replace(prompt="forbidden")
    until(lambda: running.error is not None)
    assert running.controls == Knobs(paused=True)


def test_what_a_stream_can_check_without_changing_is_refused_at_once(running):
    def check(controls):
        if controls.speed > 9:
            raise ValueError(f"speed must be at most 9, got {controls.speed}")

    running.stream.check = check
    with pytest.raises(ValueError, match="speed must be at most 9, got 10"):
        running.replace(speed=10.0)
    assert running.controls == Knobs()
    assert running.error is None


def test_a_knob_set_on_the_stream_itself_is_not_undone_by_the_next_change(running):
    running.stream.update(Knobs(prompt="set behind the back"))
    running.replace(speed=2.0)
    until(lambda: running.stream.controls.speed == 2)
    assert running.controls == Knobs(prompt="set behind the back", speed=2.0)
