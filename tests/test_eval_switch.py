"""The switch evaluation's own arithmetic, on renders where the truth is known."""

import inspect
from dataclasses import replace

import numpy as np
import pytest

from playground.benchmarks import eval_switch, switch_measures, switch_scripts
from playground.benchmarks.switch_scripts import AFTER, BEFORE, BETWEEN, CHUNK, Outcome
from playground.memory.switching import STRATEGIES
from playground.world.clips import held_out_video_pairs
from small_video import small_model

SCRIPTS = switch_scripts.switch_scripts(16, seed=11)
RENDERS = [switch_scripts.rendered(script) for script in SCRIPTS]


def test_scripts_are_of_every_kind_and_fixed_by_their_seed():
    assert sum(script.path is None for script in SCRIPTS) == 8
    assert sum(script.shift is not None for script in SCRIPTS) == 4
    assert sum(len(script.words) == 3 for script in SCRIPTS) == 4
    again = switch_scripts.switch_scripts(16, seed=11)
    assert [s.words for s in again] == [s.words for s in SCRIPTS]
    pairs = {(word, s.scene) for s in SCRIPTS for word in s.words}
    assert not pairs & set(held_out_video_pairs())
    assert all(len(set(s.words)) == len(s.words) for s in SCRIPTS)


def test_renders_pass_every_limit():
    """Only the object changes in them: nothing is lost and nothing old is left."""
    figures = switch_measures.figures(RENDERS)
    assert figures["new_object_accuracy"] >= 0.97
    assert figures["old_object_rate"] <= 0.03
    assert figures["kept_background"] >= 0.97
    assert figures["kept_mist"] >= 0.95
    assert figures["kept_view"] == 1
    assert "switch_ms" not in figures


def test_a_switch_that_never_comes_is_seen():
    late = [unswitched(outcome) for outcome in RENDERS if len(outcome.script.words) == 2]
    figures = switch_measures.figures(late)
    assert figures["new_object_accuracy"] <= 0.05
    assert figures["old_object_rate"] >= 0.95


def unswitched(outcome):
    """The frames before the switch, played backwards in the place of those after it."""
    first, count = outcome.script.last_switch, len(outcome.frames) - outcome.script.last_switch
    still = np.repeat(outcome.frames[first - 1 : first], count, 0)
    script = outcome.script
    if script.path is not None:
        path = script.path.copy()
        path[first:] = path[first - 1]
        script = replace(script, path=path)
    return Outcome(script=script, frames=np.concatenate([outcome.frames[:first], still]))


def test_another_scene_and_another_mist_are_noticed():
    other = [
        switch_scripts.rendered(replace(s, scene="night" if s.scene != "night" else "snow"))
        for s in SCRIPTS[:6]
    ]
    strange = [
        replace_after(outcome, strange.frames)
        for outcome, strange in zip(RENDERS[:6], other, strict=True)
    ]
    assert switch_measures.figures(strange)["kept_background"] <= 0.2
    mirrored = [replace_after(o, o.frames[..., ::-1]) for o in RENDERS]
    assert switch_measures.figures(mirrored)["kept_mist"] <= 0.7  # red and blue change places


def replace_after(outcome, frames):
    first = outcome.script.last_switch
    both = np.concatenate([outcome.frames[:first], frames[first:]])
    return replace(outcome, frames=both)


def test_a_view_that_jumps_back_to_the_start_is_noticed():
    moved = [outcome for outcome in RENDERS if outcome.script.shift is not None]
    back = []
    for outcome in moved:
        rest = replace(outcome.script, shift=outcome.script.shift * 0)
        back.append(replace_after(outcome, switch_scripts.rendered(rest).frames))
    assert [switch_measures.kept_view(outcome) for outcome in back] == [False] * len(moved)


def test_the_jump_at_the_switch_is_measured_against_the_usual_difference():
    outcome = RENDERS[0]
    ramp = np.arange(len(outcome.frames))
    first = outcome.script.last_switch
    ramp[first:] += 4
    frames = np.broadcast_to(ramp[:, None, None, None], outcome.frames.shape).astype(np.uint8)
    assert switch_measures.jump(replace(outcome, frames=frames)) == pytest.approx(5)


def test_every_strategy_is_measured_from_the_same_snapshots(monkeypatch):
    model = small_model(size=64)
    monkeypatch.setattr(eval_switch.VideoModel, "load", lambda *_, **__: model)
    results = eval_switch.run(switches=8, strategies=("stale", "cross"))
    table = results["strategies"]
    assert list(table) == ["longlive", "stale", "cross"]
    default = results["default"]
    scenes = {f"new_{what}_accuracy{way}" for what in ("scene", "thing") for way in ("", "_plain")}
    assert set(default) == {"name", *table["longlive"], *scenes}
    assert default["name"] == "longlive" and table["longlive"].items() <= default.items()
    assert table["cross"] == table["stale"] != table["longlive"]
    assert table["longlive"]["switch_ms"] > 0 < table["longlive"]["switch_chunks"]
    assert results["passed"] == (not results["missed"])
    lines = eval_switch.describe(results).splitlines()
    assert lines[-1].startswith("renders: new_object_accuracy")


def test_branches_share_what_came_before():
    model, script = small_model(size=64), SCRIPTS[4]
    snapshot, before = switch_scripts.before_switch(model, script)
    one, other = (
        switch_scripts.branched(snapshot, before, script, name) for name in ("longlive", "flush")
    )
    first = BEFORE * CHUNK
    np.testing.assert_array_equal(one.frames[:first], other.frames[:first])
    assert (one.frames[first:] != other.frames[first:]).any()
    assert len(one.frames) == (BEFORE + BETWEEN + AFTER) * CHUNK
    assert len(one.switch_ms) == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"switches": 7}, "switches must be >= 8, one of each kind, got 7"),
        ({"strategies": ("wipe",)}, r"strategies must be among longlive, .*; got 'wipe'"),
    ],
)
def test_wrong_options_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        eval_switch.run(**wrong)


def test_all_strategies_are_measured_unasked():
    default = inspect.signature(eval_switch.run).parameters["strategies"].default
    assert default == tuple(STRATEGIES)
