"""The prompt-switch app without a browser: new words, three ways to apply them, timeline, what if."""

import time

import numpy as np
import pytest

from fake_switch import FakeSwitch
from playground.streams.video_values import Switch
from video_apps import PATIENCE_S, engines, say, wait_until, watched
from widgets.prompt_box import PromptBox
from widgets.switch_app import SwitchApp
from widgets.switch_dials import LABELS, STRATEGIES
from widgets.switch_words import words_of


@pytest.fixture
def app(tmp_path):
    with SwitchApp(
        stream=FakeSwitch(work_s=0.002), prompt="a duck on the sea", folder=tmp_path
    ) as app:
        yield watched(app, frames=4)
    assert engines() == []


def test_new_words_turn_the_stream_and_what_it_cost_is_said(app):
    say(app.knobs.prompt, "prompt", text="a cat on the sea")
    wait_until(lambda: "re-cached 6 frames in 41 ms" in app.meter.line)
    wait_until(lambda: app.cache.switches == 1)
    assert app.cache.rewritten  # those of them that are in the cache still
    assert "a cat on the sea" in app.cache.prompts and app.engine.error is None


def test_at_once_leaves_out_the_rest_of_the_chunk_and_next_chunk_does_not(app):
    frames = []
    app.engine.mailbox.listeners.append(lambda shot: frames.append(shot.frame))
    app.knobs.near.turn("when", "now")
    for turn in range(12):
        app.set_prompt(f"a {('cat', 'fox')[turn % 2]} on the sea")
        time.sleep(0.07)
    wait_until(lambda: bool((np.diff(frames) > 1).any()))
    app.knobs.near.turn("when", "next")
    time.sleep(0.4)
    count = len(frames)
    app.set_prompt("a robot on the sea")
    wait_until(lambda: len(frames) > count + 9)
    assert (np.diff(frames[count:]) == 1).all()


def test_slowly_asks_for_a_transition_over_so_many_chunks(app):
    app.knobs.near.turn("when", "blend")
    app.knobs.near.turn("over", 6)
    app.set_prompt("a cat on the sea")
    assert app.engine.controls.transition.chunks == 6
    app.knobs.near.turn("when", "next")
    app.set_prompt("a fox on the sea")
    assert app.engine.controls.transition is None


def test_every_strategy_has_a_plain_name_and_the_papers_in_words():
    from playground.streams.video_controls import RECACHES

    assert set(LABELS) == set(RECACHES) - {"cross"}
    assert all(label and words for _, label, words in STRATEGIES)


def test_earlier_words_are_kept_and_half_a_word_is_not():
    box = PromptBox()
    say(box, "prompt", text="a d", entered=False)
    for text in ("a duck", "a cat", "a duck"):
        say(box, "prompt", text=text, entered=True)
    assert box.history == ["a cat", "a duck"]


def test_what_a_switch_did_in_words():
    more = {"recache": "x", "positions": (), "ms": 40.6, "kept": (0, 1, 2)}
    rewritten = Switch(rewritten=(3, 4), forgotten=(), **more)
    assert words_of(rewritten) == "re-cached 2 frames in 41 ms, kept 3"
    assert words_of(Switch(rewritten=(), forgotten=(5,), **more)) == "forgot 1 frame, kept 3"
    assert "under the old words" in words_of(Switch(rewritten=(), forgotten=(), **more))


def test_the_timeline_counts_transitions_in_the_chunks_of_the_stream(app):
    assert app.timeline.chunk_s == pytest.approx(3 / 20)
    app.knobs.more.turn("chunk", 1)
    wait_until(lambda: app.timeline.chunk_s == pytest.approx(1 / 20))


def test_the_timeline_plays_its_entries_in_turn_and_the_past_is_fixed(app):
    app.timeline.read("a fox in snow[1s] | a robot in snow[1s] | a ball in snow[2s]")
    seen = []
    app.engine.mailbox.listeners.append(lambda shot: seen.append(shot.details.prompt))
    say(app.timeline, "play", value=True)
    wait_until(lambda: "a robot in snow" in seen)
    app.timeline._handle_custom_msg({"kind": "edit", "verb": "remove", "values": [1]}, [])
    assert "entry 1: must stay as it is" in app.timeline.trouble
    say(app.timeline, "edit", verb="end", values=[3, 2.6])
    wait_until(lambda: not app.timeline.playing)
    told = list(dict.fromkeys(seen))
    assert told[-3:] == ["a fox in snow", "a robot in snow", "a ball in snow"]
    assert app.knobs.prompt.value == "a ball in snow" and app.engine.error is None


def test_words_that_the_model_does_not_know_are_told_while_it_plays(app):
    app.timeline.read("a zeppelin over a fox in snow[2s] | nothing known[1s]")
    say(app.timeline, "play", value=True)
    wait_until(lambda: any("zeppelin" in remark for remark in app.timeline.remarks))
    wait_until(lambda: not app.timeline.playing)
    assert "fox" in app.video.controls.prompt


def test_what_if_shows_the_strategies_side_by_side_and_goes_on_with_one(app):
    app.set_prompt("a cat on the sea")
    wait_until(lambda: app.video.prompts[-1] == "a cat on the sea")
    shots = []
    app.what_if.view.mailbox.listeners.append(shots.append)
    app.what_if.view.sender.patience_s = 1e6
    app.compare()
    names = app.what_if.bar.running
    assert names == ["longlive", "flush", "stale"] and app.engine.controls.paused
    wait_until(lambda: len(shots) > 6)
    assert shots[-1].picture.shape == (64, 192, 3)
    assert len({chunk.index for chunk in shots[-1].details}) == 1
    wait_until(lambda: any(app.what_if.bar.words))
    assert "re-cached" in app.what_if.bar.words[0] and "old words" in app.what_if.bar.words[2]
    app.set_prompt("a robot on the sea")
    wait_until(lambda: {c.prompt for c in shots[-1].details} == {"a robot on the sea"})
    app.what_if.bar._handle_custom_msg({"kind": "keep", "values": ["stale"]}, [])
    wait_until(lambda: not app.engine.controls.paused and app.engine.alive)
    assert app.video.controls.recache == "stale" and not app.what_if.runs
    assert app.knobs.near.values["recache"] == "stale"


def test_the_comparison_stops_cleanly_and_needs_two_to_four(app):
    bar = app.what_if.bar
    app.compare()
    assert len(engines()) == 2
    app.compare()
    assert len(engines()) == 1 and not app.engine.controls.paused
    for name in ("flush", "stale"):
        say(bar, "toggle", values=[name])
    bar._handle_custom_msg({"kind": "start", "values": []}, [])
    wait_until(lambda: "strategies must be 2..4, got 1" in app.status.message)
    assert not app.what_if.runs
    with pytest.raises(ValueError, match="strategy must be one of longlive"):
        app.what_if.toggle("magic")
    for name in ("flush", "stale", "causal"):
        app.what_if.toggle(name)
    with pytest.raises(ValueError, match=r"strategies must be 2..4, got 5; take one out"):
        app.what_if.toggle("anchor")


def test_every_key_does_something_and_nothing_breaks(app):
    for key in app.transport.keys.meanings:
        app.transport.keys.press(key)
    app.what_if.stop()
    app.transport.pause(False)
    app.recorder.stop()
    frame = app.video.frame
    wait_until(lambda: app.video.frame != frame)
    assert app.status.kind == "news"


def test_a_random_small_model_is_switched_branched_and_played(tmp_path):
    from playground import VideoStream
    from small_video import small_model

    stream = VideoStream(small_model())
    with SwitchApp(
        stream=stream, folder=tmp_path, timeline="a fox on snow[1s] | a car on sand[1s]"
    ) as app:
        watched(app).what_if.view.sender.patience_s = PATIENCE_S
        wait_until(lambda: app.view.sender.sent > 3, 30)
        app.knobs.near.turn("when", "now")
        app.set_prompt("a cat on sand")
        wait_until(lambda: "re-cached" in app.switched, 30)
        app.compare()
        wait_until(lambda: app.what_if.view.sender.sent > 3, 30)
        app.what_if.keep("flush")
        app.timeline.play(True)
        wait_until(lambda: not app.timeline.playing, 30)
        assert app.engine.error is None and stream.controls.prompt == "a car on sand"
