"""The image app without a browser: everything is connected, nothing is swallowed, nothing stays."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from fake_stream import FakeStream
from playground.frames import about_clip
from playground.frames.sources import Still
from widgets.image_app import ImageApp
from widgets.image_source import ImageSource
from widgets.recorder import Recorder, TappedMailbox


@pytest.fixture
def app(tmp_path):
    with ImageApp(stream=FakeStream(work_s=0.002), folder=tmp_path) as app:
        yield app


def wait_until(true, timeout_s=5.0):
    until = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.01)


def engine_threads():
    return [t for t in threading.enumerate() if t.name == "playground-engine"]


def test_pictures_come_without_doing_anything(app):
    wait_until(lambda: app.view.sender.sent > 3)
    assert app.engine.controls.prompt == "a fox on snow" and app.engine.error is None


def test_a_stroke_reaches_the_stream(app):
    before = app.source.look()
    app.pad.stroke([(10, 10), (300, 300)])
    after = app.source.look()
    assert after.index == before.index + 1 and (after.frame != before.frame).any()


def test_closing_joins_the_engine_and_may_be_done_twice(tmp_path):
    app = ImageApp(stream=FakeStream(), folder=tmp_path)
    app.close()
    app.close()
    assert not app.engine.alive and engine_threads() == []


def test_typing_changes_the_prompt_and_the_alt_text(app):
    app.knobs.prompt._handle_custom_msg({"kind": "prompt", "text": "a cat on sea"}, [])
    wait_until(lambda: app.stream.controls.prompt == "a cat on sea")
    wait_until(lambda: app.view.label == "The picture: a cat on sea")


def test_blending_makes_weights_that_sum_to_one(app):
    app.knobs.prompt_more._handle_custom_msg(
        {"kind": "change", "second": "a cat", "amount": 0.25}, []
    )
    assert app.engine.controls.blend == (("a fox on snow", 0.75), ("a cat", 0.25))
    app.set_prompt("a car on sea")
    assert app.engine.controls.blend == (("a car on sea", 0.75), ("a cat", 0.25))
    app.knobs.prompt_more._handle_custom_msg({"kind": "change", "amount": 0.0}, [])
    assert app.engine.controls.blend == ()


def test_dials_change_controls_and_slot_labels(app):
    app.knobs.near.turn("steps", 4)
    wait_until(lambda: app.stream.controls.steps == 4)
    wait_until(lambda: len(app.slots.labels) == 4 and app.slots.labels[0].startswith("t "))


def test_a_failing_loop_is_shown_and_can_be_started_again(app):
    wait_until(lambda: app.view.sender.sent > 1)
    app.stream.fail_with = RuntimeError("planted")
    wait_until(lambda: app.status.kind == "error" and app.status.message)
    assert app.status.message == "RuntimeError: planted" and app.status.action == "start again"
    prompt = app.engine.controls.prompt
    app.status._handle_custom_msg({"kind": "action"}, [])
    wait_until(lambda: app.stream.count > 3)
    assert app.status.message == "" and app.engine.controls.prompt == prompt


def test_what_the_stream_refuses_is_said_and_the_dial_goes_back(app):
    app.knobs.near._handle_custom_msg({"kind": "dial", "name": "seed", "value": 666}, [])
    wait_until(lambda: "seed must not be 666" in app.status.message)
    assert app.knobs.near.values["seed"] == 2 and app.engine.alive and app.status.action == ""


def test_pause_step_and_go_on(app):
    wait_until(lambda: app.stream.count > 2)
    app.transport.keys.press(" ")
    time.sleep(0.1)
    count = app.stream.count
    time.sleep(0.1)
    assert app.stream.count == count and app.view.badge == "paused"
    app.transport.press("step")
    wait_until(lambda: app.stream.count == count + 1)
    app.transport.press("pause")
    wait_until(lambda: app.stream.count > count + 3)
    assert app.view.badge == ""


def test_slow_motion_steps_slowly_and_shows_it(app):
    app.slots._handle_custom_msg({"kind": "slow", "value": True}, [])
    time.sleep(0.1)
    count = app.stream.count
    time.sleep(1.3)
    assert 1 <= app.stream.count - count <= 4 and app.slots.slow
    app.slots._handle_custom_msg({"kind": "slow", "value": False}, [])
    wait_until(lambda: app.stream.count > count + 10)


def test_a_stream_that_nobody_watches_rests_until_somebody_does(app):
    wait_until(lambda: app.view.sender.sent > 0)
    app.view._handle_custom_msg({"kind": "hidden"}, [])
    assert app.engine.controls.paused and app.view.badge == ""
    app.view._handle_custom_msg({"kind": "ready"}, [])
    assert not app.engine.controls.paused


def test_a_pause_by_hand_survives_a_reload(app):
    app.transport.pause(True)
    app.view._handle_custom_msg({"kind": "hidden"}, [])
    app.view._handle_custom_msg({"kind": "ready"}, [])
    assert app.engine.controls.paused


def test_an_app_taken_from_its_page_ends_and_comes_back_when_shown(app, monkeypatch):
    monkeypatch.setattr("widgets.app_transport.GONE_S", 0.05)
    app.view._handle_custom_msg({"kind": "gone"}, [])
    wait_until(lambda: not app.engine.alive)
    app.view._handle_custom_msg({"kind": "ready"}, [])
    count = app.stream.count
    wait_until(lambda: app.stream.count > count + 3)


def test_a_reload_in_time_ends_nothing(app, monkeypatch):
    monkeypatch.setattr("widgets.app_transport.GONE_S", 0.2)
    app.view._handle_custom_msg({"kind": "gone"}, [])
    app.view._handle_custom_msg({"kind": "ready"}, [])
    time.sleep(0.4)
    assert app.engine.alive and not app.engine.controls.paused


def test_dials_show_what_another_dial_changed(app):
    app.knobs.more.turn("t_index", "5, 20, 40")
    wait_until(lambda: app.knobs.near.values["steps"] == 3)
    assert app.knobs.near.values["closeness"] == 0.1


def test_slots_are_computed_only_while_somebody_looks(app):
    assert not app.engine.show_slots
    app.slots._handle_custom_msg({"kind": "ready"}, [])
    wait_until(lambda: app.slots.sender.sent > 0)
    app.slots._handle_custom_msg({"kind": "hidden"}, [])
    assert not app.engine.show_slots


def test_a_clip_plays_as_long_as_it_was_recorded(app, tmp_path):
    wait_until(lambda: app.view.sender.sent > 1)
    app.transport.press("record")
    assert app.view.badge == "recording"
    time.sleep(1.0)
    app.transport.press("record")
    (clip,) = tmp_path.glob("*.mp4")
    assert clip.stat().st_size > 500 and "Saved 1 seconds" in app.status.message
    assert app.engine.error is None


def test_a_snapshot_is_the_picture_pixel_by_pixel(app, tmp_path):
    wait_until(lambda: app.view.sender.sent > 1)
    app.transport.pause(True)
    time.sleep(0.1)
    app.transport.press("snapshot")
    (file,) = tmp_path.glob("*.png")
    assert (np.asarray(Image.open(file)) == app.recorder._newest).all()


def test_a_snapshot_before_the_first_picture_is_refused(tmp_path):
    with pytest.raises(ValueError, match="there must be a picture before a snapshot"):
        Recorder(tmp_path).snapshot("x")


def test_a_full_disk_ends_the_clip_and_not_the_stream(tmp_path):
    told = []
    recorder = Recorder(tmp_path, on_error=told.append)
    box = TappedMailbox()
    box.listeners.append(recorder.see)
    recorder.start("x")
    recorder._clip.write = lambda picture, words: (_ for _ in ()).throw(OSError("no space left"))

    class Shot:
        picture = np.zeros((8, 8, 3), np.uint8)

    box.put(Shot)
    assert "no space left" in str(told[0]) and not recorder.recording and box.take() is Shot


def test_a_frame_that_comes_while_its_clip_is_stopped_does_not_end_the_stream(tmp_path):
    recorder = Recorder(tmp_path)
    recorder.start("x")
    lock = recorder._lock

    class Late:
        def __enter__(self):
            recorder._lock = lock
            recorder.stop()
            lock.acquire()

        def __exit__(self, *_):
            lock.release()

    recorder._lock = Late()
    recorder.see(SimpleNamespace(picture=np.zeros((8, 8, 3), np.uint8)))
    assert not recorder.recording and not lock.locked()


def test_a_clip_has_the_words_it_was_made_under_and_the_settings(tmp_path):
    recorder = Recorder(tmp_path, words=lambda: "asked for now", about=lambda: {"seed": 3})
    path = recorder.start("a fox")
    picture = np.zeros((8, 8, 3), np.uint8)
    recorder.see(SimpleNamespace(picture=picture, details=SimpleNamespace(prompt="of its chunk")))
    wait_until(
        lambda: (recorder.see(SimpleNamespace(picture=picture)), recorder._clip.count > 2)[1]
    )
    recorder.stop()
    words = path.with_suffix(".vtt").read_text()
    assert words.index("of its chunk") < words.index("asked for now")
    assert about_clip(path) == about_clip(recorder.snapshot("a fox")) == {"seed": 3}


def test_a_picture_film_or_folder_can_be_the_source(app, tmp_path):
    file = tmp_path / "blue.png"
    Image.new("RGB", (90, 30), (0, 0, 255)).save(file)
    app.use(file)
    assert (app.source.look().frame == (0, 0, 255)).all() and app.source_box.kind == "file"
    app.use(Still(np.zeros((64, 64, 3), np.uint8)))
    assert (app.source.look().frame == 0).all()
    app.pad.stroke([(10, 10)])
    assert app.source_box.kind == "drawing"


def test_a_file_that_is_no_picture_is_refused_and_the_old_source_stays(app, tmp_path):
    file = tmp_path / "no.png"
    file.write_bytes(b"no picture")
    with pytest.raises(ValueError, match="picture must be a picture that can be read"):
        app.use(file)
    with pytest.raises(FileNotFoundError, match="must be a video file that exists"):
        app.use(tmp_path / "no.mp4")
    assert app.source_box.kind == "drawing" and app.source.look().frame is not None


def test_choosing_the_file_without_one_is_refused():
    with pytest.raises(ValueError, match="a file must be loaded before it can play"):
        ImageSource((8, 8)).choose("file")


def test_a_file_from_the_browser_comes_in_parts(app, tmp_path):
    file = tmp_path / "green.png"
    Image.new("RGB", (64, 64), (0, 255, 0)).save(file)
    data = file.read_bytes()
    half = len(data) // 2
    for part, piece in enumerate((data[:half], data[half:])):
        content = {"kind": "file", "name": "green.png", "part": part, "parts": 2}
        app.source_box._handle_custom_msg(content, [piece])
    assert app.status.message == "" and app.source_box.name == "green.png"
    assert (app.source.look().frame == (0, 255, 0)).all()


def test_an_unknown_keyword_is_a_type_error():
    with pytest.raises(TypeError, match="promt"):
        ImageApp(stream=FakeStream(), promt="a fox")
