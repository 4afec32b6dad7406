"""What a prompt switch does to the cache, whatever the policy is.

    stale      nothing: the past keeps what it was told, and new chunks slowly outweigh it
    longlive   the sink survives and the window is written anew under the new prompt; before the cache was
               full for the first time, everything is (LongLive, arXiv 2509.22622, section 3.2)

`switching(policy, name)` is the same policy with another `on_prompt_switch`. Knows no network.
"""

from dataclasses import dataclass

from playground.memory.cache import Cache
from playground.memory.policies import Policy

SWITCHES = ("longlive", "stale")


@dataclass(frozen=True, kw_only=True)
class Rewriting(Policy):
    """A policy that gives up its window on a switch, so that it is written anew."""

    policy: Policy

    @property
    def capacity(self) -> int | None:
        """The policy's."""
        return self.policy.capacity

    @property
    def sinks(self) -> int:
        """The policy's."""
        return self.policy.sinks

    @property
    def positions_by(self) -> str:
        """The policy's."""
        return self.policy.positions_by

    def on_prompt_switch(self, cache: Cache) -> Cache:
        """The sink, or nothing while the cache was never full."""
        is_long = self.capacity is not None and cache.end > self.capacity
        return cache.keep(range(cache.sink)) if is_long else Cache()


@dataclass(frozen=True, kw_only=True)
class Keeping(Rewriting):
    """A policy that keeps everything on a switch."""

    def on_prompt_switch(self, cache: Cache) -> Cache:
        """All of it."""
        return cache


def switching(policy: Policy, name: str) -> Policy:
    """The policy with the way of switching prompts of that name."""
    if name not in SWITCHES:
        raise ValueError(f"recache must be one of {', '.join(SWITCHES)}; got {name!r}")
    return {"longlive": Rewriting, "stale": Keeping}[name](chunk=policy.chunk, policy=policy)
