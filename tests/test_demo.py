"""The demo: a hand that is a function of time, and a clip of what the stream made of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from playground.demo import film, video_film
from playground.demo.hand import PAPER, SCENES, SIZE, moment, moments
from playground.demo.poster import GAP, HEIGHT, PANEL, WIDTH, poster
from playground.frames import about_clip
from playground.streams.controls import Controls


class Mirror:
    """Stands for a stream: answers every drawing one step late, turned round."""

    def __init__(self) -> None:
        self.prompt, self.asked, self.last = SCENES[0].prompt, [], None
        self.controls, self.model = Controls(), SimpleNamespace()

    def __call__(self, drawing):
        self.asked.append(self.prompt)
        self.last, answer = drawing[:, ::-1], self.last
        return answer


def near(drawing, x: float, y: float) -> tuple:
    return tuple(int(value) for value in drawing[round(y), round(x)])


def test_the_hand_sweeps_the_background_then_dabs_then_carries_the_blob():
    scene = SCENES[0]
    start, swept, dabbed, carried = (moment(0, at) for at in (0.02, 0.22, 0.34, 0.55))
    assert near(start.drawing, 3, 3) == scene.sky and near(start.drawing, 128, 250) == PAPER
    assert near(swept.drawing, 3, 3) == scene.sky and near(swept.drawing, 3, 250) == scene.ground
    assert near(dabbed.drawing, *dabbed.brush) == scene.blob
    assert near(carried.drawing, *carried.brush) == scene.blob
    assert np.hypot(*np.subtract(dabbed.brush, carried.brush)) > SIZE / 8


def test_the_prompt_changes_half_way_once_it_is_typed():
    script = list(moments(100))
    prompts = [each.prompt for each in script]
    assert prompts[0] == prompts[50] == SCENES[0].prompt
    assert prompts[-1] == SCENES[1].prompt
    change = prompts.index(SCENES[1].prompt)
    assert 50 < change < 70
    assert script[change].typed == SCENES[1].prompt
    assert (
        SCENES[1].prompt.startswith(script[change - 5].typed) and len(script[change - 5].typed) > 0
    )


def test_the_same_time_gives_the_same_drawing():
    for ours, again in zip(moments(9), moments(9), strict=True):
        assert np.array_equal(ours.drawing, again.drawing)
        assert ours.drawing.shape == (SIZE, SIZE, 3) and ours.drawing.dtype == np.uint8


def test_a_script_needs_a_frame_for_every_scene():
    with pytest.raises(ValueError, match=r"frames must be >= 2, one a scene, got 1"):
        list(moments(1))


def test_the_poster_shows_drawing_left_and_picture_right():
    red, blue = (np.full((64, 64, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 0, 255)))
    page = poster(red, blue, "a fox", (0.0, 0.0), cursor=False)
    assert page.shape == (HEIGHT, WIDTH, 3) and page.dtype == np.uint8
    middle = GAP + PANEL // 2
    assert tuple(page[middle, middle]) == (255, 0, 0)
    assert tuple(page[middle, middle + GAP + PANEL]) == (0, 0, 255)
    assert not np.array_equal(page, poster(red, blue, "a cat", (0.0, 0.0), cursor=False))


def test_every_frame_goes_through_the_stream_with_the_prompt_of_its_time():
    stream, step_ms = Mirror(), []
    shown = list(film.pages(stream, 40, step_ms))
    assert len(shown) == len(step_ms) == len(stream.asked) == 40
    assert stream.asked == [each.prompt for each in moments(40)]
    assert all(page.shape == (HEIGHT, WIDTH, 3) for page, _ in shown)
    assert [text for _, text in shown] == stream.asked


def test_the_clip_and_its_moving_picture_are_written(tmp_path, monkeypatch):
    from playground.streams import image_stream, recording_head

    assert recording_head.ImageStream is image_stream.ImageStream  # bound before it is replaced
    loaded = SimpleNamespace(load=lambda model, **options: Mirror())
    monkeypatch.setattr(image_stream, "ImageStream", loaded)
    results = film.run(out=str(tmp_path / "media"), seconds=1, fps=6)
    assert results["frames"] == 6
    for name in ("image_stream.mp4", "image_stream.gif"):
        assert (tmp_path / "media" / name).stat().st_size > 1000
        assert about_clip(tmp_path / "media" / name)["command"] == "playground demo"
    assert SCENES[1].prompt in (tmp_path / "media" / "image_stream.vtt").read_text()
    assert "6 frames" in film.describe(results)


def test_the_small_reference_model_can_be_filmed(tmp_path, golden_folder):
    results = film.run(model=str(golden_folder / "pipeline"), out=str(tmp_path), seconds=1, fps=4)
    assert results["frames"] == 4 and results["step_ms_median"] > 0


def test_impossible_clips_are_refused():
    with pytest.raises(ValueError, match=r"seconds must be above 0 and at most 60, got 0"):
        film.run(seconds=0)
    with pytest.raises(ValueError, match=r"fps must be in 1..30, got 0"):
        film.run(fps=0)


class Follower:
    """Stands for a video stream: chunks of three frames with their number in them."""

    def __init__(self) -> None:
        self.fps, self.size, self.prompt, self.tracks, self.asked = 12, (64, 64), "", None, []

    def __next__(self):
        self.asked.append(self.prompt)
        number = len(self.asked)
        return SimpleNamespace(frames=np.full((3, 64, 64, 3), number, np.uint8))


def test_the_dragged_video_is_told_the_whole_way_and_every_prompt():
    video, ms = Follower(), []
    shown = list(video_film.pages(video, 40, ms))
    assert len(shown) == 40 and len(ms) == 14
    assert tuple(dict.fromkeys(video.asked)) == video_film.PROMPTS
    assert np.allclose(video.tracks.points[:, 0], 64 * video_film.hand(40), atol=1e-4)
    right = (HEIGHT - 150, WIDTH - GAP - PANEL // 2)
    assert [int(page[right][0]) for page, _ in shown[:6]] == [1, 1, 1, 2, 2, 2]


def test_words_are_typed_before_they_hold():
    said = [video_film.typed(at) for at in np.linspace(0, 0.999, 200)]
    assert said[0] == (video_film.PROMPTS[0], False)
    assert said[-1] == (video_film.PROMPTS[-1], False)
    typing = [words for words, is_typing in said if is_typing]
    assert all(any(p.startswith(words) for p in video_film.PROMPTS[1:]) for words in typing)
    assert {*video_film.PROMPTS[1:]} <= {*typing}


def test_the_hand_stays_where_the_whole_thing_is_seen():
    way = video_film.hand(400)
    assert way.min() > 0.2 and way.max() < 0.8
    assert np.abs(np.diff(way, axis=0)).max() * 64 < 2.5


@pytest.mark.parametrize("seconds", [0, -1, 61])
def test_a_video_demo_of_no_length_is_refused(seconds, tmp_path):
    with pytest.raises(ValueError, match="seconds must be above 0"):
        video_film.run(out=str(tmp_path), seconds=seconds)
