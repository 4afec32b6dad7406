"""What a prompt switch does to the cache, whatever the policy is.

    stale      nothing: the past keeps what it was told, and new chunks slowly outweigh it
    longlive   the sink survives and the window is written anew under the new prompt; before the cache was
               full for the first time, everything is (LongLive, arXiv 2509.22622, section 3.2)

`switching(policy, name)` is the same policy with another `on_prompt_switch`. Knows no network.
"""

from dataclasses import dataclass

from playground.memory.cache import Cache
from playground.memory.policies import Policy, View
from playground.models.causal_wan import KeyValues

SWITCHES = ("longlive", "stale")


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A policy that gives up its window on a switch, so that it is written anew."""

    policy: Policy

    @property
    def capacity(self) -> int | None:
        """The policy's."""
        return self.policy.capacity

    def view(self, cache: Cache, start: int, count: int) -> View:
        """The policy's."""
        return self.policy.view(cache, start, count)

    def commit(self, cache: Cache, fresh: KeyValues, start: int, prompt: int) -> Cache:
        """The policy's."""
        return self.policy.commit(cache, fresh, start, prompt)

    def on_prompt_switch(self, cache: Cache) -> Cache:
        """The sink, or nothing while the cache was never full."""
        capacity = self.policy.capacity
        is_long = capacity is not None and cache.end > capacity
        return cache.keep(range(cache.sink)) if is_long else Cache()


@dataclass(frozen=True, slots=True)
class Keeping(Rewriting):
    """A policy that keeps everything on a switch."""

    def on_prompt_switch(self, cache: Cache) -> Cache:
        """All of it."""
        return cache


def switching(policy: Policy, name: str) -> Rewriting:
    """The policy with the way of switching prompts of that name."""
    if name not in SWITCHES:
        raise ValueError(f"recache must be one of {', '.join(SWITCHES)}; got {name!r}")
    return {"longlive": Rewriting, "stale": Keeping}[name](policy)
