"""The video app without a browser: hands reach the stream, nothing is swallowed, nothing stays."""

import numpy as np
import pytest

from fake_video import FakeVideo
from video_apps import engines, wait_until, watched
from widgets.video_app import VideoApp


@pytest.fixture
def app(tmp_path):
    with VideoApp(stream=FakeVideo(work_s=0.002), folder=tmp_path) as app:
        yield watched(app)


def test_frames_come_without_doing_anything(app):
    wait_until(lambda: app.view.sender.sent > 6)
    assert app.engine.error is None and app.engine.controls.tracks is app.live
    wait_until(lambda: len(app.cache.cells) == 9)


def test_a_grabbed_thing_goes_with_the_hand_and_stays_when_let_go(app):
    wait_until(lambda: app.view.sender.sent > 1)
    app.pad.grab(0, (32, 40))
    app.pad.move(0, (50, 20))
    wait_until(lambda: np.allclose(app.stream.ball, (50, 20)))
    app.pad.release(0)
    wait_until(lambda: not app.live.snapshot().grabs)
    frame = app.stream.frame
    wait_until(lambda: app.stream.frame > frame + 6)
    np.testing.assert_allclose(app.stream.ball, (50, 20))


def test_trails_tell_what_was_asked_and_where_it_is(app):
    seen = []
    app.trails.on_trails = lambda *lines: seen.append(lines)
    app.pad.grab(0, (32, 40))
    for x in range(33, 46, 2):
        app.pad.move(0, (x, 40))
        wait_until(lambda x=x: seen and seen[-1][0] and seen[-1][0][0][-1][0] == x)
    assert abs(seen[-1][1][0][-1][0] - 45) < 2
    app.pad.release(0)
    wait_until(lambda: seen[-1] == ([], []))


def test_prompt_paths_and_pins_survive_a_failure(app):
    wait_until(lambda: app.view.sender.sent > 1)
    app.set_prompt("a fox on the snow")
    app.pad.draw([(5, 5), (20, 9)])
    app.pad.pin((9, 9))
    app.stream.fail_with = RuntimeError("planted")
    wait_until(lambda: app.status.kind == "error" and app.status.action == "start again")
    assert "planted" in app.status.message
    app.status._handle_custom_msg({"kind": "action"}, [])
    wait_until(lambda: app.stream.frame > 3 and app.engine.alive)
    assert app.stream.controls.prompt == "a fox on the snow"
    assert len(app.pad.plan.paths) == len(app.pad.plan.pins) == 1
    assert len(app.live.snapshot().grabs) == 1


def test_another_seed_starts_another_video(app):
    wait_until(lambda: app.stream.frame > 9)
    app.knobs.throw_dice()
    wait_until(lambda: app.stream.frame <= 9)
    assert app.stream.controls.seed == app.knobs.near.values["seed"]


def test_what_the_stream_refuses_is_said_and_the_dial_goes_back(app):
    app.knobs.near._handle_custom_msg({"kind": "dial", "name": "seed", "value": 666}, [])
    wait_until(lambda: "seed must not be 666" in app.status.message)
    assert app.knobs.near.values["seed"] == 0 and app.engine.alive


def test_attention_is_measured_only_when_asked_for(app):
    assert not app.engine.show_slots
    app.transport.keys.press("a")
    wait_until(lambda: len(app.cache.shares) == 2)
    app.transport.keys.press("a")
    assert not app.engine.show_slots and app.cache.shares == []


def test_every_key_does_something_and_nothing_breaks(app):
    for key in app.transport.keys.meanings:
        app.transport.keys.press(key)
    app.transport.pause(False)
    app.recorder.stop()
    frame = app.stream.frame
    wait_until(lambda: app.stream.frame != frame)
    assert app.status.kind == "news"


def test_closing_leaves_no_thread(tmp_path):
    app = VideoApp(stream=FakeVideo(), folder=tmp_path)
    app.close()
    app.close()
    assert engines() == []


def test_a_random_small_model_streams_in_the_app(tmp_path):
    from playground import VideoStream
    from small_video import small_model

    stream = VideoStream(small_model())
    with VideoApp(stream=stream, folder=tmp_path) as app:
        watched(app)
        app.pad.grab(0, (4, 4))
        app.cache.want(True)
        wait_until(lambda: len(app.cache.shares) == 2, 30)
        assert app.engine.error is None and app.view.sender.sent > 0
