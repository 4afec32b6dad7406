"""A moving camera moves the points of the scene the other way, and the picture stays covered."""

import numpy as np
import pytest

from playground.conditioning.tracks import Tracks

FPS = 20


def lives(tracks):
    """First and last frame of every point; each must be told without a gap between them."""
    first = tracks.visible.argmax(0)
    last = tracks.frames - 1 - tracks.visible[::-1].argmax(0)
    np.testing.assert_array_equal(tracks.visible.sum(0), last - first + 1)
    return first, last


MIDDLE = np.float32([32, 32])
MOVES = {  # what a point of the scene does in one second
    "pan": ({"pan_px_s": (12, -6)}, lambda p: p - (12, -6)),
    "zoom in": ({"zoom_per_s": 0.5}, lambda p: (p - MIDDLE) * 1.5 + MIDDLE),
    "zoom out": ({"zoom_per_s": -0.5}, lambda p: (p - MIDDLE) * 0.5 + MIDDLE),
    "turn": (
        {"rotate_deg_s": 90},
        lambda p: np.stack([p[:, 1] - 32, 32 - p[:, 0]], 1) + MIDDLE,
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_camera_moves_the_scene_the_other_way(name):
    move, expected = MOVES[name]
    tracks = Tracks.camera(3, fps=FPS, **move)
    stayed = tracks.visible[0] & tracks.visible[FPS]
    assert stayed.sum() >= 4 and tracks.scene.all() and not tracks.pinned.any()
    np.testing.assert_allclose(
        tracks.points[FPS, stayed], expected(tracks.points[0, stayed]), atol=1e-3
    )


@pytest.mark.parametrize("name", MOVES)
def test_the_picture_stays_covered_by_scene_points(name):
    tracks = Tracks.camera(10, fps=FPS, **MOVES[name][0])
    lives(tracks)
    assert len(set(tracks.identity.tolist())) == tracks.count
    told = tracks.visible.sum(1)
    assert told.min() >= 9 and told.max() <= 40, (told.min(), told.max())
    corners = np.stack(np.meshgrid([8, 32, 56], [8, 32, 56]), -1).reshape(-1, 1, 2)
    for frame in range(0, tracks.frames, 7):
        points = tracks.points[frame, tracks.visible[frame]]
        assert np.hypot(*(points - corners).T).min(0).max() < 19.4


def test_scene_points_leave_only_over_the_border_while_panning():
    tracks = Tracks.camera(6, pan_px_s=(10, 0), fps=FPS)
    _, last = lives(tracks)
    gone = last < tracks.frames - 1
    at_last = tracks.points[last, np.arange(tracks.count)]
    assert gone.sum() >= 12 and (at_last[gone, 0] < 0.5 + 1e-3).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seconds": 0}, "seconds must be a finite number above 0"),
        ({"pan_px_s": 3}, r"pan_px_s must be \(right, down\) in pixels a second, got 3"),
        ({"zoom_per_s": -1}, "zoom_per_s must be a finite number above -1"),
        ({"rotate_deg_s": float("nan")}, r"rotate_deg_s must be a finite number.*got nan"),
    ],
)
def test_cameras_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Tracks.camera(**{"seconds": 1, **wrong})
