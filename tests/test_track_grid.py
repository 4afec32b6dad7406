"""The track grid: silent where nothing is specified, exact about where points stand, blind to their order."""

import numpy as np
from numpy.testing import assert_allclose

from playground.conditioning.track_grid import (
    DENSE_CHANNELS,
    IDENTITY_CHANNELS,
    PERIODS_PX,
    STEP_PX,
    TRACK_CHANNELS,
    WINDOW_PX,
    identity_embedding,
    track_grid,
)

SPLAT = slice(0, IDENTITY_CHANNELS)
THING = slice(IDENTITY_CHANNELS, IDENTITY_CHANNELS + DENSE_CHANNELS)
SCENE = slice(IDENTITY_CHANNELS + DENSE_CHANNELS, TRACK_CHANNELS)


def one_point(path, visible=None, scene=False, identity=7):
    points = np.array(path, np.float32)[None, :, None]
    seen = np.ones((1, len(path), 1), bool)
    if visible is not None:
        seen[0, :, 0] = visible
    return track_grid(points, seen, np.array([[identity]]), np.array([[scene]]))


def test_nothing_specified_is_all_zeros():
    grid = one_point([(10, 10), (float("nan"), 10), (1e9, -5)], [False, False, False])
    assert grid.shape == (1, TRACK_CHANNELS, 2, 8, 8) and grid.dtype == np.float32
    assert not grid.any()


def test_the_splat_stands_in_the_points_cell_and_nowhere_else():
    grid = one_point([(0, 0), (41, 18)])[0, SPLAT, 0]
    assert_allclose(grid[:, 2, 5], identity_embedding(np.array([7]))[0])
    assert np.count_nonzero(np.abs(grid).sum(0)) == 1


def test_points_in_one_cell_add_up():
    points = np.full((1, 2, 2, 2), 20, np.float32)
    identity = np.array([[7, 8]])
    grid = track_grid(points, np.ones((1, 2, 2), bool), identity, np.zeros((1, 2), bool))
    assert_allclose(grid[0, SPLAT, 0, 2, 2], identity_embedding(identity)[0].sum(0), rtol=1e-6)


def test_things_and_scene_have_channels_of_their_own():
    thing, scene = one_point([(20, 20), (22, 20)]), one_point([(20, 20), (22, 20)], scene=True)
    assert not thing[:, SCENE].any() and not scene[:, THING].any()
    assert_allclose(thing[:, THING], scene[:, SCENE])


def test_the_step_since_the_frame_before_is_told():
    grid = one_point([(20, 20), (24, 18)])[0, THING, 0]
    near = grid[:, 2, 2]
    assert_allclose(near[-2] / near[0], 4 / STEP_PX, rtol=1e-4)
    assert_allclose(near[-1] / near[0], -2 / STEP_PX, rtol=1e-4)


def test_the_way_to_the_point_is_told_in_pictures_of_any_shape():
    """One point: its share is 1, so every cell has the waves of its own offset times the window."""
    size, point = (48, 80), np.array((37.0, 21.0), np.float32)
    grid = track_grid(
        np.broadcast_to(point, (1, 2, 1, 2)),
        np.ones((1, 2, 1), bool),
        np.array([[7]]),
        np.array([[False]]),
        size_px=size,
    )[0, THING, 0]
    assert grid.shape == (DENSE_CHANNELS, 6, 10)
    for row, column in np.ndindex(6, 10):
        across, down = (column * 8 + 4, row * 8 + 4) - point
        window = np.exp(-(across**2 + down**2) / (2 * WINDOW_PX**2))
        turns = 2 * np.pi / np.array(PERIODS_PX)
        waves = [wave(way * turns) for way in (across, down) for wave in (np.sin, np.cos)]
        share = window**2 / (window**2 + 1e-6)
        expected = share * window * np.concatenate([[1], *waves, [0, 0]])
        assert_allclose(grid[:, row, column], expected, atol=1e-5)


def test_a_point_that_just_appeared_has_no_step():
    grid = one_point([(0, 0), (24, 18)], [False, True])[0, THING, 0]
    assert not grid[-2:].any()
    assert grid[0, 2, 3] > 0.8


def test_the_order_of_points_does_not_matter():
    draw = np.random.default_rng(0)
    points, seen = draw.random((2, 4, 5, 2), np.float32) * 64, draw.random((2, 4, 5)) > 0.3
    identity, scene = draw.integers(0, 1000, (2, 5)), draw.random((2, 5)) > 0.5
    order = draw.permutation(5)
    grid = track_grid(points, seen, identity, scene)
    mixed = track_grid(points[:, :, order], seen[:, :, order], identity[:, order], scene[:, order])
    assert_allclose(grid, mixed, rtol=1e-4, atol=1e-5)


def test_identities_are_told_apart():
    vectors = identity_embedding(np.arange(0, 100_000, 997))
    distance = np.linalg.norm(vectors[:, None] - vectors[None], axis=-1) + 10 * np.eye(len(vectors))
    assert distance.min() > 0.05
