"""Every experiment of the motion notebook answers, shows films and leaves the stream as it was."""

import numpy as np
import pytest

from playground import VideoStream
from playground.conditioning.track_split import split_scene
from playground.conditioning.tracks import Tracks
from small_video import small_model
from widgets import motion_experiments as experiments
from widgets.path_films import SCALE, with_paths
from widgets.sheet import Sheet

EXPERIMENTS = {
    "stroke_sheet": ({"seconds": 0.6}, (1, 4)),
    "silence_sheet": ({"seconds": 0.6}, (1, 3)),
    "camera_sheet": ({"seconds": 0.6}, (2, 4)),
    "drift_sheet": ({"frames": (3, 12)}, (2, 2)),
    "size_sheet": ({"seconds": 0.6}, (2, 3)),
    "guidance_sheet": ({"seconds": 0.6}, (2, 3)),
}


@pytest.fixture(scope="module")
def video():
    return VideoStream(small_model())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_shows_its_films_and_changes_nothing(video, name):
    before = video.controls
    options, (rows, columns) = EXPERIMENTS[name]
    sheet = getattr(experiments, name)(video, **options)
    assert [len(row) for row in sheet.pictures] == [columns] * rows
    html = sheet._repr_html_()
    assert html.count("<img") == rows * columns and len(sheet.columns) == columns
    kind = "image/png" if name == "drift_sheet" else "image/webp"
    assert html.count(f"data:{kind}") == rows * columns
    assert video.controls is before and video.frame == 0


def test_a_clip_gives_its_motion_to_other_things(video, tmp_path):
    clip = experiments.write_clip(tmp_path / "clip.mp4", seconds=1.0)
    sheet = experiments.transfer_sheet(video, clip, prompts=("a duck on the sea",))
    assert sheet.columns == ("clip", "followed", "a duck on the sea")
    assert len({film.shape for film in sheet.pictures[0]}) == 1


def test_points_that_go_with_the_camera_are_scene():
    rng = np.random.default_rng(0)
    start = rng.uniform(8, 54, (12, 2))
    pan = np.arange(10)[:, None, None] * np.array([0.8, 0.2])
    points = start[None] + pan
    points[:, :3] += np.arange(10)[:, None, None] * np.array([-1.0, 0.5])
    tracks = split_scene(Tracks(points))
    assert tracks.scene.tolist() == [False] * 3 + [True] * 9


def test_a_camera_that_rests_is_known_by_the_points_that_rest():
    start = np.random.default_rng(0).uniform(10, 54, (12, 2))
    points = np.repeat(start[None], 10, 0)
    points[:, 4:] += np.arange(10)[:, None, None] * np.array([0.9, 0.4])  # most points move
    assert split_scene(Tracks(points)).scene.tolist() == [True] * 4 + [False] * 8


def test_ways_are_drawn_where_they_were_commanded():
    points = np.stack([np.linspace((10, 10), (50, 10), 8)], 1)
    frames = np.zeros((8, 64, 64, 3), np.uint8)
    film = with_paths(frames, Tracks(points))
    assert film.shape == (8, SCALE * 64, SCALE * 64, 3)
    inked = film[-1].max(2) > 100
    assert inked[SCALE * 10].sum() > 100 and not inked[SCALE * 30].any()


def test_a_film_in_a_sheet_moves_at_its_rate():
    import base64
    import io
    import re

    from PIL import Image

    frames = np.stack([np.full((8, 8, 3), value, np.uint8) for value in (0, 90, 200)])
    html = Sheet(pictures=((frames,),), fps=10)._repr_html_()
    data = re.search(r"data:image/webp;base64,([^\"]+)", html).group(1)
    film = Image.open(io.BytesIO(base64.b64decode(data)))
    assert film.n_frames == 3
    film.seek(1)
    film.load()
    assert film.info["duration"] == 100
