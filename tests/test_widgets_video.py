"""The parts of the video app without a browser: plan, path pad, camera, steady frames, dials, cache."""

import time

import numpy as np
import pytest

from playground.conditioning.following import Following
from playground.conditioning.live_tracks import LiveTracks
from playground.streams.video_controls import VideoControls
from widgets.cache_view import MOST, CacheView
from widgets.frame_view import FrameView
from widgets.path_camera import CameraHand
from widgets.path_pad import PathPad
from widgets.path_plan import PathPlan
from widgets.steady_mailbox import SteadyMailbox
from widgets.video_dials import VideoDialling, chunks_kept, sizes_for


def wait_until(true, timeout_s=10.0):
    until = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.01)


@pytest.fixture
def pad():
    return PathPad(FrameView(), LiveTracks(), size=(64, 64))


def told(live, frame=0, count=3):
    """Things told in the last frame of the next window."""
    window = live.window(frame, count)
    return window.points[-1][window.visible[-1]].round(1).tolist()


def say(widget, kind, **content):
    widget._handle_custom_msg({"kind": kind, **content}, [])
    assert widget.trouble == ""


# ---------------------------------------------------------------- the plan


def test_every_change_of_the_plan_can_be_taken_back():
    plan = PathPlan((64, 64))
    plan.add_path([(1, 1), (5, 5)])
    plan.add_pin((9, 9))
    plan.move_pin(0, (10, 9))
    plan.clear()
    pins = []
    while plan.can_undo:
        plan.undo()
        pins.append(plan.pins)
    assert pins == [((10.0, 9.0),), ((9.0, 9.0),), (), ()] and plan.paths == ()


def test_a_dragged_pin_is_one_change():
    plan = PathPlan((64, 64))
    plan.add_pin((9, 9))
    for at, x in enumerate((10, 12, 15)):
        plan.move_pin(0, (x, 9), remember=at == 0)
    plan.undo()
    assert plan.pins == ((9.0, 9.0),)


def test_a_path_keeps_the_moments_at_which_the_hand_paused():
    plan = PathPlan((64, 64))
    assert plan.add_path([(1, 1, 0), (5, 1, 0.1), (5, 1, 0.5), (5.1, 1, 1.1), (9, 1, 1.2)])
    assert plan.paths[0].points == ((1, 1, 0), (5, 1, 0.1), (5.1, 1, 1.1), (9, 1, 1.2))


def test_a_click_is_no_path_and_points_stay_on_the_sheet():
    plan = PathPlan((32, 64))
    assert not plan.add_path([(5, 5), (5, 5)])
    plan.add_path([(-5, 5), (90, 90)])
    assert plan.paths[0].points == ((0, 5), (63, 31))
    with pytest.raises(ValueError, match="point must be two numbers"):
        plan.add_pin((float("nan"), 1))
    with pytest.raises(ValueError, match="pin must be one of 0, got number 2"):
        plan.remove_pin(2)


# ---------------------------------------------------------------- hands on the pad


def test_grab_move_and_release_reach_the_tracks(pad):
    say(pad.layer, "grab", pointer=0, point=[10, 20])
    say(pad.layer, "moves", batch=1, places=[[0, [16, 26]]])
    assert told(pad.live) == [[16, 26]]
    say(pad.layer, "release", pointer=0)
    assert told(pad.live, 3) == []


def test_two_fingers_hold_two_things(pad):
    for pointer, x in ((0, 10), (1, 40)):
        say(pad.layer, "grab", pointer=pointer, point=[x, 20])
    say(pad.layer, "moves", batch=1, places=[[0, [12, 20]], [1, [44, 20]]])
    assert told(pad.live) == [[12, 20], [44, 20]]


def test_drawn_paths_wait_and_start_together(pad):
    say(pad.layer, "path", points=[[10, 10, 0], [20, 10, 0.2]])
    say(pad.layer, "path", points=[[40, 40, 0], [40, 50, 0.2]])
    assert told(pad.live) == [] and pad.tools.waiting == 2
    say(pad.tools, "wish", name="pace", value=2.0)
    say(pad.tools, "wish", name="start")
    assert told(pad.live, 3) == [[20, 10], [40, 50]]
    assert pad.tools.waiting == 0 and told(pad.live, 6) == []


def test_pins_are_held_moved_and_let_go(pad):
    say(pad.layer, "pin", point=[10, 10])
    say(pad.layer, "pin", point=[30, 30])
    assert told(pad.live) == [[10, 10], [30, 30]] and pad.layer.selected == 1
    say(pad.layer, "move_pin", index=1, point=[33, 30], first=True)
    assert told(pad.live, 3) == [[10, 10], [33, 30]]
    say(pad.layer, "nudge", by=[2, -1])
    assert told(pad.live, 6) == [[10, 10], [35, 29]]
    say(pad.layer, "unpin", index=0)
    assert told(pad.live, 9) == [[35, 29]]
    say(pad.tools, "wish", name="undo")
    assert sorted(told(pad.live, 12)) == [[10, 10], [35, 29]]
    say(pad.tools, "wish", name="clear")
    assert told(pad.live, 15) == [] and not pad.plan.pins


def test_what_the_hand_does_must_be_a_mode(pad):
    pad.choose("camera")
    assert pad.layer.mode == pad.tools.mode == "camera"
    with pytest.raises(ValueError, match="mode must be one of drag, draw, pin, camera"):
        pad.choose("fly")
    with pytest.raises(ValueError, match=r"pace must be in 0.25..3.0, got 9"):
        pad.set_pace(9)
    with pytest.raises(ValueError, match="must be a wish of the path pad, got 'jump'"):
        pad.wish("jump")


def test_the_camera_moves_the_scene_with_the_hand():
    live = LiveTracks()
    hand = CameraHand(live, (64, 64))
    hand.grab(0, (30, 30))
    first = live.window(0, 3)
    assert hand.move(0, (34, 28)) and not hand.move(1, (0, 0))
    second = live.window(3, 3)
    both = first.visible[-1] & second.visible[-1][: first.count]
    steps = (second.points[-1][: first.count] - first.points[-1])[both]
    assert second.scene.all() and len(steps) > 10
    np.testing.assert_allclose(steps, np.broadcast_to([4, -2], steps.shape), atol=1e-4)
    hand.release()
    assert not live.window(6, 3).visible.any() and not hand.active


def test_zooming_moves_the_scene_apart_and_ends_by_itself():
    live = LiveTracks()
    hand = CameraHand(live, (64, 64))
    hand.zoom(1.2, (32, 32))
    assert hand.active
    wait_until(lambda: not hand.active)
    assert live.snapshot().grabs == ()


# ---------------------------------------------------------------- steady frames


def test_frames_that_come_in_bursts_leave_at_a_steady_rate():
    box, moments = SteadyMailbox(50, ahead=2), []
    box.listeners.append(lambda item: moments.append((item, time.perf_counter())))
    for item in range(9):
        box.put(item)
    wait_until(lambda: len(moments) == 9)
    assert [item for item, _ in moments] == list(range(9))
    gaps = np.diff([moment for _, moment in moments])
    assert np.median(gaps) > 0.015


def test_a_loop_that_stands_still_holds_nobody_up_for_long(monkeypatch):
    monkeypatch.setattr("widgets.steady_mailbox.PATIENCE_S", 0.02)

    class Stuck:
        def call_soon(self, callback):
            pass

        call_later = None

    box = SteadyMailbox(20, ahead=2, loop=Stuck())
    began = time.perf_counter()
    for item in range(5):
        box.put(item)
    assert time.perf_counter() - began < 2 and box.waiting == 5


# ---------------------------------------------------------------- where it is


def test_a_moving_patch_is_followed():
    rng = np.random.default_rng(0)
    field = rng.integers(0, 255, (30, 30, 3)).repeat(4, 0).repeat(4, 1).astype(np.uint8)
    following = Following()
    for frame in range(12):
        picture = field[20 - frame : 84 - frame, 30 - 2 * frame : 94 - 2 * frame]
        places = following.step(picture, {7: (20.0, 20.0)})
    np.testing.assert_allclose(places[7], (20 + 22, 20 + 11), atol=1.0)
    assert following.step(picture, {}) == {}


# ---------------------------------------------------------------- dials and cache


@pytest.mark.parametrize("policy", ["motionstream", "sink_window", "longlive", "sliding"])
def test_sizes_of_every_policy_come_back_as_chunks(policy):
    sizes = sizes_for(policy, 2, 3, 3)
    assert chunks_kept(policy, sizes, 3) == (0 if policy == "sliding" else 2, 3)


def test_turning_the_sink_off_changes_only_the_memory():
    dialling = VideoDialling(2, 3)
    then = dialling.turned(VideoControls(), "sink", 0)
    assert dict(then.sizes) == {"sink_chunks": 0, "window_chunks": 1} and then.chunk == 3
    assert dialling.shown(then)["sink"] == 0


def test_cells_know_role_frame_and_prompt():
    view = CacheView()
    view.show(("sink", "window", "current"), (0, 7, 8), ("a", "a", "b"), ((0.2, 0.3, 0.5),))
    assert view.cells == [["sink", 0, 0], ["window", 7, 0], ["current", 8, 1]]
    assert view.prompts == ["a", "b"] and view.shares == [[0.2, 0.3, 0.5]]
    with pytest.raises(
        ValueError, match="role must be one of sink, anchor, window, current, got 'x'"
    ):
        view.show(("x",), (0,), ("a",))


def test_what_a_switch_wrote_anew_is_told_once_and_every_prompt_has_a_colour():
    view = CacheView()
    roles, prompts = ("sink", "window", "current"), ("a", "b", "b")
    view.show(roles, (0, 7, 8), prompts, None, (False, True, False))
    assert view.rewritten == [7] and view.switches == 1 and len(set(view.hues)) == 2
    view.show(roles, (0, 8, 9), prompts, None, (False, False, False))
    view.show(roles, (0, 9, 10), prompts)
    assert view.switches == 1
    view.show(roles, (0, 9, 10), ("b", "b", "b"))
    assert view.hues == [view.colours.of("b")] != [view.colours.of("a")]


def test_a_cache_that_grows_without_end_shows_its_ends():
    view = CacheView()
    count = MOST + 40
    view.show(("sink",) * 3 + ("window",) * (count - 3), range(count), ("a",) * count)
    frames = [frame for _, frame, _ in view.cells]
    assert len(frames) == MOST and frames[:3] == [0, 1, 2] and frames[-1] == count - 1
    assert view.hidden == 40
