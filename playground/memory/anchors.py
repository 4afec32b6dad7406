"""Anchors: a chunk that is kept beyond its time, between sink and window, where the network can find it.

Anchor Forcing (arXiv 2603.13405) keeps the keys and values of the first chunk that was made under a new
prompt. While that chunk is in the window nothing is different, and the anchor of the prompt before stays;
when age evicts it, it becomes the anchor. Positions are then those of three regions inside the range of
training, whatever the policy's own are: the sink at the beginning, the window and the frames to be made at
the end, the anchor in the middle of what is left between them (published sizes: sink 0-2, anchor 6-8,
the rest 12-20).

A pin is a frame number in `Cache.pinned`, so no policy has to know when prompts changed.
"""

from dataclasses import replace

from playground.memory.cache import Cache


def settled(written: Cache, kept: tuple[int, ...]) -> Cache:
    """The cache with the slots that age leaves in it (`kept`), and what is pinned of the others.

    A chunk is the anchor when all of its frames are outside; of several, the one of the newest prompt.
    """
    outside = [
        slot
        for slot in range(len(written))
        if slot not in kept and written.frames[slot] in written.pinned
    ]
    inside = {written.prompts[slot] for slot in kept if written.frames[slot] in written.pinned}
    whole = [written.prompts[slot] for slot in outside if written.prompts[slot] not in inside]
    anchor = max(whole, default=-1)
    held = [slot for slot in outside if written.prompts[slot] >= anchor]
    settled = written.keep(sorted((*kept, *held)))
    return settled.with_anchor(sum(written.prompts[slot] == anchor for slot in held))


def is_seen(cache: Cache, sinks: int, room: int) -> bool:
    """Whether there is an anchor and the sink before it is that of the policy, and seen whole."""
    return cache.anchor > 0 and cache.sink == min(sinks, len(cache)) <= room


def slots(cache: Cache, room: int) -> tuple[int, ...]:
    """Sink and anchor, and as many of the newest entries as fit besides the sink."""
    first = cache.sink + cache.anchor
    newest = min(room - cache.sink, len(cache) - first)
    return (*range(first), *range(len(cache) - newest, len(cache)))


def tri_region(
    cache: Cache, seen: int, count: int, reach: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Positions of `seen` entries (sink, anchor, newest) and of the `count` frames after them."""
    sink, anchor = cache.sink, cache.anchor
    reach = max(reach, seen + count)
    local = reach - (seen - sink - anchor) - count
    middle = sink + (local - sink - anchor) // 2
    past = (*range(sink), *range(middle, middle + anchor), *range(local, reach - count))
    return past, tuple(range(reach - count, reach))


def without_pins(cache: Cache) -> Cache:
    """The same entries with nothing pinned."""
    return replace(cache, anchor=0, pinned=())
