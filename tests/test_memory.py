"""Which frames stand in which slot, what a chunk sees of them, and at which positions."""

import pytest
import torch

from playground.memory.cache import Cache
from playground.memory.policies import POLICIES, policy
from random_video import numbered_entries


def after(chunks: int, rule, count: int = 3) -> Cache:
    """The cache when so many chunks have been written."""
    cache = Cache()
    for number in range(chunks):
        cache = rule.commit(cache, numbered_entries(number * count, count), number * count, number)
        assert held(cache) == list(cache.frames)
    return cache


def held(cache: Cache) -> list[int]:
    """The frames whose keys and values are really there."""
    assert torch.equal(cache.entries.k, -cache.entries.v)
    return cache.entries.k.flatten().int().tolist()


def seen(rule, cache: Cache, count: int = 3) -> tuple[list[int], tuple, tuple]:
    """Frames that the next chunk reads from the cache, their positions and its own."""
    view = rule.view(cache, cache.end, count)
    past = cache.read(view.slots)
    frames = [] if past is None else past.k.flatten().int().tolist()
    assert len(view.positions) == len(frames) and len(view.query) == count
    return frames, view.positions, view.query


def span(*ends: int) -> list[int]:
    """span(0, 3, 6, 9) = 0 1 2 6 7 8."""
    return [
        n for first, last in zip(ends[::2], ends[1::2], strict=True) for n in range(first, last)
    ]


LONGLIVE_SLOTS = {
    1: span(0, 3), 2: span(0, 6), 3: span(0, 9), 4: span(0, 12), 5: span(0, 3, 6, 15),
    6: span(0, 3, 9, 18), 7: span(0, 3, 12, 21),
}  # fmt: skip
SLOTS = [
    ("everything", {}, {1: span(0, 3), 4: span(0, 12), 7: span(0, 21)}),
    ("longlive", {}, LONGLIVE_SLOTS),
    ("sink_window", {}, LONGLIVE_SLOTS),
    ("sink_window", {"sink": 1, "window": 8}, {2: span(0, 6), 3: span(0, 1, 2, 9), 4: span(0, 1, 5, 12)}),
    ("sink_window", {"sink": 0, "window": 6}, {2: span(0, 6), 3: span(3, 9), 4: span(6, 12)}),
    ("sliding", {}, {4: span(0, 12), 5: span(3, 15), 7: span(9, 21)}),
    ("sliding", {"window": 7}, {2: span(0, 6), 3: span(2, 9), 4: span(5, 12)}),
    ("motionstream", {}, {2: span(0, 6), 3: span(0, 9), 4: span(0, 3, 6, 12), 7: span(0, 3, 15, 21)}),
    ("motionstream", {"window_chunks": 2}, {4: span(0, 12), 5: span(0, 3, 6, 15), 7: span(0, 3, 12, 21)}),
    ("motionstream", {"sink_chunks": 0}, {2: span(0, 6), 3: span(3, 9), 7: span(15, 21)}),
    ("motionstream", {"window_chunks": 0}, {2: span(0, 6), 3: span(0, 3, 6, 9), 7: span(0, 3, 18, 21)}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "sizes", "table"), SLOTS)
def test_the_slots_after_every_chunk(name, sizes, table):
    rule = policy(name, **sizes)
    for chunks, frames in table.items():
        cache = after(chunks, rule)
        assert held(cache) == frames
        assert cache.prompts == tuple(frame // 3 for frame in frames)
        assert rule.capacity is None or len(cache) <= rule.capacity


VIEWS = [
    # policy, sizes, chunks written, frames seen, their positions, positions of the next chunk
    ("everything", {}, 0, [], [], span(0, 3)),
    ("everything", {}, 5, span(0, 15), span(0, 15), span(15, 18)),
    ("longlive", {}, 3, span(0, 9), span(0, 9), span(9, 12)),
    ("longlive", {}, 4, span(0, 3, 6, 12), span(0, 3, 6, 12), span(12, 15)),
    ("longlive", {}, 6, span(0, 3, 12, 18), span(0, 3, 12, 18), span(18, 21)),
    ("sink_window", {}, 3, span(0, 9), span(0, 9), span(9, 12)),
    ("sink_window", {}, 6, span(0, 3, 12, 18), span(0, 9), span(9, 12)),
    (
        "sink_window",
        {"positions": "frame"},
        6,
        span(0, 3, 12, 18),
        span(0, 3, 12, 18),
        span(18, 21),
    ),
    ("sliding", {}, 6, span(9, 18), span(0, 9), span(9, 12)),
    ("sliding", {"positions": "frame", "window": 6}, 6, span(15, 18), span(15, 18), span(18, 21)),
    ("motionstream", {}, 0, [], [], span(0, 3)),
    ("motionstream", {}, 1, span(0, 3), span(0, 3), span(3, 6)),
    ("motionstream", {}, 2, span(0, 6), span(0, 6), span(6, 9)),
    ("motionstream", {}, 7, span(0, 3, 18, 21), span(0, 6), span(6, 9)),
    ("motionstream", {"window_chunks": 2}, 7, span(0, 3, 15, 21), span(0, 9), span(9, 12)),
    ("motionstream", {"sink_chunks": 0}, 7, span(18, 21), span(0, 3), span(3, 6)),
    ("motionstream", {"window_chunks": 0}, 7, span(0, 3), span(0, 3), span(3, 6)),
    ("motionstream", {"sink_chunks": 0, "window_chunks": 0}, 7, [], [], span(0, 3)),
]


@pytest.mark.parametrize(("name", "sizes", "chunks", "frames", "positions", "query"), VIEWS)
def test_the_next_chunk_sees_what_the_table_says(name, sizes, chunks, frames, positions, query):
    rule = policy(name, **sizes)
    expected = (frames, tuple(positions), tuple(query))
    assert seen(rule, after(chunks, rule)) == expected


def test_a_last_chunk_of_another_length_sees_as_much_as_fits():
    rule = policy("longlive")
    cache = after(6, rule)
    assert seen(rule, cache, count=1)[0] == span(0, 3, 10, 18)
    assert seen(rule, cache, count=5)[0] == span(0, 3, 14, 18)


@pytest.mark.parametrize("before", POLICIES)
@pytest.mark.parametrize("name", ["longlive", "sink_window", "sliding", "motionstream"])
def test_a_policy_changed_in_mid_stream_keeps_within_its_window(before, name):
    """It takes over what the other one left, and after a few chunks stands as if it had always run."""
    rule = policy(name)
    cache = after(9, policy(before))
    assert len(seen(rule, cache)[0]) <= rule.capacity - 3
    for start in range(27, 60, 3):
        cache = rule.commit(cache, numbered_entries(start, 3), start, 0)
    newest = rule.capacity - rule.sinks
    assert len(cache) == rule.capacity
    assert held(cache)[rule.sinks :] == span(60 - newest, 60)


@pytest.mark.parametrize("chunk", [1, 2])
def test_a_sink_longer_than_a_chunk_fills_up_before_anything_is_evicted(chunk):
    rule = policy("longlive", chunk=chunk, window=6, sink=3)
    sinks = [after(chunks, rule, count=chunk).sink for chunks in range(1, 5)]
    assert sinks == [min(3, chunk * chunks) for chunks in range(1, 5)]
    assert after(12, rule, count=chunk).frames[:3] == (0, 1, 2)


def test_roles_say_sink_window_and_current():
    rule = policy("motionstream")
    assert after(1, rule).roles(3) == ("sink",) * 3
    assert after(5, rule).roles(3) == ("sink",) * 3 + ("window",) * 3 + ("current",) * 3
    assert after(5, policy("sliding", window=6)).roles(3) == ("window",) * 3 + ("current",) * 3


def test_verbs_leave_the_cache_as_it_was():
    rule = policy("longlive")
    cache = after(6, rule)
    frames, keys = cache.frames, cache.entries.k.clone()
    rule.commit(cache, numbered_entries(18, 3), 18, 9)
    cache.read(rule.view(cache, 18, 3).slots).k.add_(1)
    assert cache.frames == frames
    assert torch.equal(cache.entries.k, keys)


def test_frames_cannot_be_written_twice():
    cache = after(2, policy("longlive"))
    with pytest.raises(
        ValueError, match="start must be >= 6, the frame after the newest entry, got 3"
    ):
        cache.append(numbered_entries(3, 3), 3, 0)


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        ("ring", {}, "policy must be one of everything, sliding, .*got 'ring'"),
        ("sliding", {"sink": 3}, "sizes of policy 'sliding' must be among: window, .*got 'sink'"),
        ("everything", {"window": 3}, "must be among: no sizes; got 'window'"),
        ("sliding", {"chunk": 0}, "chunk must be >= 1, got 0"),
        ("longlive", {"sink": -1}, "sink must be >= 0, got -1; 0 switches it off"),
        ("longlive", {"window": 5}, "window must be >= 6, a sink of 3 and a chunk of 3, got 5"),
        ("sliding", {"window": 2}, "window must be >= 3"),
        ("sliding", {"positions": "time"}, "positions must be 'frame' or 'slot', got 'time'"),
        ("motionstream", {"sink_chunks": -1}, "sink_chunks must be >= 0, got -1"),
        ("motionstream", {"window_chunks": -1}, "window_chunks must be >= 0, got -1"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(name, sizes, message):
    with pytest.raises(ValueError, match=message):
        policy(name, **sizes)
