import dataclasses
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from playground.frames import Drawing, Look, Still
from playground.streams.engine import Engine
from playground.streams.shots import Answers
from tests.engines import FRAME, FakeStream, flat, until


@pytest.fixture
def running():
    engine = Engine(FakeStream(), Still(FRAME), max_fps=None)
    with engine:
        yield engine
    assert not engine.alive


def test_the_newest_frame_is_used_and_frames_in_between_are_not_queued():
    drawing, stream = Drawing(), FakeStream()
    inside, go, step = threading.Event(), threading.Event(), stream.step

    def held(frame):
        inside.set()
        assert go.wait(30)
        return step(frame)

    stream.step = held
    drawing.put(flat(0))
    with Engine(stream, drawing):
        assert inside.wait(30)
        for level in range(1, 200):
            drawing.put(flat(level))
        go.set()
        until(lambda: len(stream.frames) > 2)
    assert [int(frame[0, 0, 0]) for frame in stream.frames[:3]] == [0, 199, 199]


def test_frames_reach_the_stream_in_its_size_checked_once_a_frame(running):
    big = np.full((40, 20, 3), 5, np.uint8)
    running.source = Still(big)
    until(lambda: [int(frame[0, 0, 0]) for frame in running.stream.frames[-2:]] == [5, 5])
    assert running.stream.frames[-1] is running.stream.frames[-2]
    assert running.stream.frames[-1].shape == (8, 8, 3)


def test_a_bad_frame_is_reported_once_and_the_last_good_one_stays():
    told = []
    frames = [flat(1)]
    source = SimpleNamespace(latest=lambda: frames[-1])
    stream = FakeStream()
    with Engine(stream, source, on_error=told.append) as engine:
        until(lambda: len(stream.frames) > 2)
        frames.append(np.full((8, 8, 3), np.nan))
        until(lambda: told)
        steps = len(stream.frames)
        until(lambda: len(stream.frames) > steps + 3)
        assert engine.alive
        assert "the source's frame must hold finite numbers" in str(engine.error)
        frames.append(flat(2))
        until(lambda: engine.error is None)
    assert len(told) == 1
    assert {int(frame[0, 0, 0]) for frame in stream.frames} == {1, 2}


def test_slots_travel_with_the_picture_only_when_somebody_looks(running):
    assert running.mailbox.wait(30).slots is None
    running.show_slots = True
    until(lambda: (shot := running.mailbox.wait(30)) is not None and shot.slots is not None)


def test_a_picture_says_which_change_it_is_the_first_to_answer():
    drawing = Drawing()
    drawing.put(flat(1))
    stream = FakeStream(lag=2)
    shots = []
    with Engine(stream, drawing, max_fps=None) as engine:
        engine.mailbox.on_put = lambda: shots.append(engine.mailbox.take())
        until(lambda: len(shots) > 3)
        drawing.put(flat(2))
        born = drawing.look().born
        until(lambda: shots[-1].picture[0, 0, 0] == 2)
    answer = next(shot for shot in shots if shot.picture[0, 0, 0] == 2)
    assert (answer.first, answer.born) == (True, born)
    assert [shot.born == born for shot in shots] == [shot.index >= answer.index for shot in shots]
    assert sum(shot.first for shot in shots) == 2


def test_latency_counts_from_the_stroke_to_its_picture_and_leaves_pauses_out():
    drawing = Drawing()
    drawing.put(flat(1))
    time.sleep(0.2)  # an old picture is no late one
    with Engine(FakeStream(lag=2, step_s=0.01), drawing, max_fps=None) as engine:
        until(lambda: engine.meter.snapshot()["latency_p50_ms"])
        engine.pause()
        time.sleep(0.1)
        drawing.put(flat(2))
        time.sleep(0.6)
        engine.resume()
        until(lambda: engine.stream.frames[-3][0, 0, 0] == 2)
        worst = engine.meter.snapshot()["latency_p95_ms"]
    assert 10 <= worst < 550


def test_shots_cannot_be_changed_by_a_viewer(running):
    shot = running.mailbox.wait(30)
    with pytest.raises(dataclasses.FrozenInstanceError):
        shot.index = 0


def test_a_stream_of_several_frames_a_step_gets_the_last_ones_and_shows_the_newest():
    class Buffered(FakeStream):
        frame_buffer = 3

        def step(self, frame, slots=False):
            assert [one.shape for one in frame] == [(8, 8, 3)] * 3
            return super().step(np.stack(frame))

    frames = iter(range(1, 255))
    source = SimpleNamespace(latest=lambda: flat(next(frames)))
    engine = Engine(Buffered(step_s=0.01), source)
    with engine:
        until(lambda: len(engine.stream.frames) > 3)
        shot = engine.mailbox.wait(30)
    levels = [[int(one[0, 0, 0]) for one in buffer] for buffer in engine.stream.frames[:4]]
    assert levels == [[1, 1, 1], [1, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert shot.picture.shape == (8, 8, 3)


def test_a_change_of_source_is_answered_by_its_own_first_frame():
    answers, old, new = Answers(), Look(FRAME, 7, 1.0), Look(FRAME, 1, 2.0)
    answers.entered(old)
    assert answers.to_picture(0, 0, 0.0) == [1.0]
    answers.entered(new)  # the new source counts from one again
    assert answers.to_picture(0, 0, 0.0) == [2.0]
    assert answers.born == 2.0


def test_nothing_is_answered_twice_and_memory_stays_bounded():
    answers, look = Answers(), Look(FRAME, 1, 1.0)
    answered = []
    for _ in range(1000):
        answers.entered(look)
        answered += answers.to_picture(2, 0, 0.0)
    assert answered == [1.0]
    assert len(answers._in_flight) <= 64


def test_a_longer_way_through_the_slots_is_waited_for():
    answers = Answers()
    looks = [Look(FRAME, number, float(number)) for number in range(1, 5)]
    answers.entered(looks[0])
    assert answers.to_picture(1, 0, 0.0) == []
    answers.entered(looks[1])
    assert answers.to_picture(1, 0, 0.0) == [1.0]
    answers.entered(looks[2])
    assert answers.to_picture(2, 0, 0.0) == []  # a step more: the frame shown stays
    answers.entered(looks[3])
    assert answers.to_picture(2, 0, 0.0) == [2.0]
