"""What a prompt switch does to the past: which entries survive, which are written anew, seeing what, where.

One verb, `Strategy.plan`, gives a `Rewriting`: the cache that survives bit for bit, the frames that go
through the network once more at t = 0 under the new words, whether they see one another in both directions
or as chunks in time, and the positions of the pass. The stream runs it (`streams.rollout.recache`).

    stale          nothing: the past keeps what it was told, new chunks outweigh it in time
    cross          the words' keys and values only; here the same as stale, see `Cross`
    longlive       sink kept, window anew, both directions         LongLive (arXiv 2509.22622, section 3.2)
    longlive_sink  window anew, its first frames are the sink      the same, `global_sink` off
    causal         window anew, chunk after chunk, from 0          Krea's realtime pipeline
    flush          sink and newest frame kept, nothing anew        Infinity-RoPE (2511.20649), KV flush
    anchor         longlive, and the first chunk under the new     Anchor Forcing (2603.13405)
                   words is kept when age evicts it (`anchors`)

All work with every policy. This module runs no network, and does not know words.
"""

from collections.abc import Callable
from dataclasses import dataclass

from playground.memory.anchors import without_pins
from playground.memory.cache import Cache
from playground.memory.policies import Policy, View

NOTHING_SEEN = View(slots=(), positions=(), query=())


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rewriting:
    """What one switch does to one cache."""

    surviving: Cache  # its entries are the old ones, bit for bit
    start: int  # number of the first frame that is written anew
    count: int = 0  # how many frames are; 0: no pass through the network
    view: View = NOTHING_SEEN  # what they see of the surviving cache, and where both stand
    block: int | None = None  # they see each other as chunks of that many frames; None: all see all

    @property
    def frames(self) -> tuple[int, ...]:
        """Numbers of the frames that are written anew."""
        return tuple(range(self.start, self.start + self.count))

    def blocks(self) -> tuple[int, ...]:
        """The chunk of every rewritten frame, counted so that the last one is whole."""
        spare = -self.count % self.block
        return tuple((place + spare) // self.block for place in range(self.count))


@dataclass(frozen=True, kw_only=True, slots=True)
class Strategy:
    """One way to switch; `survives` says what stays, the rest is the same for all of them."""

    rewrites: bool = True  # whether what does not survive is written anew
    causal: bool = False  # whether rewritten chunks see earlier ones only
    pins: bool = False  # whether the next chunk becomes an anchor

    def survives(self, cache: Cache, policy: Policy) -> Cache:
        """The entries that stay as they are."""
        raise NotImplementedError

    def plan(self, cache: Cache, policy: Policy, *, frame: int, known: int) -> Rewriting:
        """For a switch before `frame`; the newest `known` frames have clean latents."""
        surviving = self.survives(cache, policy)
        if self.pins:
            surviving = surviving.with_pinned(range(frame, frame + policy.chunk))
        count = _lost(surviving, policy, frame, known) if self.rewrites else 0
        start = frame - count
        if count == 0:
            return Rewriting(surviving=surviving, start=start)
        view = policy.view(surviving, start, count)
        if self.causal:
            view = View(slots=(), positions=(), query=tuple(range(count)))
        block = policy.chunk if self.causal else None
        return Rewriting(surviving=surviving, start=start, count=count, view=view, block=block)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stale(Strategy):
    """The past keeps what it was told; only what is made from now on hears the new words."""

    rewrites: bool = False

    def survives(self, cache: Cache, policy: Policy) -> Cache:
        """Everything."""
        return cache


@dataclass(frozen=True, kw_only=True, slots=True)
class Cross(Stale):
    """Cross-attention is reset: the words' keys and values are new, those of the frames stay.

    Where a program caches the words' keys and values beside those of the frames, this is a step of its
    own, and forgetting it leaves the old words for ever. Here every call is given the context of the
    present prompt and nothing of it is cached, so a switch always resets it, and `cross` and `stale` are
    the same numbers (a test says so). Both names stay, because both are asked for.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class LongLiveSwitch(Strategy):
    """The window once more under the new words, its frames seeing each other both ways, after the sink.

    The sink survives only if `keep_sink` and if more frames than the policy keeps have been made:
    before that, the released code writes all frames anew. A sink that does not survive is taken from the
    first rewritten frames. A mask for chunks in time is built there too, but never reaches the attention.
    """

    keep_sink: bool = True

    def survives(self, cache: Cache, policy: Policy) -> Cache:
        """The sink, or nothing."""
        late = policy.capacity is not None and cache.end > policy.capacity
        sink = min(cache.sink, policy.sinks) if self.keep_sink and late else 0
        return without_pins(cache).keep(range(sink))


@dataclass(frozen=True, kw_only=True, slots=True)
class Causal(Strategy):
    """Nothing survives; what the cache holds is computed again as a stream would, chunk after chunk.

    Positions start from 0 in that pass. Rotary embedding knows differences only and keys are kept
    un-rotated, so reading the entries later, at whatever positions the policy gives, is not affected.
    """

    causal: bool = True

    def survives(self, cache: Cache, policy: Policy) -> Cache:
        """Nothing; the first rewritten frames become the sink."""
        return Cache()


@dataclass(frozen=True, kw_only=True, slots=True)
class Flush(Strategy):
    """Sink and newest frame stay as they are, all else is forgotten; costs nothing."""

    rewrites: bool = False

    def survives(self, cache: Cache, policy: Policy) -> Cache:
        """Sink and newest frame."""
        sink, newest = min(cache.sink, policy.sinks), len(cache) - 1
        return without_pins(cache).keep(sorted({*range(sink), newest} - {-1}))


@dataclass(frozen=True, kw_only=True, slots=True)
class AnchorGuided(LongLiveSwitch):
    """As LongLive, and the first chunk made under the new words is pinned.

    The anchor that is there when the prompt changes survives beside the sink and is seen by the rewritten
    window. A pinned chunk that is still in the window is written anew and its pin is lost: it no longer
    says what its own prompt was.
    """

    pins: bool = True

    def survives(self, cache: Cache, policy: Policy) -> Cache:
        """Sink and anchor, or nothing."""
        sink = len(LongLiveSwitch.survives(self, cache, policy))
        if sink < cache.sink or not cache.anchor:
            return without_pins(cache).keep(range(sink))
        kept = cache.keep(range(sink + cache.anchor))
        return without_pins(kept).with_pinned(kept.frames[sink:]).with_anchor(cache.anchor)


STRATEGIES: dict[str, Callable[[], Strategy]] = {
    "longlive": LongLiveSwitch,
    "longlive_sink": lambda: LongLiveSwitch(keep_sink=False),
    "causal": Causal,
    "flush": Flush,
    "anchor": AnchorGuided,
    "cross": Cross,
    "stale": Stale,
}


def strategy(name: str) -> Strategy:
    """The way of switching prompts of that name."""
    if name not in STRATEGIES:
        raise ValueError(f"recache must be one of {', '.join(STRATEGIES)}; got {name!r}")
    return STRATEGIES[name]()


def _lost(surviving: Cache, policy: Policy, frame: int, known: int) -> int:
    """How many of the newest frames have no entry any more, and have both latents and room."""
    lost = min(frame - surviving.end, known)
    if policy.capacity is None:
        return lost
    return min(lost, policy.capacity - (len(surviving) - surviving.anchor))
