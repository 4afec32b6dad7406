"""A pointer commands from one thread, the stream asks from another: nothing jumps, nothing grows."""

import itertools
import sys
import threading

import numpy as np
import pytest

from playground.conditioning.live_tracks import MAX_POINTS, LiveTracks
from playground.conditioning.tracks import Tracks

CHUNK = 3


def played(live, chunks, start=0):
    """The next windows, one after the other."""
    return [live.window(start + CHUNK * k, CHUNK) for k in range(chunks)]


def path_of(windows, identity):
    """All that the windows told of one thing."""
    told = [
        w.points[w.visible[:, k], k]
        for w in windows
        for k in np.flatnonzero(w.identity == identity)
    ]
    return np.concatenate(told) if told else np.zeros((0, 2))


# ---------------------------------------------------------------- a pointer


def test_a_held_point_goes_straight_to_where_the_pointer_is():
    live = LiveTracks()
    key = live.grab(10, 10)
    live.move(key, 40, 40)
    live.move(key, 16, 13)
    window = live.window(0, CHUNK)
    np.testing.assert_allclose(window.points[:, 0], [(12, 11), (14, 12), (16, 13)])
    np.testing.assert_allclose(live.window(3, CHUNK).points[:, 0], [(16, 13)] * 3)


def test_what_is_told_never_jumps_and_ends_where_the_pointer_is():
    live, rng = LiveTracks(), np.random.default_rng(0)
    key, spot, windows = live.grab(32, 32), np.array([32.0, 32.0]), []
    for chunk in range(40):
        for _ in range(rng.integers(0, 5)):
            spot = np.clip(spot + rng.uniform(-2, 2, 2), 1, 63)
            live.move(key, *spot)
        windows.append(live.window(CHUNK * chunk, CHUNK))
        np.testing.assert_allclose(windows[-1].points[-1, 0], spot, rtol=1e-5)
    path = path_of(windows, identity=windows[0].identity[0])
    assert len(path) == 40 * CHUNK
    assert np.hypot(*np.diff(path, axis=0).T).max() <= 5 * np.hypot(2, 2) / CHUNK


def test_a_released_point_is_not_told_from_the_next_window_on():
    live = LiveTracks()
    first, second = live.grab(10, 10), live.grab(20, 20)
    assert live.window(0, CHUNK).count == 2
    assert live.release(first) and not live.release(first)
    window = live.window(3, CHUNK)
    assert window.count == 1 and window.visible.all()
    np.testing.assert_allclose(window.points[0, 0], (20, 20))
    assert not live.move(first, 5, 5) and live.move(second, 5, 5)


def test_identities_stay_while_a_point_lives_and_a_new_grab_gets_another():
    live = LiveTracks()
    keep = live.grab(30, 30)
    seen = []
    for chunk in range(20):
        key = live.grab(10, 10)
        seen.append(live.window(CHUNK * chunk, CHUNK).identity.tolist())
        live.release(key)
    assert len({kept for kept, _ in seen}) == 1 and len({new for _, new in seen}) == 20
    assert live.move(keep, 1, 1)


def test_grabs_that_share_an_identity_move_as_one_thing():
    live = LiveTracks()
    first = live.grab(10, 10)
    live.grab(20, 12, identity=first)
    other = live.grab(50, 50, scene=True)
    live.move(first, 13, 16)
    window = live.window(0, CHUNK)
    np.testing.assert_allclose(window.points[-1], [(13, 16), (23, 18), (50, 50)])
    assert window.identity[0] == window.identity[1] != window.identity[2]
    assert window.scene.tolist() == [False, False, True]
    assert live.release(other)


def test_a_pointer_outside_the_picture_says_nothing_until_it_is_back():
    live = LiveTracks()
    key = live.grab(60, 30)
    live.move(key, 72, 30)
    assert live.window(0, CHUNK).visible[:, 0].tolist() == [False] * 3
    live.move(key, 60, 30)
    assert live.window(3, CHUNK).visible[:, 0].tolist() == [False, False, True]


def test_pins_stay_until_they_are_taken_out():
    live = LiveTracks()
    key = live.pin(30, 40)
    for window in played(live, 50):
        np.testing.assert_allclose(window.points[:, 0], [(30, 40)] * 3)
    assert not live.release(key) and not live.move(key, 1, 1)
    assert live.unpin(key) and not live.unpin(key)
    assert live.window(150, CHUNK).count == 0


# ---------------------------------------------------------------- ahead of time


def test_plans_begin_together_at_the_next_window_and_end_for_good():
    live, strokes = LiveTracks(), [[(10, 40), (50, 40)], [(5, 5), (17, 5)]]
    for stroke in strokes:
        live.plan([stroke])
    assert all(window.count == 0 for window in played(live, 5))
    assert live.start() == 2 and live.start() == 0
    windows = played(live, 14, start=15)
    drawn = Tracks.from_strokes(strokes)
    for point in (0, 1):
        identity = windows[0].identity[point]
        expected = drawn.points[drawn.visible[:, point], point]
        np.testing.assert_allclose(path_of(windows, identity), expected, atol=1e-5)
    assert windows[-1].count == 0 and live.snapshot().plans == ()


def test_a_plan_may_be_any_tracks_at_any_rate_and_size():
    live = LiveTracks(fps=20, size=(64, 64))
    live.plan(Tracks.grid(64, fps=10, size=(128, 128)))
    live.start()
    window = played(live, 100)[-1]
    assert window.scene.all() and window.visible.all() and window.count == 4
    assert sorted(window.points[0, :, 0].tolist()) == [16, 16, 48, 48]


def test_undo_takes_back_the_newest_pin_or_plan():
    live = LiveTracks()
    pin, plan, grab = live.pin(1, 2), live.plan([[(1, 2), (30, 4)]]), live.grab(5, 5)
    later = live.pin(3, 4)
    assert [live.undo() for _ in range(4)] == [later, plan, pin, None]
    assert [one.key for one in live.snapshot().grabs] == [grab]
    assert not live.unplan(plan)


# ---------------------------------------------------------------- camera, windows, snapshot


def test_a_camera_moves_scene_points_across_windows_until_it_is_off():
    live = LiveTracks()
    live.camera(pan_px_s=(20, 0))
    windows = played(live, 40)
    for before, after in itertools.pairwise(windows):
        both, old, new = np.intersect1d(before.identity, after.identity, return_indices=True)
        told = before.visible[-1, old] & after.visible[0, new]
        assert told.sum() >= 9 and after.scene.all(), both
        step = after.points[0, new[told]] - before.points[-1, old[told]]
        np.testing.assert_allclose(step, np.broadcast_to((-1, 0), step.shape), atol=1e-4)
    live.camera()
    assert live.window(120, CHUNK).count == 0


def test_a_window_asked_twice_is_the_same_and_moves_nothing_on():
    live = LiveTracks()
    key = live.grab(10, 10)
    live.move(key, 40, 10)
    first = live.window(0, CHUNK)
    live.move(key, 60, 10)
    assert live.window(0, CHUNK) is first
    np.testing.assert_allclose(
        live.window(3, CHUNK).points[:, 0, 0], (46.6667, 53.3333, 60), atol=1e-3
    )


def test_a_window_that_begins_one_frame_earlier_repeats_that_frame():
    live, other = LiveTracks(), LiveTracks()
    for one in (live, other):
        one.camera(zoom_per_s=0.2)
        one.move(one.grab(10, 10), 20, 10)
        one.plan([[(5, 5), (17, 5)]])
        one.start()
    plain, led = played(live, 3), [other.window(0, 3), other.window(2, 4), other.window(5, 4)]
    for before, after, expected in zip(led, led[1:], plain[1:], strict=False):
        rows = np.searchsorted(after.identity, expected.identity)
        np.testing.assert_allclose(after.points[1:, rows], expected.points, atol=1e-5)
        for column, identity in enumerate(before.identity):
            (again,) = np.flatnonzero(after.identity == identity)
            if after.visible[0, again]:
                np.testing.assert_allclose(after.points[0, again], before.points[-1, column])


def test_a_stream_that_starts_again_goes_on_with_what_is_commanded():
    live = LiveTracks()
    live.plan([[(10, 10), (50, 10)]])
    live.start()
    late = live.window(300, CHUNK)
    again = live.window(0, CHUNK)
    np.testing.assert_allclose(
        again.points[0] - late.points[-1], late.points[1] - late.points[0], atol=1e-4
    )


def test_a_snapshot_shows_what_is_commanded_and_changes_nothing():
    live = LiveTracks()
    key = live.grab(10, 10)
    live.pin(20, 20)
    live.plan([[(1, 1), (9, 9)]])
    live.camera(rotate_deg_s=5)
    live.move(key, 12, 10)
    shot = live.snapshot()
    assert shot.grabs[0].spot == (12, 10) and shot.grabs[0].told == (10, 10)
    assert shot.pins[0].spot == (20, 20) and not shot.plans[0].started
    assert shot.camera.rotate_deg_s == 5 and shot.scene_points.shape == (16, 2)
    assert live.window(0, CHUNK).points[-1, 0].tolist() == [12, 10]
    live.clear()
    assert live.window(3, CHUNK).count == 0 and live.snapshot().frame == 6


# ---------------------------------------------------------------- long, and from many threads


def test_hours_of_dragging_and_panning_leave_nothing_behind():
    live = LiveTracks()
    live.camera(pan_px_s=(60, 0))
    sizes = []
    for chunk in range(120):
        key = live.grab(10, 10)
        live.plan([[(chunk % 60, 10), (30, 30)]], speed_px_s=200)
        live.start()
        live.move(key, 20, 20)
        window = live.window(CHUNK * chunk, CHUNK)
        live.release(key)
        state = live.snapshot()
        sizes.append((len(state.plans), len(state.scene_points), window.count))
    early, late = np.array(sizes[20:60]).max(0), np.array(sizes[-40:]).max(0)
    assert (late <= early).all(), (early, late)
    assert sys.getsizeof(live._held) < 1000 and sys.getsizeof(live._plans) < 10_000


def test_many_threads_may_command_while_one_asks():
    live, failed, stop = LiveTracks(), [], threading.Event()

    def drag(seed):
        rng = np.random.default_rng(seed)
        try:
            while not stop.is_set():
                key = live.grab(*rng.uniform(0, 64, 2))
                for _ in range(5):
                    live.move(key, *rng.uniform(0, 64, 2))
                live.pin(*rng.uniform(0, 64, 2))
                live.snapshot()
                live.undo()
                live.release(key)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=drag, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    windows = played(live, 60)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failed
    assert all(len(set(w.identity.tolist())) == w.count <= 6 for w in windows)


WRONG = {
    "x must be a finite number, got nan": lambda live: live.grab(float("nan"), 1),
    "y must be a finite number, got 'a'": lambda live: live.pin(1, "a"),
    "x must be a finite number, got inf": lambda live: live.move(0, float("inf"), 0),
    "identity must be >= 0, got -1": lambda live: live.grab(1, 1, identity=-1),
    "zoom_per_s must be a finite number above -1": lambda live: live.camera(zoom_per_s=-2),
    "stroke 0 must be at least one point": lambda live: live.plan([[]]),
    f"points must be at most {MAX_POINTS} at once, got 517; undo or clear": lambda live: live.plan(
        Tracks.pins(np.full((516, 2), 5))
    ),
    "start must be >= 0, got -3": lambda live: live.window(-3, 3),
}


@pytest.mark.parametrize("message", WRONG)
def test_commands_that_cannot_be_change_nothing(message):
    live = LiveTracks()
    live.grab(10, 10)
    before = live.snapshot()
    with pytest.raises(ValueError, match=message):
        WRONG[message](live)
    after = live.snapshot()
    assert after.grabs == before.grabs and after.plans == () and after.camera.off
