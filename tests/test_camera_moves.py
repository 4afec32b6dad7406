"""The measure of camera moves, and the shipped model on it."""

import numpy as np
import pytest

from playground.benchmarks import camera_moves, video_scripts
from playground.conditioning.track_camera import Camera
from playground.models.video_model import VideoModel
from playground.world.clips import SIDE
from small_video import small_model

SCRIPT = video_scripts.seen_scripts(3, 1, 5)[1]
MOVES = [Camera(pan_px_s=(-8, 2)), Camera(zoom_per_s=0.15), Camera(zoom_per_s=-0.15)]


@pytest.mark.parametrize("camera", MOVES, ids=["pan", "in", "out"])
def test_the_real_world_moves_as_the_points_that_are_told(camera):
    take = camera_moves.real_take(SCRIPT, camera)
    told = np.array([[10.0, 12.0], [32.0, 32.0], [50.0, 40.0]])
    stage = (told - SIDE / 2) / take.camera[0, 2] + take.camera[0, :2]
    thing = take.figures[0].centre[0]
    for frame in range(camera_moves.FRAMES):
        np.testing.assert_allclose(take.scene_points(stage)[frame], told, atol=1e-6)
        np.testing.assert_allclose(take.figures[0].centre[frame], thing, atol=1e-6)
        told = camera.moved(told, camera_moves.FPS, (SIDE, SIDE))
        thing = camera.moved(thing[None], camera_moves.FPS, (SIDE, SIDE))[0]


@pytest.mark.parametrize(("end", "expected"), [("moved", 0.0), ("rests", 1.0)])
def test_a_miss_is_zero_for_the_real_move_and_one_for_none(end, expected, monkeypatch):
    def streamed(_model, script, camera, picture, **_knobs):
        real = camera_moves.render_take(camera_moves.real_take(script, camera), range(48))
        return real if end == "moved" else np.repeat(picture[None], 48, 0)

    monkeypatch.setattr(camera_moves, "streamed", streamed)
    assert camera_moves.miss(small_model(), SCRIPT, MOVES[0]) == pytest.approx(expected)


def test_the_shipped_model_goes_along_and_would_not_if_it_were_only_told():
    model = VideoModel.load("tiny", runtime="eager")
    for camera in MOVES[:2]:
        moved = camera_moves.miss(model, SCRIPT, camera)
        told = camera_moves.miss(model, SCRIPT, camera, camera_memory=False)
        assert moved < 0.25
        assert told > 2 * moved
