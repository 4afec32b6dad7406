"""Controls refuse what makes no sense, in words, and never change."""

import dataclasses
import subprocess
import sys

import pytest

from playground.streams.controls import Controls, checked_t_index, t_index_for

REFUSED = [
    ({"prompt": ""}, "prompt must not be empty, got ''; use ' '"),
    ({"prompt": 3}, "prompt must be a text, got 3"),
    ({"prompt": None}, "prompt must be a text, got None"),
    ({"negative_prompt": None}, "negative_prompt must be a text, got None"),
    ({"blend": "a fox"}, r"blend must be a list of \(prompt, weight\) pairs, got 'a fox'"),
    ({"blend": ["a fox", "a cat"]}, r"blend must be a list of \(prompt, weight\) pairs"),
    ({"blend": [("a fox", -1)]}, "blend weight must be in 0..1e\\+06, got -1"),
    (
        {"blend": [("a fox", 0), ("a cat", 0)]},
        r"blend must have a weight above 0, got \[0.0, 0.0\]",
    ),
    ({"blend": [("", 1)]}, "blend prompt must not be empty"),
    ({"blend": [("a fox", "much")]}, "blend weight must be a number in .*, got 'much'"),
    ({"blend_mode": "cubic"}, "blend_mode must be one of linear, slerp; got 'cubic'"),
    ({"guidance": "strong"}, "guidance must be one of none, full, self, initialize; got 'strong'"),
    ({"guidance_scale": -1}, "guidance_scale must be in 0..30, got -1"),
    ({"guidance_scale": float("nan")}, "guidance_scale must be in 0..30, got nan"),
    ({"guidance_scale": "high"}, "guidance_scale must be a number in 0..30, got 'high'"),
    ({"delta": -0.5}, "delta must be in 0..10, got -0.5"),
    ({"delta": float("inf")}, "delta must be in 0..10, got inf"),
    ({"t_index": ()}, "t_index must have 1..8 entries, got 0"),
    ({"t_index": range(9)}, "t_index must have 1..8 entries, got 9"),
    ({"t_index": (32, 16)}, r"t_index must be ascending .*, got \(32, 16\); use \(16, 32\)"),
    ({"t_index": (16, 16)}, r"t_index must be ascending without repeats, got \(16, 16\)"),
    ({"t_index": (-1, 4)}, "t_index entry must be in 0..999, got -1"),
    ({"t_index": (1.5,)}, "t_index entry must be a whole number in 0..999, got 1.5"),
    ({"t_index": 16}, "t_index must be a list of whole numbers, got 16"),
    ({"t_index": "16"}, "t_index must be a list of whole numbers, got '16'"),
    ({"seed": -1}, "seed must be in 0..4294967295, got -1"),
    ({"seed": 2**32}, "seed must be in 0..4294967295, got 4294967296"),
    ({"seed": True}, "seed must be a whole number in 0..4294967295, got True"),
    ({"seed_blend": 4}, r"seed_blend must be \(other seed, amount 0..1\) or None, got 4"),
    ({"seed_blend": (4, 1.5)}, "seed_blend amount must be in 0..1, got 1.5"),
    ({"seed_blend": (-4, 0.5)}, "seed_blend seed must be in 0..4294967295, got -4"),
    ({"feedback": 1.01}, "feedback must be in 0..1, got 1.01"),
    ({"similarity_threshold": 2}, "similarity_threshold must be in 0..1, got 2"),
    ({"max_skip": -1}, "max_skip must be in 0..10000, got -1"),
    ({"max_skip": 2.5}, "max_skip must be a whole number in 0..10000, got 2.5"),
    ({"paused": "yes"}, "paused must be True or False, got 'yes'"),
]


@pytest.mark.parametrize(("knobs", "message"), REFUSED)
def test_a_knob_out_of_range_is_refused_in_words(knobs, message):
    with pytest.raises(ValueError, match=message):
        Controls(**knobs)


@pytest.mark.parametrize(("knobs", "message"), REFUSED)
def test_replacing_a_knob_checks_it_as_well(knobs, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(Controls(), **knobs)


def test_a_name_that_is_no_knob_is_refused():
    with pytest.raises(TypeError, match="promt"):
        Controls(promt="a fox")


def test_controls_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Controls().seed = 3


def test_lists_become_tuples_so_that_controls_compare_by_value():
    first = Controls(t_index=[16, 32], blend=[["a fox", 1], ["a cat", 3]], seed_blend=[4, 1])
    second = Controls(t_index=(16, 32), blend=(("a fox", 1.0), ("a cat", 3.0)), seed_blend=(4, 1.0))
    assert first == second
    assert hash(first) == hash(second)


def test_a_position_beyond_the_grid_is_refused():
    with pytest.raises(
        ValueError, match=r"must be below the 25 inference steps \(0..24\), got \(4, 25\)"
    ):
        checked_t_index((4, 25), grid=25)


@pytest.mark.parametrize("steps", range(1, 9))
@pytest.mark.parametrize("strength", [0, 0.02, 0.1, 0.33, 0.5, 0.68, 0.9, 1])
def test_strength_gives_a_list_that_is_allowed(strength, steps):
    t_index = t_index_for(strength, steps)
    assert len(checked_t_index(t_index, grid=50)) == steps
    assert t_index[0] == min(round(50 * (1 - strength)), 50 - steps)


def test_strength_does_not_drift_when_moved_forth_and_back():
    controls = Controls(t_index=(16, 32)).with_strength(0.68)
    there = controls.with_strength(1.0)
    assert there.t_index == (0, 25)
    assert there.strength == 1
    assert there.with_strength(0.68) == controls
    assert controls.with_steps(4).strength == controls.strength == 0.68
    assert controls.with_steps(4).steps == 4


@pytest.mark.parametrize(
    ("strength", "steps", "message"),
    [
        (1.2, 2, "strength must be in 0..1, got 1.2"),
        (0.5, 0, "steps must be in 1..8, got 0"),
        (0.5, 9, "steps must be in 1..8, got 9"),
    ],
)
def test_strength_and_steps_out_of_range_are_refused(strength, steps, message):
    with pytest.raises(ValueError, match=message):
        t_index_for(strength, steps)


def test_controls_come_without_a_network_library():
    code = (
        "import sys; from playground import Controls; Controls(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
