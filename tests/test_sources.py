import itertools
import threading

import numpy as np
import pytest
from PIL import Image

from playground.frames import ClipFile, Drawing, Folder, Noise, Still, VideoFile, Webcam


def flat(level, size=(8, 8)):
    return np.full((*size, 3), level, np.uint8)


def test_a_drawing_gives_the_newest_frame_and_counts_them():
    drawing = Drawing()
    assert drawing.latest() is None
    drawing.put(flat(1))
    drawing.put(flat(2))
    look = drawing.look()
    assert look.index == 2
    np.testing.assert_array_equal(look.frame, flat(2))


def test_a_drawing_is_not_changed_by_later_strokes_on_the_same_array():
    canvas, drawing = flat(1), Drawing()
    drawing.put(canvas)
    canvas[:] = 9
    np.testing.assert_array_equal(drawing.latest(), flat(1))


def test_a_bad_picture_leaves_the_drawing_as_it_was():
    drawing = Drawing()
    drawing.put(flat(1))
    with pytest.raises(ValueError, match="must have shape"):
        drawing.put(np.zeros(3, np.uint8))
    assert drawing.look().index == 1
    np.testing.assert_array_equal(drawing.latest(), flat(1))


def test_a_drawing_resizes_when_it_is_put():
    drawing = Drawing(size=(4, 6))
    drawing.put(flat(5, (100, 50)))
    np.testing.assert_array_equal(drawing.latest(), flat(5, (4, 6)))


def test_a_cleared_drawing_has_no_frame():
    drawing = Drawing()
    drawing.put(flat(1))
    drawing.clear()
    assert drawing.latest() is None
    assert drawing.look().index == 2


def test_frame_and_number_belong_together_while_many_threads_draw():
    drawing = Drawing()

    def draw():
        for _ in range(200):
            drawing.put(flat(0))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    births = [drawing.look() for _ in range(500)]
    for thread in threads:
        thread.join()
    assert drawing.look().index == 800
    assert all(a.index <= b.index and a.born <= b.born for a, b in itertools.pairwise(births))


def test_a_still_is_the_same_for_ever(tmp_path):
    Image.fromarray(flat(3)).save(tmp_path / "a.png")
    still = Still(tmp_path / "a.png")
    assert still.latest() is still.latest()
    np.testing.assert_array_equal(still.latest(), flat(3))


def test_a_webcam_takes_encoded_bytes_and_cuts_the_middle(tmp_path):
    wide = flat(0, (8, 24))
    wide[:, 8:16] = 255
    Image.fromarray(wide).save(tmp_path / "shot.png")
    webcam = Webcam(size=(4, 4))
    webcam.put((tmp_path / "shot.png").read_bytes())
    np.testing.assert_array_equal(webcam.latest(), flat(255, (4, 4)))


def test_noise_repeats_with_its_seed_and_changes_at_every_look():
    first, again = Noise(seed=3), Noise(seed=3)
    frames = [first.latest() for _ in range(3)]
    np.testing.assert_array_equal(frames, [again.latest() for _ in range(3)])
    assert not np.array_equal(frames[0], frames[1])


def test_a_folder_plays_its_pictures_in_order_over_and_over(tmp_path):
    for number, level in enumerate((10, 20, 30)):
        Image.fromarray(flat(level)).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    folder = Folder(tmp_path)
    assert [int(folder.latest()[0, 0, 0]) for _ in range(5)] == [10, 20, 30, 10, 20]


def test_a_folder_by_the_clock_stays_on_a_frame_until_the_next_is_due(tmp_path):
    for number in range(3):
        Image.fromarray(flat(number)).save(tmp_path / f"{number}.png")
    folder = Folder(tmp_path, fps=0.1)
    assert folder.look() is folder.look()


def test_a_video_plays_its_frames_in_order_over_and_over(tmp_path):
    with ClipFile(tmp_path / "clip.mp4", fps=10) as clip:
        for level in (0, 120, 240):
            clip.write(flat(level, (32, 32)))
    video = VideoFile(tmp_path / "clip.mp4")
    levels = [int(video.latest().mean()) for _ in range(5)]
    video.close()
    np.testing.assert_allclose(levels, [0, 120, 240, 0, 120], atol=6)


@pytest.mark.parametrize("kind", [Folder, VideoFile])
def test_a_path_that_is_not_there_is_named(kind, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"path must be a .* that exists, got .*gone"):
        kind(tmp_path / "gone")


def test_files_of_the_wrong_kind_are_refused(tmp_path):
    (tmp_path / "text.mp4").write_text("hello")
    with pytest.raises(ValueError, match="must be a video that can be read"):
        VideoFile(tmp_path / "text.mp4")
    with pytest.raises(ValueError, match="must be a folder with pictures"):
        Folder(tmp_path)


def test_a_speed_of_nothing_is_refused(tmp_path):
    Image.fromarray(flat(1)).save(tmp_path / "1.png")
    with pytest.raises(ValueError, match=r"fps must be in 0..1000"):
        Folder(tmp_path, fps=0)
