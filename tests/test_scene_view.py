"""A memory that goes with the camera: what its points say, pictures seen from elsewhere, and streams."""

import numpy as np
import pytest
import torch

from playground import Tracks, VideoStream
from playground.conditioning.track_camera import Camera
from playground.streams import scene_view
from playground.streams.scene_view import Course, fitted, moved, seen_from, steered, ways_of
from small_video import SIZE, frames, small_model, stream

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(4, 60, (6, 2))
MOVES = [
    Camera(pan_px_s=(8, -3)),
    Camera(zoom_per_s=0.3),
    Camera(rotate_deg_s=20),
    Camera(pan_px_s=(5, 5), zoom_per_s=-0.2, rotate_deg_s=-30),
]


def told(camera, seconds=0.4, size=(64, 64), things=()):
    """A camera's tracks, with points on things that stand still on the screen."""
    tracks = Tracks.camera(
        seconds,
        pan_px_s=camera.pan_px_s,
        zoom_per_s=camera.zoom_per_s,
        rotate_deg_s=camera.rotate_deg_s,
        size=size,
    )
    places = np.repeat(np.array(things, float).reshape(1, -1, 2), tracks.frames, 0)
    return Tracks(
        np.concatenate([tracks.points, places], 1),
        visible=np.pad(tracks.visible, ((0, 0), (0, len(things))), constant_values=True),
        identity=[*tracks.identity, *range(90_000, 90_000 + len(things))],
        scene=[True] * tracks.count + [False] * len(things),
        size=size,
    )


def on(matrix, points):
    return points @ matrix[:2, :2].T + matrix[:2, 2]


# ------------------------------------------------------------ what points say


@pytest.mark.parametrize("camera", MOVES, ids=["pan", "zoom", "turn", "all"])
def test_points_of_the_scene_give_the_cameras_move(camera):
    after = camera.moved(POINTS, 20, (64, 64))
    np.testing.assert_allclose(on(fitted(POINTS, after), POINTS), after, atol=1e-6)
    expected = POINTS
    for matrix in ways_of(told(camera).window(0, 4), 3):
        expected = camera.moved(expected, 20, (64, 64))
        np.testing.assert_allclose(on(matrix, POINTS), expected, atol=1e-3)


def test_one_point_gives_a_shift_and_none_gives_nothing():
    np.testing.assert_allclose(on(fitted(POINTS[:1], POINTS[:1] + 2), POINTS), POINTS + 2)
    np.testing.assert_array_equal(fitted(POINTS[:0], POINTS[:0]), np.eye(3))
    np.testing.assert_array_equal(ways_of(None, 3), np.repeat(np.eye(3)[None], 3, 0))


def test_points_on_things_and_hidden_ones_say_nothing_of_the_camera():
    coming = told(MOVES[0], things=[(20, 20)]).window(0, 4)
    np.testing.assert_allclose(ways_of(coming, 3), ways_of(told(MOVES[0]).window(0, 4), 3))
    hidden = Tracks(coming.points, visible=np.zeros_like(coming.visible), scene=coming.scene)
    np.testing.assert_array_equal(ways_of(hidden, 3), np.repeat(np.eye(3)[None], 3, 0))


def test_a_chunk_is_painted_in_the_view_of_its_middle_frame():
    ways = ways_of(told(MOVES[3]).window(0, 4), 3)
    course = Course.along(ways)
    np.testing.assert_allclose(course.shown[1], np.eye(3), atol=1e-9)
    for shown, way in zip(course.shown, ways, strict=True):
        np.testing.assert_allclose(shown @ course.painted, way, atol=1e-9)
    np.testing.assert_allclose(course.whole, ways[-1], atol=1e-9)


def test_things_are_told_where_they_end_up_on_the_screen():
    coming = told(MOVES[3], things=[(20, 44)]).window(0, 4)
    course = Course.along(ways_of(coming, 3))
    answer = steered(coming, course)
    assert not answer.visible[:, coming.scene].any()
    for frame, shown in enumerate(course.shown, 1):
        np.testing.assert_allclose(on(shown, answer.points[frame, -1:])[0], (20, 44), atol=1e-3)
    before = on(course.painted, coming.points[0, -1:])
    np.testing.assert_allclose(before, answer.points[0, -1:], atol=1e-3)


# ------------------------------------------------------------ pictures


def shift(x, y):
    return np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])


def test_pictures_move_by_whole_pixels_exactly():
    pictures = RNG.integers(0, 256, (2, 16, 16, 3), np.uint8)
    both = moved(pictures, np.stack([shift(3, 0), shift(0, -2)]))
    np.testing.assert_array_equal(both[0][:, 3:], pictures[0][:, :-3])
    np.testing.assert_array_equal(both[1][:-2], pictures[1][2:])
    assert moved(pictures, np.stack([shift(0.01, 0), np.eye(3)])) is pictures


def test_what_the_camera_uncovers_comes_from_the_newest_frame():
    base, newest = np.full((3, 16, 16, 3), 200, np.uint8), np.full((16, 16, 3), 50, np.uint8)
    seen = seen_from(base, shift(-4, 0), newest)
    assert (seen[:, :, :12] == 200).all()
    assert (seen[:, :, 12:] == 50).all()
    assert not scene_view.is_worn(base, shift(-4, 0))
    assert scene_view.is_worn(base, shift(-9, 0))
    assert scene_view.is_worn(base, np.diag([1.5, 1.5, 1]))


# ------------------------------------------------------------ streams


@pytest.fixture(scope="module")
def model():
    return small_model()


def pan(**more):
    return told(Camera(pan_px_s=(10, 0)), 2, SIZE, **more)


def on_and_off(model, count, **knobs):
    return [frames(stream(model, camera_memory=on, **knobs), count) for on in (True, False)]


def test_without_a_camera_nothing_changes(model):
    path = Tracks.from_strokes([[(2, 2), (12, 12)]], size=SIZE)
    np.testing.assert_array_equal(*on_and_off(model, 4, tracks=path))


@pytest.mark.parametrize("knobs", [{"sizes": {"sink_chunks": 0}}, {"policy": "everything"}])
def test_it_needs_a_sink(model, knobs):
    np.testing.assert_array_equal(*on_and_off(model, 3, tracks=pan(), **knobs))


def test_the_sink_is_written_anew_under_its_own_numbers(model):
    video = stream(model, tracks=pan())
    sinks, numbers = [], []
    for _ in range(5):
        numbers.append(next(video).cache.frames)
        sinks.append(video.state.flight.rollout.sink)
    assert all(cache[:3] == (0, 1, 2) for cache in numbers)
    assert numbers[-1][-6:] == (9, 10, 11, 12, 13, 14)
    assert len({id(sink) for sink in sinks}) == 5
    assert not torch.equal(sinks[1], sinks[4])


def test_the_scene_is_not_told_to_the_network_unless_that_is_asked_for(model):
    for memory in (True, False):
        video = stream(model, tracks=pan(), camera_memory=memory)
        frames(video, 3)
        assert (video.state.flight.rollout.tracks is None) == memory


def test_a_camera_that_stopped_leaves_the_sink_alone(model):
    video = stream(model, tracks=pan())
    frames(video, 3)
    video.tracks = None
    frames(video, 2)  # the chunk before was painted in the view of its middle frame
    sink = video.state.flight.rollout.sink
    frames(video, 2)
    assert video.state.flight.rollout.sink is sink
    np.testing.assert_allclose(video.state.flight.scene.lag, np.eye(3), atol=1e-9)


@pytest.mark.parametrize("before", [2, 5])  # an early switch writes the sink anew, a late one not
def test_under_new_words_the_memory_waits_and_the_picture_moves_on(model, before):
    video = stream(model, tracks=pan())
    frames(video, before)
    video.prompt = "a fox on snow"
    next(video)
    sink, lags = video.state.flight.rollout.sink, []
    for _ in range(scene_view.WAITS - 1):
        next(video)
        assert video.state.flight.rollout.sink is sink
        lags.append(video.state.flight.scene.lag[0, 2])
    assert (np.diff(lags) < -1).all()  # three frames of half a pixel each
    next(video)
    assert video.state.flight.rollout.sink is not sink
    assert abs(video.state.flight.scene.lag[0, 2]) < 1


@pytest.mark.parametrize("name", ["longlive", "sink_window"])
def test_it_goes_with_every_policy_that_has_a_sink(model, name):
    video = stream(model, tracks=pan(things=[(6, 8)]), policy=name)
    assert frames(video, 6).shape[0] == 18
    assert video.state.flight.scene.base is not None


def test_the_sink_is_told_of_things_what_the_newest_chunk_is_told(model):
    video = stream(model, tracks=pan(things=[(6, 8)]))
    frames(video, 4)
    sink, before, _ = video.state.flight.rollout.tracks.split(3, 2)
    assert torch.equal(sink, before)
    assert sink.abs().max() > 0


def test_a_restored_stream_makes_it_again(model):
    video = stream(model, tracks=pan())
    frames(video, 3)
    state = video.state
    expected = frames(video, 3)
    np.testing.assert_array_equal(frames(VideoStream.restore(state), 3), expected)


def test_a_grab_while_the_camera_moves_and_another_chunk_length(model):
    video = stream(model, tracks=pan())
    frames(video, 3)
    video.tracks = pan(things=[(6, 8)])
    assert next(video).resunk
    video.chunk = 2
    assert frames(video, 3).shape[0] == 6
