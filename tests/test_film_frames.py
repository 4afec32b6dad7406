"""The frames of a film come in order, and nothing of the decoder stays, however the reading ends."""

import os
import warnings

import numpy as np
import pytest

from playground.frames import ClipFile
from playground.frames.film_frames import FilmFrames
from playground.frames.sources import VideoFile

LEVELS = (0, 120, 240)


@pytest.fixture(params=["mp4", "gif"])
def film(request, tmp_path):
    with ClipFile(tmp_path / f"clip.{request.param}", fps=10) as clip:
        for level in LEVELS:
            clip.write(np.full((32, 48, 3), level, np.uint8))
    return clip.path


def open_files():
    return set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()


def test_every_frame_comes_once_in_the_size_and_at_the_rate_of_the_file(film):
    with FilmFrames(film) as frames:
        assert (frames.fps, frames.size) == (10, (32, 48))
        shown = list(frames)
    assert [frame.shape for frame in shown] == [(32, 48, 3)] * len(LEVELS)
    np.testing.assert_allclose([frame.mean() for frame in shown], LEVELS, atol=6)


@pytest.mark.parametrize("count", [0, 1, 3, None])
def test_nothing_stays_open_wherever_one_stops(film, count):
    before = open_files()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        frames = FilmFrames(film)
        for _ in range(count or 0):
            next(frames)
        if count is None:
            assert len(list(frames)) == len(LEVELS)
        else:
            frames.close()
        assert next(frames, None) is None
        assert frames._decoder.returncode is not None  # it was waited for
        del frames
    assert open_files() == before


def test_what_is_no_film_is_refused_by_the_callers_name_and_leaves_nothing(tmp_path):
    before = open_files()
    (tmp_path / "text.mp4").write_text("hello")
    with pytest.raises(ValueError, match=r"clip must be a video that can be read .*text\.mp4"):
        FilmFrames(tmp_path / "text.mp4", name="clip")
    with pytest.raises(FileNotFoundError, match=r"path must be a video file .*gone"):
        FilmFrames(tmp_path / "gone.mp4")
    with pytest.raises(ValueError, match=r"fps must be in 0\.\.1000"):
        VideoFile(tmp_path / "text.mp4", fps=0)
    assert open_files() == before


def test_a_film_that_was_cut_off_gives_the_frames_that_are_whole(tmp_path):
    with ClipFile(tmp_path / "clip.mp4", fps=10) as clip:
        for level in range(40):
            clip.write(np.full((64, 64, 3), 5 * level, np.uint8))
    whole = clip.path.read_bytes()
    clip.path.write_bytes(whole[: int(0.8 * len(whole))])
    with FilmFrames(clip.path) as frames:
        shown = list(frames)
    assert 1 <= len(shown) <= 40 and all(frame.shape == (64, 64, 3) for frame in shown)
