"""The video app without a browser: hands reach the stream, nothing is swallowed, nothing stays."""

import threading
import time

import numpy as np
import pytest

from fake_video import FakeVideo
from playground.conditioning.following import Following
from playground.conditioning.live_tracks import LiveTracks
from widgets.cache_view import MOST, CacheView
from widgets.frame_view import FrameView
from widgets.path_camera import CameraHand
from widgets.path_pad import PathPad
from widgets.path_plan import PathPlan
from widgets.steady_mailbox import SteadyMailbox
from widgets.video_app import VideoApp
from widgets.video_dials import VideoDialling, chunks_kept, sizes_for


def wait_until(true, timeout_s=10.0):
    until = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.01)


@pytest.fixture
def pad():
    return PathPad(FrameView(), LiveTracks(), size=(64, 64))


@pytest.fixture
def app(tmp_path):
    with VideoApp(stream=FakeVideo(work_s=0.002), folder=tmp_path) as app:
        app.view.sender.patience_s = 1e6
        yield app


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
    say(pad.layer, "unpin", index=0)
    assert told(pad.live, 6) == [[33, 30]]
    say(pad.tools, "wish", name="undo")
    assert sorted(told(pad.live, 9)) == [[10, 10], [33, 30]]
    say(pad.tools, "wish", name="clear")
    assert told(pad.live, 12) == [] and not pad.plan.pins


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


def test_turning_the_sink_off_changes_only_the_memory(app):
    dialling = VideoDialling(2, 3)
    then = dialling.turned(app.stream.controls, "sink", 0)
    assert dict(then.sizes) == {"sink_chunks": 0, "window_chunks": 1} and then.chunk == 3
    assert dialling.shown(then)["sink"] == 0


def test_cells_know_role_frame_and_prompt():
    view = CacheView()
    view.show(("sink", "window", "current"), (0, 7, 8), ("a", "a", "b"), ((0.2, 0.3, 0.5),))
    assert view.cells == [["sink", 0, 0], ["window", 7, 0], ["current", 8, 1]]
    assert view.prompts == ["a", "b"] and view.shares == [[0.2, 0.3, 0.5]]
    with pytest.raises(ValueError, match="role must be one of sink, window, current, got 'x'"):
        view.show(("x",), (0,), ("a",))


def test_a_cache_that_grows_without_end_shows_its_ends():
    view = CacheView()
    count = MOST + 40
    view.show(("sink",) * 3 + ("window",) * (count - 3), range(count), ("a",) * count)
    frames = [frame for _, frame, _ in view.cells]
    assert len(frames) == MOST and frames[:3] == [0, 1, 2] and frames[-1] == count - 1
    assert view.hidden == 40


# ---------------------------------------------------------------- the app


def test_frames_come_without_doing_anything(app):
    wait_until(lambda: app.view.sender.sent > 6)
    assert app.engine.error is None and app.engine.controls.tracks is app.live
    wait_until(lambda: len(app.cache.cells) == 9)


def test_a_grabbed_thing_goes_with_the_hand_and_stays_when_let_go(app):
    wait_until(lambda: app.view.sender.sent > 1)
    app.pad.grab(0, (32, 40))
    app.pad.move(0, (50, 20))
    wait_until(lambda: np.allclose(app.stream.ball, (50, 20)))
    app.pad.release(0)
    wait_until(lambda: not app.live.snapshot().grabs)
    frame = app.stream.frame
    wait_until(lambda: app.stream.frame > frame + 6)
    np.testing.assert_allclose(app.stream.ball, (50, 20))


def test_trails_tell_what_was_asked_and_where_it_is(app):
    seen = []
    app.trails.on_trails = lambda *lines: seen.append(lines)
    app.pad.grab(0, (32, 40))
    for x in range(33, 46, 2):
        app.pad.move(0, (x, 40))
        wait_until(lambda x=x: seen and seen[-1][0] and seen[-1][0][0][-1][0] == x)
    assert abs(seen[-1][1][0][-1][0] - 45) < 2
    app.pad.release(0)
    wait_until(lambda: seen[-1] == ([], []))


def test_prompt_paths_and_pins_survive_a_failure(app):
    wait_until(lambda: app.view.sender.sent > 1)
    app.set_prompt("a fox on the snow")
    app.pad.draw([(5, 5), (20, 9)])
    app.pad.pin((9, 9))
    app.stream.fail_with = RuntimeError("planted")
    wait_until(lambda: app.status.kind == "error" and app.status.action == "start again")
    assert "planted" in app.status.message
    app.status._handle_custom_msg({"kind": "action"}, [])
    wait_until(lambda: app.stream.frame > 3 and app.engine.alive)
    assert app.stream.controls.prompt == "a fox on the snow"
    assert len(app.pad.plan.paths) == len(app.pad.plan.pins) == 1
    assert len(app.live.snapshot().grabs) == 1


def test_another_seed_starts_another_video(app):
    wait_until(lambda: app.stream.frame > 9)
    app.knobs.throw_dice()
    wait_until(lambda: app.stream.frame <= 9)
    assert app.stream.controls.seed == app.knobs.more.values["seed"]


def test_what_the_stream_refuses_is_said_and_the_dial_goes_back(app):
    app.knobs.more._handle_custom_msg({"kind": "dial", "name": "seed", "value": 666}, [])
    wait_until(lambda: "seed must not be 666" in app.status.message)
    assert app.knobs.more.values["seed"] == 0 and app.engine.alive


def test_attention_is_measured_only_when_asked_for(app):
    assert not app.engine.show_slots
    app.transport.keys.press("a")
    wait_until(lambda: len(app.cache.shares) == 2)
    app.transport.keys.press("a")
    assert not app.engine.show_slots and app.cache.shares == []


def test_every_key_does_something_and_nothing_breaks(app):
    for key in app.transport.keys.meanings:
        app.transport.keys.press(key)
    app.transport.pause(False)
    app.recorder.stop()
    frame = app.stream.frame
    wait_until(lambda: app.stream.frame != frame)
    assert app.status.kind == "news"


def test_closing_leaves_no_thread(tmp_path):
    app = VideoApp(stream=FakeVideo(), folder=tmp_path)
    app.close()
    app.close()
    assert [t for t in threading.enumerate() if t.name == "playground-engine"] == []


def test_a_random_small_model_streams_in_the_app(tmp_path):
    from playground import VideoStream
    from small_video import small_model

    stream = VideoStream(small_model())
    with VideoApp(stream=stream, folder=tmp_path) as app:
        app.view.sender.patience_s = 1e6
        app.pad.grab(0, (4, 4))
        app.cache.want(True)
        wait_until(lambda: len(app.cache.shares) == 2, 30)
        assert app.engine.error is None and app.view.sender.sent > 0
