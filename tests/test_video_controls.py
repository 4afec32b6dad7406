"""Video controls are checked when they are made; bad ones are refused in words."""

from dataclasses import FrozenInstanceError, replace

import pytest

from playground.streams.video_controls import VideoControls


class Live:
    def window(self, start, count):
        return None


BAD = [
    ({"prompt": 3}, r"prompt must be a text or \(text, weight\) pairs such as .*, got 3"),
    ({"steps": 0}, r"steps must be in 1\.\.4, got 0"),
    ({"steps": 5}, r"steps must be in 1\.\.4, got 5"),
    ({"steps": 2.0}, r"steps must be a whole number in 1\.\.4, got 2\.0"),
    ({"chunk": 0}, r"chunk must be in 1\.\.12, got 0"),
    ({"policy": None}, "policy must be the name of a policy, got None"),
    ({"sizes": 3}, r"sizes must be a mapping such as \{'sink_chunks': 1\}, got 3"),
    ({"sizes": "sink"}, "sizes must be a mapping such as"),
    ({"sizes": [("sink",)]}, "sizes must be a mapping such as"),
    ({"sizes": {"sink": -1}}, r"size sink must be in 0\.\.1000, got -1"),
    ({"sizes": {"sink": 1.5}}, r"size sink must be a whole number in 0\.\.1000, got 1\.5"),
    ({"recache": "wipe"}, "recache must be one of longlive, .*, stale; got 'wipe'"),
    (
        {"transition": 4},
        r"transition must be a Transition or None, got 4; use Transition\(chunks=4\)",
    ),
    ({"text_guidance": -1}, r"text_guidance must be in 0\.\.10, got -1"),
    ({"text_guidance": float("nan")}, r"text_guidance must be in 0\.\.10, got nan"),
    ({"motion_guidance": "much"}, r"motion_guidance must be a number in 0\.\.10, got 'much'"),
    ({"seed": -1}, r"seed must be in 0\.\.4294967295, got -1"),
    ({"paused": 1}, "paused must be True or False, got 1"),
    (
        {"tracks": [[1, 2]]},
        r"tracks must be Tracks, an object with window\(start, count\), or None",
    ),
]


@pytest.mark.parametrize(("knobs", "message"), BAD, ids=[str(knobs) for knobs, _ in BAD])
def test_bad_controls_are_refused(knobs, message):
    with pytest.raises(ValueError, match=message):
        VideoControls(**knobs)
    with pytest.raises(ValueError, match=message):
        replace(VideoControls(), **knobs)


def test_the_defaults_are_plain():
    controls = VideoControls()
    assert (controls.tracks, controls.steps, controls.chunk, controls.sizes) == (
        None,
        None,
        None,
        (),
    )
    assert controls.text_guidance == controls.motion_guidance == 0
    assert (controls.policy, controls.recache) == ("motionstream", "longlive")


def test_sizes_may_be_a_mapping_or_pairs_and_are_sorted():
    mapping = VideoControls(sizes={"window": 6, "sink": 3, "positions": "slot"})
    assert mapping.sizes == (("positions", "slot"), ("sink", 3), ("window", 6))
    assert mapping == VideoControls(sizes=[["window", 6], ("sink", 3), ("positions", "slot")])


def test_controls_never_change_and_compare_by_value_but_tracks_by_identity():
    live = Live()
    assert VideoControls(tracks=live) == VideoControls(tracks=live)
    assert VideoControls(tracks=live) != VideoControls(tracks=Live())
    with pytest.raises(FrozenInstanceError):
        VideoControls().seed = 3
