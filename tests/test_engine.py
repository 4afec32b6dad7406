import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from playground.frames import Drawing, Noise, Still
from playground.streams.engine import Engine
from tests.engines import FRAME, FakeStream, flat, until


@pytest.fixture
def running():
    engine = Engine(FakeStream(), Still(FRAME), max_fps=None)
    with engine:
        yield engine
    assert not engine.alive


def test_pictures_come_out_in_order_and_stopping_joins():
    before = threading.active_count()
    engine = Engine(FakeStream(), Still(flat(7)))
    engine.start()
    shots = [engine.mailbox.wait(30) for _ in range(3)]
    engine.stop()
    assert [shot.index for shot in shots] == sorted({shot.index for shot in shots})
    np.testing.assert_array_equal(shots[0].picture, flat(7))
    assert not engine.alive
    assert threading.active_count() == before


def test_starting_twice_makes_one_loop_and_stopping_twice_is_quiet(running):
    running.start()
    until(lambda: len(running.stream.frames) > 3)
    running.stop()
    running.stop()
    assert len(running.stream.threads) == 1


def test_a_stopped_loop_starts_again(running):
    running.stop()
    steps = len(running.stream.frames)
    running.start()
    until(lambda: len(running.stream.frames) > steps)


def test_without_a_source_the_stream_is_asked_for_pictures_from_nothing():
    stream = FakeStream()
    with Engine(stream):
        until(lambda: len(stream.frames) > 2)
    assert stream.frames == [None] * len(stream.frames)


def test_a_source_without_a_frame_yet_waits_for_the_first_stroke():
    drawing = Drawing()
    with Engine(FakeStream(), drawing) as engine:
        assert engine.mailbox.wait(0.1) is None
        drawing.put(flat(9))
        np.testing.assert_array_equal(engine.mailbox.wait(30).picture, flat(9))


def test_an_exception_in_a_step_reaches_the_viewer_and_the_loop_can_be_restarted(running):
    told = []
    running.on_error = lambda error: told.append((error, running.alive))
    running.replace(prompt="explode")
    until(lambda: told)
    assert isinstance(running.error, ArithmeticError)
    assert told == [(running.error, False)]
    running.replace(prompt="a tree")
    running.restart()
    until(lambda: running.stream.prompts[-1] == "a tree")
    assert running.error is None
    assert running.stream.resets == 1


def test_a_failing_error_callback_does_not_hide_the_error(running, caplog):
    def fail(error):
        raise KeyError("widget is gone")

    running.on_error = fail
    running.replace(prompt="explode")
    until(lambda: not running.alive)
    assert isinstance(running.error, ArithmeticError)
    until(lambda: "on_error failed" in caplog.text)


def test_a_failing_mailbox_callback_is_reported():
    engine = Engine(FakeStream(), Still(FRAME))
    engine.mailbox.on_put = lambda: 1 / 0
    with engine:
        until(lambda: not engine.alive)
    assert isinstance(engine.error, ZeroDivisionError)


def test_pausing_holds_the_loop_and_stepping_moves_it_by_one(running):
    running.pause()
    until(lambda: running.stream.controls.paused)
    steps = len(running.stream.frames)
    time.sleep(0.1)
    assert len(running.stream.frames) == steps
    running.step_once()
    running.step_once()
    until(lambda: len(running.stream.frames) == steps + 2)
    time.sleep(0.1)
    assert len(running.stream.frames) == steps + 2
    running.resume()
    until(lambda: len(running.stream.frames) > steps + 4)


def test_stepping_a_running_loop_pauses_it(running):
    running.step_once()
    until(lambda: running.stream.controls.paused)
    time.sleep(0.3)
    steps = len(running.stream.frames)
    time.sleep(0.1)
    assert len(running.stream.frames) == steps


def test_stopping_wakes_a_loop_that_waits():
    engine = Engine(FakeStream(), Still(FRAME), max_fps=0.01)
    engine.start()
    until(lambda: engine.stream.frames)
    began = time.perf_counter()
    engine.stop()
    assert time.perf_counter() - began < 20


def test_max_fps_limits_the_rate():
    engine = Engine(FakeStream(step_s=0), Still(FRAME), max_fps=50)
    began = time.perf_counter()
    with engine:
        time.sleep(0.5)
    most = 50 * (time.perf_counter() - began) + 2
    assert 1 < len(engine.stream.frames) <= most


def test_dropped_pictures_are_counted(running):
    until(lambda: running.meter.snapshot()["dropped"] > 3)
    assert running.meter.snapshot()["pictures"] >= running.mailbox.dropped


@pytest.mark.parametrize("max_fps", [0, -1, float("nan")])
def test_a_rate_of_nothing_is_refused(max_fps):
    with pytest.raises(ValueError, match="max_fps must be above 0, or None"):
        Engine(FakeStream(), max_fps=max_fps)


def test_the_loop_costs_little_beside_the_stream():
    stream, spent = FakeStream(step_s=0), []
    step = stream.step

    def watched(frame):
        spent.append(time.thread_time())  # of the worker's own thread, whatever else runs here
        return step(frame)

    stream.step = watched
    with Engine(stream, Noise((8, 8)), max_fps=None):
        until(lambda: len(spent) > 100)
    assert (spent[100] - spent[0]) / 100 < 2e-3  # type checks of the test run included


@pytest.mark.parametrize("last_words", ["", "raise SystemExit(0)"], ids=["end", "exit"])
def test_nothing_is_left_running_when_the_program_ends_without_stopping(last_words):
    program = textwrap.dedent(
        f"""
        import time
        from playground.streams.engine import Engine
        from tests.engines import FakeStream
        engine = Engine(FakeStream())
        engine.start()
        time.sleep(0.1)
        assert engine.alive
        print("ends")
        {last_words}
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "ends", "")


def test_importing_the_engine_loads_no_network_library():
    program = (
        "import sys, playground.streams.engine\n"
        "print([name for name in ('torch', 'diffusers', 'openvino') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_viewer_may_restart_the_loop_from_the_error_callback():
    engine = Engine(FakeStream(), Still(FRAME))
    threads = engine.stream.threads

    def again(error):
        engine.replace(prompt="a tree")
        engine.restart()

    engine.on_error = again
    with engine:
        engine.replace(prompt="explode")
        until(lambda: engine.stream.prompts[-1:] == ["a tree"])
        assert engine.alive
    until(lambda: not any(thread.is_alive() for thread in threads))
