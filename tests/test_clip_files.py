"""Clips: every format keeps frames, time, settings and words, and no half file ever has the name."""

import json
import subprocess
import zipfile

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from playground.frames import ClipFile, about_clip
from playground.frames.clip_files import write_picture
from playground.frames.clip_writers import gaps_ms

RANDOM = np.random.default_rng(0)
ABOUT = {"seed": 3, "prompt": 'a fox; on = snow # \n \\ "Füchse"', "sizes": [["sink", 1]], "t": 0.1}


def frames(count, size=(34, 50)):
    return [RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(count)]


def written(path, count=4, texts=(), **settings):
    with ClipFile(path, **settings) as clip:
        for number, frame in enumerate(frames(count)):
            clip.write(frame, texts[number] if texts else "")
    return path


def frames_in(path):
    """How many frames a film has, as ffmpeg counts them."""
    return imageio_ffmpeg.count_frames_and_secs(str(path))[0]


def facts_of(path):
    """The line in which ffmpeg tells of the picture of a film."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)]
    told = subprocess.run(command, capture_output=True).stderr.decode()
    return next(line for line in told.splitlines() if "Video:" in line)


@pytest.mark.parametrize("size", [(34, 50), (33, 51), (1, 1)])
def test_a_film_has_all_frames_and_even_sides_in_colours_that_every_player_takes(tmp_path, size):
    with ClipFile(tmp_path / "clip.mp4", fps=10) as clip:
        for frame in frames(5, size):
            clip.write(frame)
    told = facts_of(tmp_path / "clip.mp4")
    height, width = (side + side % 2 for side in size)
    assert "Video: h264" in told and "yuv420p" in told
    assert f" {width}x{height}" in told and " 10 fps" in told
    assert frames_in(tmp_path / "clip.mp4") == 5


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_an_animation_keeps_size_and_number_of_its_frames(tmp_path, ending):
    with ClipFile(tmp_path / f"clip.{ending}", fps=10) as clip:
        for frame in frames(4):
            clip.write(frame)
    with Image.open(tmp_path / f"clip.{ending}") as picture:
        assert picture.size == (50, 34)
        assert picture.n_frames == 4
        assert picture.info.get("loop") == 0


def test_png_gives_one_exact_numbered_file_a_frame(tmp_path):
    written = frames(3)
    with ClipFile(tmp_path / "shot.png") as clip:
        for frame in written:
            clip.write(frame)
    files = sorted(tmp_path.glob("shot_*.png"))
    read = [np.asarray(Image.open(file)) for file in files]
    np.testing.assert_array_equal(read, written)


def test_scale_repeats_pixels(tmp_path):
    frame = frames(1, (2, 3))[0]
    with ClipFile(tmp_path / "big.png", scale=2) as clip:
        clip.write(frame)
    big = np.asarray(Image.open(tmp_path / "big_00000.png"))
    np.testing.assert_array_equal(big[::2, ::2], frame)
    np.testing.assert_array_equal(big[1::2, 1::2], frame)


def test_a_clip_without_frames_makes_no_file(tmp_path):
    with ClipFile(tmp_path / "none.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["mp4", "gif", "webp"])
def test_a_full_disk_is_reported_with_the_file_and_the_reason(tmp_path, ending):
    path = tmp_path / f"clip.{ending}"
    path.write_bytes(b"older clip")
    (tmp_path / f".clip.part.{ending}").symlink_to("/dev/full")
    clip = ClipFile(path)
    with pytest.raises(OSError, match=r"clip .* could not be written; .* No space left") as caught:
        for frame in frames(200):
            clip.write(frame)
        clip.close()
    assert path.name in str(caught.value)
    clip.close()  # a second close after the failure is quiet
    assert path.read_bytes() == b"older clip" and list(tmp_path.iterdir()) == [path]


def test_a_broken_frame_in_a_with_block_still_finishes_the_clip(tmp_path):
    with (
        pytest.raises(ValueError, match="size of the first one"),
        ClipFile(tmp_path / "a.mp4") as clip,
    ):
        clip.write(frames(1)[0])
        clip.write(frames(1, (8, 8))[0])
    assert frames_in(tmp_path / "a.mp4") == 1


def test_writing_after_the_end_is_refused(tmp_path):
    clip = ClipFile(tmp_path / "a.gif")
    clip.close()
    with pytest.raises(ValueError, match="must be open to be written"):
        clip.write(frames(1)[0])


@pytest.mark.parametrize(
    ("path", "settings", "message"),
    [
        ("clip.avi", {}, "path must end in .mp4, .gif, .webp, .png, .zip, got"),
        ("clip", {}, "path must end in"),
        ("clip.mp4", {"fps": 0}, "fps must be above 0"),
        ("clip.mp4", {"scale": 0}, r"scale must be a whole number in 1\.\.16"),
        ("clip.mp4", {"scale": 1.5}, r"scale must be a whole number in 1\.\.16"),
        ("clip.mp4", {"about": "a text"}, "about must be a mapping of settings, got str"),
        ("clip.mp4", {"about": {"x": object()}}, "about must be plain values that JSON can hold"),
        ("clip.mp4", {"about": {"x": "y" * 70_000}}, "about must be at most 60000 characters"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_written(tmp_path, path, settings, message):
    with pytest.raises(ValueError, match=message):
        ClipFile(tmp_path / path, **settings)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="must be in a folder that exists"):
        ClipFile(tmp_path / "gone" / "clip.mp4")


@pytest.mark.parametrize("ending", ["mp4", "gif", "webp", "zip"])
def test_the_settings_are_inside_the_clip_and_can_be_read_back(tmp_path, ending):
    path = written(tmp_path / f"clip.{ending}", about=ABOUT)
    assert about_clip(path) == ABOUT
    assert about_clip(written(tmp_path / f"plain.{ending}")) is None


def test_the_settings_are_inside_every_png(tmp_path):
    written(tmp_path / "shot.png", about=ABOUT)
    assert [about_clip(path) for path in sorted(tmp_path.iterdir())] == [ABOUT] * 4
    write_picture(tmp_path / "one.png", frames(1)[0], about=ABOUT)
    assert about_clip(tmp_path / "one.png") == ABOUT


def test_what_is_no_clip_cannot_be_asked(tmp_path):
    for ending in ("mp4", "gif", "zip"):
        path = tmp_path / f"a.{ending}"
        with pytest.raises(FileNotFoundError, match="clip must be a file that exists"):
            about_clip(path)
        path.write_bytes(b"nothing of the kind")
        with pytest.raises(ValueError, match=r"clip must be a .* that can be read"):
            about_clip(path)


def subtitles_in(path):
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-loglevel", "error", "-i", str(path), "-map", "0:s", "-f", "webvtt", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode()


def test_a_film_carries_its_words_as_a_track_of_its_own_and_in_a_file_beside_it(tmp_path):
    texts = ["a fox & a <cat>"] * 10 + [""] * 5 + ["a duck on the sea"] * 10
    path = written(tmp_path / "clip.mp4", count=25, texts=texts, fps=10, about=ABOUT)
    beside = path.with_suffix(".vtt").read_text()
    assert (
        beside.startswith("WEBVTT") and "00:00:01.500 --> 00:00:02.500\na duck on the sea" in beside
    )
    inside = subtitles_in(path)
    assert (
        "00:00.000 --> 00:01.000" in inside
        and "00:01.500 --> 00:02.500\na duck on the sea" in inside
    )
    assert about_clip(path) == ABOUT
    assert frames_in(path) == 25
    assert {file.name for file in tmp_path.iterdir()} == {"clip.mp4", "clip.vtt"}


def test_a_zip_holds_exact_frames_settings_and_words(tmp_path):
    written_frames = frames(3)
    with ClipFile(tmp_path / "a.zip", about=ABOUT) as clip:
        for frame in written_frames:
            clip.write(frame, "a fox")
    with zipfile.ZipFile(tmp_path / "a.zip") as file:
        read = [np.asarray(Image.open(file.open(f"a_{n:05d}.png"))) for n in range(3)]
        assert json.loads(file.read("settings.json")) == ABOUT
        assert "a fox" in file.read("subtitles.vtt").decode()
    np.testing.assert_array_equal(read, written_frames)


@pytest.mark.parametrize(("fps", "unit"), [(24, 10), (12, 10), (30, 10), (23.976, 1), (7, 1)])
def test_gaps_follow_the_clock_and_never_drift(fps, unit):
    gaps = gaps_ms(1000, fps, unit)
    assert abs(sum(gaps) - 1000 * 1000 / fps) <= unit and max(gaps) - min(gaps) <= unit


def test_a_gif_faster_than_gifs_can_be_keeps_its_length(tmp_path):
    path = written(tmp_path / "fast.gif", count=60, fps=120)
    with Image.open(path) as clip:
        shown = 0
        for number in range(clip.n_frames):
            clip.seek(number)
            shown += clip.info["duration"]
    assert clip.n_frames == 20 and shown == 500


def test_a_clip_that_is_dropped_leaves_what_stood_there_before(tmp_path):
    for ending in ("mp4", "gif", "zip"):
        path = tmp_path / f"clip.{ending}"
        path.write_bytes(b"older")
        clip = ClipFile(path)
        clip.write(frames(1)[0])
        assert path.read_bytes() == b"older"
        clip.discard()
        assert path.read_bytes() == b"older" and list(tmp_path.iterdir()) == [path]
        path.unlink()


def test_a_full_disk_at_the_end_of_a_film_keeps_what_was_written(tmp_path):
    path = tmp_path / "clip.mp4"
    (tmp_path / ".clip.part.whole.mp4").symlink_to("/dev/full")
    clip = ClipFile(path, fps=10)
    for frame in frames(40):
        clip.write(frame)
    with pytest.raises(OSError, match=r"what was written before is kept as .*clip_rescued\.mp4"):
        clip.close()
    assert frames_in(tmp_path / "clip_rescued.mp4") == 40
    assert not path.exists()


@pytest.mark.parametrize("ending", ["mp4", "gif", "webp", "zip"])
def test_a_place_where_nothing_can_be_written_is_named(tmp_path, ending):
    (tmp_path / f".clip.part.{ending}").mkdir()  # as good as a folder where one may not write
    with pytest.raises(OSError, match=r"clip .* could not be written; .* is writing allowed"):
        written(tmp_path / f"clip.{ending}", count=200)
    assert not (tmp_path / f"clip.{ending}").exists()


def test_a_picture_on_a_full_disk_is_told(tmp_path):
    (tmp_path / ".a.part.png").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"picture .* could not be written; .* No space left"):
        write_picture(tmp_path / "a.png", frames(1)[0])
    assert list(tmp_path.iterdir()) == []


def test_a_moving_picture_that_is_too_long_is_refused_and_what_is_there_is_kept(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("playground.frames.clip_writers.MAX_ANIMATION_PIXELS", 34 * 50 * 3)
    with pytest.raises(ValueError, match="frames must be at most 3 of this size in a gif"):
        written(tmp_path / "a.gif", count=4)
    with Image.open(tmp_path / "a.gif") as clip:
        assert clip.n_frames == 3


def test_a_gif_keeps_its_colours_and_its_pace(tmp_path):
    halves = np.zeros((40, 60, 3), np.uint8)
    halves[:20], halves[20:] = (226, 110, 44), (60, 116, 220)
    with ClipFile(tmp_path / "a.gif", fps=10) as clip:
        for k in range(5):
            clip.write(np.roll(halves, k, axis=0))
    with Image.open(tmp_path / "a.gif") as clip:
        assert (clip.n_frames, clip.info["duration"], clip.info["loop"]) == (5, 100, 0)
        clip.seek(4)
        shown = np.asarray(clip.convert("RGB")).astype(int)
        assert np.abs(shown - np.roll(halves, 4, axis=0)).max() < 8
