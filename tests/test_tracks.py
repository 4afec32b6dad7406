"""Tracks say exactly what was drawn, nothing behind its end, and refuse what they cannot mean."""

import numpy as np
import pytest

from playground.conditioning.tracks import Tracks

FPS = 20


def line(frames=10, start=(8, 8), step=(2, 1), **more):
    points = np.float32(start) + np.float32(step) * np.arange(frames)[:, None, None]
    return Tracks(points, **more)


def steps(tracks, point=0):
    told = tracks.points[tracks.visible[:, point], point]
    return np.hypot(*np.diff(told, axis=0).T)


# ---------------------------------------------------------------- what they are


def test_points_alone_make_tracks_and_nobody_can_change_them():
    array = np.full((2, 3, 2), 5.0)
    tracks = Tracks(array)
    array[:] = 9
    assert tracks.points.dtype == np.float32 and tracks.points.max() == 5
    assert tracks.visible.all() and not tracks.scene.any() and not tracks.pinned.any()
    assert tracks.identity.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="read-only"):
        tracks.points[0] = 0
    assert repr(tracks) == "Tracks(3 points, 2 frames, 20 fps, 64x64)"


def test_unspecified_is_the_opposite_of_visible():
    tracks = line(4, visible=[[1], [0], [1], [1]])
    assert tracks.unspecified[:, 0].tolist() == [False, True, False, False]


def test_points_outside_the_picture_keep_their_place_and_are_unspecified():
    tracks = Tracks([[(-0.1, 5), (0, 0), (63.9, 63.9), (64, 5), (5, 200)]])
    assert tracks.visible[0].tolist() == [False, True, True, False, False]
    np.testing.assert_allclose(tracks.points[0, 4], (5, 200))


def test_no_points_at_all_are_fine():
    nothing = Tracks(np.zeros((3, 0, 2)))
    assert nothing.count == 0 and nothing.window(7, 2).points.shape == (2, 0, 2)
    assert (nothing | line(5)).points.shape == (5, 1, 2)


WRONG = {
    r"points must have shape \[frames, points, 2\].*got \[4, 2\]; put one axis in front": {
        "points": np.zeros((4, 2))
    },
    r"points must have shape .*got \[4, 1, 3\]": {"points": np.zeros((4, 1, 3))},
    r"points must have 1..100000 frames, got 0": {"points": np.zeros((0, 1, 2))},
    r"points must be finite, got \[nan, 1.0\] at frame 1, point 0; give such points": {
        "points": [[(1, 1)], [(np.nan, 1)]]
    },
    r"points must be finite, got \[inf, 0.0\] at frame 0": {"points": [[(1e39, 0)]]},
    r"points must be numbers in a regular array, got rows of different lengths": {
        "points": [[(1, 1)], [(1, 1), (2, 2)]]
    },
    r"points must be real numbers, got dtype <U1": {"points": [[("a", "b")]]},
    r"visible must have shape \[4, 1\], got \[4\]": {"visible": np.ones(4)},
    r"visible must be True or False \(1 or 0\), got 0.5": {"visible": np.full((4, 1), 0.5)},
    r"identity must be 1 whole numbers, one a point, got int64 of shape \[2\]": {
        "identity": [1, 2]
    },
    r"identity must be 1 whole numbers, one a point, got float64": {"identity": [1.5]},
    r"identity must be >= 0, got -3": {"identity": [-3]},
    r"scene must have shape \[1\], got \[2\]": {"scene": [True, False]},
    r"fps must be a finite number above 0 and at most 1000, got 0": {"fps": 0},
    r"size must be \(height, width\) in whole pixels, got \(64.0, 64\)": {"size": (64.0, 64)},
}


@pytest.mark.parametrize("message", WRONG)
def test_what_cannot_be_tracks_is_refused(message):
    with pytest.raises(ValueError, match=message):
        Tracks(**{"points": np.full((4, 1, 2), 5), **WRONG[message]})


# ---------------------------------------------------------------- windows


def test_windows_one_after_the_other_are_the_tracks():
    tracks = line(9)
    parts = [tracks.window(start, 3) for start in (0, 3, 6)]
    np.testing.assert_array_equal(np.concatenate([part.points for part in parts]), tracks.points)
    assert all(part.visible.all() and part.frames == 3 for part in parts)


def test_behind_the_end_a_pin_holds_and_a_stroke_says_nothing():
    tracks = line(4) | Tracks.pins([(30, 40)])
    late = tracks.window(3, 3)
    assert late.visible[:, 0].tolist() == [True, False, False]
    assert late.visible[:, 1].all() and np.isfinite(late.points).all()
    np.testing.assert_array_equal(tracks.window(10**9, 2).points[:, 1], [(30, 40), (30, 40)])


@pytest.mark.parametrize(
    ("start", "count", "message"),
    [(-1, 3, "start must be >= 0, got -1"), (0, 0, r"count must be in 1..100000 frames, got 0")],
)
def test_windows_that_cannot_be_are_refused(start, count, message):
    with pytest.raises(ValueError, match=message):
        line().window(start, count)


# ---------------------------------------------------------------- joined and resampled


def test_joined_tracks_keep_their_points_and_get_different_identities():
    pair = Tracks.from_grab([(10, 10), (20, 10)], [(0, 0), (9, 0)])
    both = pair | line(3) | pair
    assert both.count == 5 and both.frames == pair.frames
    assert both.identity.tolist() == [0, 0, 1, 2, 2]
    np.testing.assert_array_equal(both.points[:, 3:], pair.points)


def test_identities_that_do_not_clash_are_kept():
    assert (line(identity=[7]) | line(identity=[3])).identity.tolist() == [7, 3]


@pytest.mark.parametrize("other", [{"fps": 10}, {"size": (32, 64)}])
def test_tracks_of_another_rate_or_size_are_not_joined(other):
    (name,) = other
    with pytest.raises(ValueError, match=rf"same {name} to be joined.*use .resample\({name}="):
        line(3) | line(3, **other)


def test_resampling_there_and_back_changes_nothing():
    tracks = line(13, visible=np.arange(13)[:, None] != 5)
    there = tracks.resample(fps=60, size=(128, 96))
    assert there.frames == 37 and there.size == (128, 96) and there.fps == 60
    np.testing.assert_allclose(there.points[-1, 0], tracks.points[-1, 0] * (1.5, 2))
    back = there.resample(fps=20, size=(64, 64))
    np.testing.assert_allclose(back.points, tracks.points, atol=1e-4)
    np.testing.assert_array_equal(back.visible, tracks.visible)


def test_resampling_keeps_the_speed_in_widths_a_second():
    tracks = line(31, step=(1.5, 0), fps=30).resample(fps=20)
    assert tracks.frames == 21
    np.testing.assert_allclose(steps(tracks), 1.5 * 30 / 20, rtol=1e-5)


def test_a_frame_between_a_told_and_an_untold_one_is_untold():
    tracks = line(3, visible=[[1], [0], [1]]).resample(fps=40)
    assert tracks.visible[:, 0].tolist() == [True, False, False, False, True]


# ---------------------------------------------------------------- strokes


def test_a_stroke_runs_from_its_start_to_its_end_at_the_asked_speed():
    tracks = Tracks.from_strokes([[(11, 40), (50, 40), (50, 19)]], fps=FPS, speed_px_s=30)
    np.testing.assert_allclose(tracks.points[[0, -1], 0], [(11, 40), (50, 19)])
    assert tracks.frames == 1 + 60 / 30 * FPS and tracks.size == (64, 64)
    np.testing.assert_allclose(steps(tracks), 30 / FPS, rtol=1e-4)


def test_the_usual_speed_does_not_depend_on_the_number_of_points():
    ways = [np.column_stack([np.linspace(8, 56, n), np.full(n, 30)]) for n in (2, 50)]
    first, second = (Tracks.from_strokes([way], fps=FPS) for way in ways)
    np.testing.assert_allclose(first.points, second.points, atol=1e-4)
    assert first.frames == 1 + 48 / 24 * FPS


def test_a_stroke_with_times_runs_as_it_was_drawn():
    drawn = [(10, 10, 5.0), (20, 10, 6.0), (50, 10, 6.5)]
    tracks = Tracks.from_strokes([drawn], fps=FPS)
    np.testing.assert_allclose(tracks.points[[0, 20, 30], 0, 0], (10, 20, 50))
    assert steps(tracks)[:20].max() < 1 < steps(tracks)[20:].min()
    twice = Tracks.from_strokes([drawn], fps=FPS, pace=2)
    np.testing.assert_allclose(twice.points, tracks.points[::2], atol=1e-5)
    np.testing.assert_allclose(
        steps(Tracks.from_strokes([drawn], fps=FPS, speed_px_s=40)), 2, rtol=1e-4
    )


def test_strokes_start_together_and_each_ends_on_its_own():
    tracks = Tracks.from_strokes([[(10, 40), (50, 40)], [(5, 5), (17, 5)]], fps=FPS)
    assert tracks.visible.sum(0).tolist() == [34, 11] and tracks.visible[0].all()
    assert tracks.identity.tolist() == [0, 1]


def test_a_pinned_stroke_stays_at_its_end():
    tracks = Tracks.from_strokes([[(10, 40), (50, 20)], [(5, 5), (17, 5)]], pinned=[True, False])
    late = tracks.window(500, 2)
    np.testing.assert_allclose(late.points[:, 0], [(50, 20)] * 2)
    assert late.visible.tolist() == [[True, False]] * 2


def test_a_click_is_a_stroke_of_one_frame():
    assert Tracks.from_strokes([[(10, 40)]]).frames == 1


def test_a_grabbed_object_moves_rigidly_under_one_identity():
    tracks = Tracks.from_grab([(20, 20), (30, 20), (25, 32)], [(0, 0), (10, 12)], fps=FPS)
    assert tracks.identity.tolist() == [0, 0, 0]
    between = tracks.points - tracks.points[:, :1]
    np.testing.assert_allclose(between, np.broadcast_to(between[0], between.shape), atol=1e-4)
    np.testing.assert_allclose(tracks.points[-1, 0], (30, 32), atol=1e-4)


BAD_STROKES = {
    r"strokes must be a list of at least one stroke, got \[\]": {"strokes": []},
    r"stroke 0 must be at least one point .*got shape \[2\]; wrap a single stroke in a list": {
        "strokes": [(10, 40), (50, 20)]
    },
    r"stroke 1 must be at least one point .*got shape \[0\]": {"strokes": [[(1, 2)], []]},
    r"stroke 0 must be finite, got \[1.0, inf\]": {"strokes": [[(1, np.inf)]]},
    r"stroke 0 must have times that never go back, got \[1.0, 0.5\]": {
        "strokes": [[(1, 2, 1.0), (1, 3, 0.5)]]
    },
    r"pace must be a finite number above 0, got 0": {"pace": 0},
    r"speed_px_s must be a finite number above 0, got -1": {"speed_px_s": -1},
    r"strokes must last at most 100000 frames, got .*; raise the speed": {"speed_px_s": 1e-6},
}


@pytest.mark.parametrize("message", BAD_STROKES)
def test_strokes_that_cannot_be_followed_are_refused(message):
    with pytest.raises(ValueError, match=message):
        Tracks.from_strokes(**{"strokes": [[(1, 2), (9, 9)]], **BAD_STROKES[message]})


def test_pins_and_grids_stay():
    pins = Tracks.pins([(3, 4), (60, 60)])
    assert pins.pinned.all() and not pins.scene.any() and pins.frames == 1
    grid = Tracks.grid(16)
    assert grid.count == 16 and grid.scene.all() and grid.pinned.all() and grid.visible.all()
    assert sorted(set(grid.points[0, :, 0].tolist())) == [8, 24, 40, 56]
    with pytest.raises(ValueError, match=r"spacing_px must be .* above 0.99, got 0"):
        Tracks.grid(0)
