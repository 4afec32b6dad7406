"""The export bar and the recording of the run, without a browser."""

import os
import threading
import time
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from fake_switch import FakeSwitch
from fake_video import FakeVideo
from playground import Recording
from playground.frames import about_clip
from small_video import small_model, stream
from video_apps import wait_until
from widgets.export_bar import FORMATS, ExportBar
from widgets.recent_frames import RecentFrames
from widgets.run_record import KEPT
from widgets.switch_app import SwitchApp
from widgets.video_app import VideoApp


def shots(count, side=16, prompt="a fox"):
    for value in range(count):
        picture = np.full((side, side, 3), value, np.uint8)
        yield SimpleNamespace(picture=picture, details=SimpleNamespace(prompt=prompt))


def bar_of(tmp_path, frames, **options):
    return ExportBar(
        lambda what: (frames, {"fps": 10, **options}), lambda ending: tmp_path / f"clip.{ending}"
    )


def pairs(count):
    return [(shot.picture, shot.details.prompt) for shot in shots(count)]


def subtitles_of(path):
    """The prompts beside a clip, in a zip among the pictures."""
    if path.suffix != ".zip":
        return path.with_suffix(".vtt").read_text()
    with zipfile.ZipFile(path) as file:
        return file.read("subtitles.vtt").decode()


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_is_written_with_its_subtitles_and_the_bar_says_where(tmp_path, ending):
    bar = bar_of(tmp_path, pairs(3))
    bar._handle_custom_msg({"kind": "save", "what": "5", "format": ending}, [])
    assert bar.join(20)
    assert bar.trouble == "" and not bar.running and bar.share == 1
    assert bar.message.startswith(f"Saved 3 frames to {tmp_path}")
    assert (tmp_path / ("clip_00002.png" if ending == "png" else f"clip.{ending}")).is_file()
    assert "a fox" in subtitles_of(tmp_path / f"clip.{ending}")


def test_a_cancelled_clip_leaves_no_file(tmp_path):
    go = threading.Event()

    def endless():
        while True:
            go.set()
            time.sleep(0.005)
            yield from pairs(1)

    bar = bar_of(tmp_path, endless())
    bar.save("5", "gif")
    assert go.wait(10) and bar.running
    with pytest.raises(ValueError, match="one clip must be finished before the next is saved"):
        bar.save("5", "gif")
    bar._handle_custom_msg({"kind": "cancel"}, [])
    assert not bar.running and bar.message == "Cancelled; nothing was saved."
    assert list(tmp_path.iterdir()) == []


def test_what_goes_wrong_is_said_under_the_bar(tmp_path):
    bar = bar_of(tmp_path / "missing", pairs(1))
    bar._handle_custom_msg({"kind": "save", "what": "5", "format": "mp4"}, [])
    assert "path must be in a folder that exists" in bar.trouble and not bar.running

    def breaks():
        yield from pairs(1)
        raise OSError("planted")

    bar = bar_of(tmp_path, breaks())
    bar.save()
    assert bar.join(20)
    assert bar.trouble == "OSError: planted" and not bar.running


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (("5", "avi"), "format must be one of mp4, gif, webp, png, zip, got 'avi'"),
        (("9", "gif"), "what must be one of 5, 15, 30, run, got '9'"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(tmp_path, wish, message):
    with pytest.raises(ValueError, match=message):
        bar_of(tmp_path, pairs(1)).save(*wish)


def test_the_last_frames_of_a_video_are_kept_and_no_more(monkeypatch):
    recent = RecentFrames(10)
    with pytest.raises(ValueError, match="there must be a picture before it can be saved"):
        recent.clip(5)
    for shot in shots(200):
        recent.see(shot)
    assert [picture[0, 0, 0] for picture, _ in recent.clip(0.5)] == [195, 196, 197, 198, 199]
    monkeypatch.setattr("widgets.recent_frames.MOST_BYTES", 10 * 16 * 16 * 3)
    recent.see(next(shots(1)))
    assert len(recent.clip(30)) == 10 and recent.seen == 201


def test_pictures_stand_as_long_as_they_were_seen(monkeypatch):
    clock = iter([0.0, 0.2, 0.4, 60.0])
    monkeypatch.setattr("widgets.recent_frames.time.perf_counter", lambda: next(clock))
    recent = RecentFrames(words=lambda: "a cat")
    for shot in shots(4, prompt=None):
        recent.see(shot)
    shown = [int(picture[0, 0, 0]) for picture, _ in recent.clip(30)]
    assert len(shown) == 36 and shown[-1] == 3 and recent.clip(30)[0][1] == "a cat"


def test_an_app_saves_its_last_seconds(tmp_path):
    with VideoApp(stream=FakeVideo(work_s=0.005), folder=tmp_path) as app:
        wait_until(lambda: app.keeping.recent.seen > 5)
        app.keeping.bar.save("5", "mp4")
        assert app.keeping.bar.join(20) and "Saved" in app.keeping.bar.message
        (path,) = tmp_path.glob("*.mp4")
        assert about_clip(path)["controls"]["prompt"] == "a duck on the sea"
        app.keeping.bar._handle_custom_msg({"kind": "run", "value": True}, [])
        assert "stream must be an ImageStream" in app.keeping.bar.trouble and app.engine.alive
        with pytest.raises(ValueError, match="the run must be recorded to be saved whole"):
            app.keeping.bar.save("run", "gif")


def test_a_run_is_recorded_from_its_beginning_and_saved_whole(tmp_path):
    model = small_model()
    with VideoApp(stream=stream(model), folder=tmp_path) as app:
        bar = app.keeping.bar
        assert not bar.recorded and not list(tmp_path.iterdir())  # nothing is stored unasked
        bar._handle_custom_msg({"kind": "run", "value": True}, [])
        assert bar.recorded and bar.trouble == "" and bar.spans[-1] == ["run", "the whole run"]
        wait_until(lambda: app.keeping.run._journal.steps > 3)
        bar.save("run", "gif")
        assert bar.join(30)
        wait_until(lambda: not bar.running)
        assert bar.trouble == "" and list(tmp_path.glob("*.gif"))
        assert not app.transport.paused
        bar._handle_custom_msg({"kind": "run", "value": False}, [])
        assert not bar.recorded and app.keeping.run.path.name in bar.message
    assert Recording.load(app.keeping.run.path).steps > 3


def test_the_switch_app_writes_its_run_down_unasked_and_only_the_newest_are_kept(tmp_path):
    model, folder = small_model(), tmp_path / "runs"
    folder.mkdir()
    for number in range(KEPT + 3):
        old = folder / f"run_{number:02}.jsonl"
        old.write_text("")
        os.utime(old, (number, number))
    with SwitchApp(stream=stream(model), folder=tmp_path) as app:
        path, bar = app.keeping.run.path, app.keeping.bar
        assert bar.recorded and path.parent == folder
        assert bar.message.endswith(f"as it goes; the newest {KEPT} runs are kept")
        kept = {f"run_{number:02}.jsonl" for number in range(4, KEPT + 3)}
        assert {one.name for one in folder.iterdir()} == {*kept, path.name}
        wait_until(lambda: app.keeping.run._journal.steps > 2)
        assert Recording.load(path).steps > 2  # as it would be if the kernel died now
        app.knobs.throw_dice()
        app.set_prompt("a cat on sand")
        wait_until(lambda: Recording.load(path).prompts[-1][1] == "a cat on sand")
        steps = app.keeping.run._journal.steps
        wait_until(lambda: app.keeping.run._journal.steps > steps + 1)
    chunks = list(Recording.load(path).replay(model))
    assert len(chunks) == Recording.load(path).steps and chunks[-1].prompt == "a cat on sand"


def test_a_run_that_goes_back_to_a_snapshot_is_said_to_be_over(tmp_path):
    with SwitchApp(stream=stream(small_model()), folder=tmp_path) as app:
        wait_until(lambda: app.keeping.run._journal.steps > 1)
        app.compare()
        wait_until(lambda: app.what_if.runs)
        app.what_if.keep("stale")
        wait_until(lambda: not app.keeping.bar.recorded)
        assert app.keeping.bar.message == f"The run up to here is in {app.keeping.run.path}"
        assert app.engine.error is None


def test_nothing_is_written_unasked_where_nobody_wants_it_or_it_cannot_be(tmp_path):
    with SwitchApp(stream=stream(small_model()), folder=tmp_path, recorded=False) as app:
        assert not app.keeping.bar.recorded and app.keeping.bar.message == ""
    assert list(tmp_path.iterdir()) == []
    with SwitchApp(stream=FakeSwitch(), folder=tmp_path) as app:
        assert not app.keeping.bar.recorded and app.engine.alive
        assert app.keeping.bar.message.startswith("This run is not recorded: stream must be an")
    (tmp_path / "file").write_text("")
    with SwitchApp(stream=stream(small_model()), folder=tmp_path / "file") as app:
        assert app.keeping.bar.message.startswith("This run is not recorded: ")
        assert app.engine.alive
