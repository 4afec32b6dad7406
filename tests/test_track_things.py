"""The points of a tracked clip, sorted into scene and things, one point a thing."""

from pathlib import Path

import numpy as np
import pytest

from playground import Tracks
from playground.conditioning.track_split import split_scene
from playground.conditioning.track_things import gather_things
from playground.frames.film_frames import FilmFrames

CLIP = Path(__file__).parents[1] / "media" / "moving_ball.mp4"
WAY = np.stack([np.linspace(0, 20, 12), np.linspace(0, -8, 12)], 1)
RING = 6 * np.stack([np.cos(turn := np.linspace(0, 5.5, 8)), np.sin(turn)], 1)


def ring(x, y, way=WAY):
    """Eight points round (x, y), all going one way."""
    return np.array([x, y]) + RING[None] + way[:, None]


def test_points_of_a_thing_become_its_middle():
    gathered = gather_things(Tracks(ring(20, 40)))
    assert gathered.count == 1 and gathered.visible.all()
    np.testing.assert_allclose(gathered.points[:, 0], WAY + np.array([20, 40]), atol=0.8)


def test_things_that_part_are_two_and_the_scene_stays_as_it_is():
    ground = np.repeat([[[4.0, 4.0], [60.0, 60.0]]], 12, 0)
    points = np.concatenate([ground, ring(20, 40), ring(34, 40, -WAY)], 1)
    tracks = Tracks(points, scene=np.arange(18) < 2, identity=np.arange(18) + 5)
    gathered = gather_things(tracks)
    assert gathered.scene.tolist() == [True, True, False, False]
    assert gathered.identity.tolist() == [5, 6, 7, 15]
    np.testing.assert_array_equal(gathered.points[:, :2], tracks.points[:, :2])
    np.testing.assert_allclose(gathered.points[:, 3], np.array([34, 40]) - WAY, atol=0.8)


def test_points_that_come_and_are_lost_move_nothing():
    visible = np.ones((12, 8), bool)
    visible[6:, :4] = False
    visible[:3, 6:] = False
    visible[10:] = False
    gathered = gather_things(Tracks(ring(20, 40), visible=visible))
    assert gathered.count == 1
    assert gathered.visible[:, 0].tolist() == [True] * 10 + [False] * 2
    steps = np.diff(gathered.points[:10, 0], axis=0)
    np.testing.assert_allclose(steps, np.diff(WAY, axis=0)[:9], atol=1e-4)


@pytest.mark.parametrize(("beside", "count"), [(8, 1), (0, 1)])
def test_a_lonely_point_is_a_thing_only_where_there_is_no_other(beside, count):
    lonely = np.array([56.0, 56.0]) - 0.5 * WAY[:, None]
    points = np.concatenate([lonely, ring(20, 40)[:, :beside]], 1)
    gathered = gather_things(Tracks(points))
    assert gathered.count == count
    assert (np.abs(gathered.points[0, 0] - (56, 56)).max() < 1) == (beside == 0)


def test_nothing_to_gather_is_left_alone():
    ground = Tracks(np.full((5, 2, 2), 9.0), scene=True)
    assert gather_things(ground).count == 2
    assert gather_things(Tracks(np.zeros((5, 0, 2)))).count == 0


def test_a_thing_with_most_of_the_points_is_not_the_scene():
    points = np.concatenate([ring(24, 30), np.full((12, 1, 2), 58.0)], 1)
    assert split_scene(Tracks(points)).scene.tolist() == [False] * 8 + [True]


def test_the_ball_of_the_clip_is_one_thing_that_is_followed():
    gathered = gather_things(split_scene(Tracks.from_video(CLIP)))
    thing = np.flatnonzero(~gathered.scene)
    assert len(thing) == 1 and gathered.visible[:, thing].all()
    frames = np.stack(list(FilmFrames(CLIP, name="clip"))).astype(int)
    grey = np.ptp(frames, axis=3) < 24  # the ball is black and white, all else has a colour
    for frame, (x, y) in zip(grey[::6], gathered.points[::6, thing[0]], strict=True):
        rows, columns = np.nonzero(frame)
        assert np.hypot(columns.mean() - x, rows.mean() - y) < 4
