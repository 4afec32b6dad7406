import threading

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from playground.frames import ClipFile, Mailbox

RANDOM = np.random.default_rng(0)


def frames(count, size=(34, 50)):
    return [RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(count)]


def test_the_newest_item_wins_and_the_others_are_counted():
    box = Mailbox()
    assert box.take() is None
    for item in "abc":
        box.put(item)
    assert box.take() == "c"
    assert box.take() is None
    assert box.dropped == 2


def test_an_item_that_was_taken_is_not_counted_as_dropped():
    box = Mailbox()
    box.put(1)
    box.take()
    box.put(2)
    assert box.dropped == 0


def test_every_put_is_told_to_the_viewer():
    told = []
    box = Mailbox(on_put=lambda: told.append(len(told)))
    box.put(1)
    box.put(2)
    assert told == [0, 1]


def test_waiting_ends_when_an_item_comes_and_when_none_does():
    box = Mailbox()
    assert box.wait(timeout_s=0.01) is None
    threading.Timer(0.05, box.put, ["late"]).start()
    assert box.wait(timeout_s=5) == "late"


def test_nothing_is_lost_or_doubled_between_two_threads():
    box, taken = Mailbox(), []
    writer = threading.Thread(target=lambda: [box.put(number) for number in range(5000)])
    writer.start()
    while writer.is_alive() or not taken or taken[-1] != 4999:
        item = box.take()
        if item is not None:
            taken.append(item)
    assert taken == sorted(set(taken))
    assert len(taken) + box.dropped == 5000


@pytest.mark.parametrize("size", [(34, 50), (33, 51), (1, 1)])
def test_a_video_keeps_size_and_number_of_its_frames(tmp_path, size):
    with ClipFile(tmp_path / "clip.mp4", fps=10) as clip:
        for frame in frames(5, size):
            clip.write(frame)
    reader = imageio_ffmpeg.read_frames(str(tmp_path / "clip.mp4"))
    facts = next(reader)
    assert facts["size"] == (size[1], size[0])
    assert facts["codec"] == "h264"
    assert len(list(reader)) == 5


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
    path.symlink_to("/dev/full")
    clip = ClipFile(path)
    with pytest.raises(OSError, match=r"clip .* could not be written; .* No space left") as caught:
        for frame in frames(200):
            clip.write(frame)
        clip.close()
    assert path.name in str(caught.value)
    clip.close()  # a second close after the failure is quiet


def test_a_broken_frame_in_a_with_block_still_finishes_the_clip(tmp_path):
    with (
        pytest.raises(ValueError, match="size of the first one"),
        ClipFile(tmp_path / "a.mp4") as clip,
    ):
        clip.write(frames(1)[0])
        clip.write(frames(1, (8, 8))[0])
    assert len(list(imageio_ffmpeg.read_frames(str(tmp_path / "a.mp4")))) == 2  # facts, one frame


def test_writing_after_the_end_is_refused(tmp_path):
    clip = ClipFile(tmp_path / "a.gif")
    clip.close()
    with pytest.raises(ValueError, match="must be open to be written"):
        clip.write(frames(1)[0])


@pytest.mark.parametrize(
    ("path", "settings", "message"),
    [
        ("clip.avi", {}, "path must end in .mp4, .gif, .webp, .png, got"),
        ("clip", {}, "path must end in"),
        ("clip.mp4", {"fps": 0}, "fps must be above 0"),
        ("clip.mp4", {"scale": 0}, r"scale must be a whole number in 1\.\.16"),
        ("clip.mp4", {"scale": 1.5}, r"scale must be a whole number in 1\.\.16"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_written(tmp_path, path, settings, message):
    with pytest.raises(ValueError, match=message):
        ClipFile(tmp_path / path, **settings)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="must be in a folder that exists"):
        ClipFile(tmp_path / "gone" / "clip.mp4")
