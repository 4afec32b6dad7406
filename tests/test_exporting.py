"""An export tells how far it is, can be given up at any frame, and its thread always ends."""

import threading

import numpy as np
import pytest
from PIL import Image

from engines import until
from playground.frames import BackgroundExport, about_clip, export

FRAMES = list(np.random.default_rng(1).integers(0, 256, (6, 16, 16, 3), dtype=np.uint8))


def endless():
    while True:
        yield from FRAMES


def test_every_frame_is_told_and_the_end(tmp_path):
    steps = list(export(FRAMES, tmp_path / "a.gif", fps=10, about={"seed": 1}))
    assert [step.done for step in steps] == [1, 2, 3, 4, 5, 6, 6]
    assert [step.share for step in steps] == [n / 6 for n in range(1, 7)] + [1.0]
    assert [step.finished for step in steps] == [False] * 6 + [True]
    assert about_clip(tmp_path / "a.gif") == {"seed": 1}


def test_nobody_knows_the_share_of_frames_that_are_still_made(tmp_path):
    steps = list(export(iter(FRAMES), tmp_path / "a.zip"))
    assert [step.share for step in steps] == [None] * 6 + [1.0]
    assert next(export(iter(FRAMES), tmp_path / "b.zip", total=6)).share == 1 / 6


def test_an_export_that_is_given_up_leaves_nothing(tmp_path):
    for ending in ("mp4", "gif", "webp", "png", "zip"):
        steps = export(endless(), tmp_path / f"a.{ending}")
        for _ in range(3):
            next(steps)
        steps.close()
    assert list(tmp_path.iterdir()) == []


def test_frames_that_fail_leave_nothing_and_their_error_goes_on(tmp_path):
    def failing():
        yield FRAMES[0]
        raise ArithmeticError("the stream broke")

    with pytest.raises(ArithmeticError, match="the stream broke"):
        list(export(failing(), tmp_path / "a.mp4"))
    assert list(tmp_path.iterdir()) == []


def test_no_frames_make_no_clip(tmp_path):
    with pytest.raises(ValueError, match="frames must be at least one to make"):
        list(export([], tmp_path / "a.mp4"))


def test_bad_arguments_are_refused_before_anything_starts(tmp_path):
    with pytest.raises(ValueError, match="fps must be above 0"):
        export(FRAMES, tmp_path / "a.mp4", fps=0)
    with pytest.raises(FileNotFoundError, match="must be in a folder that exists"):
        BackgroundExport(FRAMES, tmp_path / "gone" / "a.mp4")


def test_in_the_background_it_is_done_without_anybody_waiting(tmp_path):
    told = []
    job = BackgroundExport(
        FRAMES, tmp_path / "a.mp4", on_progress=lambda job: told.append(job.progress.done)
    )
    until(lambda: not job.running)
    assert job.error is None and job.progress.finished and not job.cancelled
    assert told == [1, 2, 3, 4, 5, 6, 6] and (tmp_path / "a.mp4").is_file()
    assert job.join() and not [t for t in threading.enumerate() if t.name == "playground-export"]


def test_in_the_background_it_can_be_cancelled(tmp_path):
    told = []
    job = BackgroundExport(endless(), tmp_path / "a.zip", on_progress=told.append)
    until(lambda: job.progress.done > 3)
    job.cancel()
    assert job.cancelled and not job.running and list(tmp_path.iterdir()) == []
    assert told[-1] is job and job.error is None


def test_in_the_background_a_failure_is_kept_for_whoever_looks(tmp_path):
    (tmp_path / ".a.part.gif").symlink_to("/dev/full")
    with BackgroundExport(FRAMES, tmp_path / "a.gif") as job:
        pass
    assert "No space left" in str(job.error) and not job.progress.finished


def test_an_exception_beside_it_ends_the_thread_too(tmp_path):
    with pytest.raises(KeyError), BackgroundExport(endless(), tmp_path / "a.zip") as job:
        raise KeyError("something else")
    assert not job.running and list(tmp_path.iterdir()) == []


def test_texts_become_subtitles(tmp_path):
    list(export([(frame, "a fox") for frame in FRAMES], tmp_path / "a.webp"))
    assert "a fox" in (tmp_path / "a.vtt").read_text()
    with Image.open(tmp_path / "a.webp") as clip:
        assert clip.n_frames == 6
