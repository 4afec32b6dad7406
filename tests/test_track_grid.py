"""The track grid: silent where nothing is specified, exact about where points stand, blind to their order."""

import torch

from playground.conditioning.track_grid import (
    DENSE_CHANNELS,
    IDENTITY_CHANNELS,
    STEP_PX,
    TRACK_CHANNELS,
    identity_embedding,
    track_grid,
)

SPLAT = slice(0, IDENTITY_CHANNELS)
THING = slice(IDENTITY_CHANNELS, IDENTITY_CHANNELS + DENSE_CHANNELS)
SCENE = slice(IDENTITY_CHANNELS + DENSE_CHANNELS, TRACK_CHANNELS)


def one_point(path, visible=None, scene=False, identity=7):
    points = torch.tensor(path, dtype=torch.float32)[None, :, None]
    seen = torch.ones(1, len(path), 1, dtype=torch.bool)
    if visible is not None:
        seen[0, :, 0] = torch.tensor(visible)
    return track_grid(points, seen, torch.tensor([[identity]]), torch.tensor([[scene]]))


def test_nothing_specified_is_all_zeros():
    grid = one_point([(10, 10), (float("nan"), 10), (1e9, -5)], [False, False, False])
    assert grid.shape == (1, TRACK_CHANNELS, 2, 8, 8)
    assert grid.abs().max() == 0


def test_the_splat_stands_in_the_points_cell_and_nowhere_else():
    grid = one_point([(0, 0), (41, 18)])[0, SPLAT, 0]
    torch.testing.assert_close(grid[:, 2, 5], identity_embedding(torch.tensor([7]))[0])
    assert grid.abs().sum(0).count_nonzero() == 1


def test_things_and_scene_have_channels_of_their_own():
    thing, scene = one_point([(20, 20), (22, 20)]), one_point([(20, 20), (22, 20)], scene=True)
    assert thing[:, SCENE].abs().max() == 0
    assert scene[:, THING].abs().max() == 0
    torch.testing.assert_close(thing[:, THING], scene[:, SCENE])


def test_the_step_since_the_frame_before_is_told():
    grid = one_point([(20, 20), (24, 18)])[0, THING, 0]
    near = grid[:, 2, 2]
    torch.testing.assert_close(near[-2] / near[0], torch.tensor(4 / STEP_PX), rtol=1e-4, atol=0)
    torch.testing.assert_close(near[-1] / near[0], torch.tensor(-2 / STEP_PX), rtol=1e-4, atol=0)


def test_a_point_that_just_appeared_has_no_step():
    grid = one_point([(0, 0), (24, 18)], [False, True])[0, THING, 0]
    assert grid[-2:].abs().max() == 0
    assert grid[0, 2, 3] > 0.8


def test_the_order_of_points_does_not_matter():
    torch.manual_seed(0)
    points, seen = torch.rand(2, 4, 5, 2) * 64, torch.rand(2, 4, 5) > 0.3
    identity, scene = torch.randint(0, 1000, (2, 5)), torch.rand(2, 5) > 0.5
    order = torch.randperm(5)
    grid = track_grid(points, seen, identity, scene)
    mixed = track_grid(points[:, :, order], seen[:, :, order], identity[:, order], scene[:, order])
    torch.testing.assert_close(grid, mixed, rtol=1e-4, atol=1e-5)


def test_identities_are_told_apart():
    vectors = identity_embedding(torch.arange(0, 100_000, 997))
    distance = torch.cdist(vectors, vectors) + 10 * torch.eye(len(vectors))
    assert distance.min() > 0.05
