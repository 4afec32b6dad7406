"""Soft prompt switches: what a stream hears, chunk by chunk, while one text gives way to another.

Over n chunks the new text weighs 1/n, 2/n, ... 1, so the last step is exactly the new prompt and n = 1 is a
hard switch. What was heard when the switch came gives way as a whole: a text that is not yet there when
the next one comes stays in the mixture with the share that it had. A prompt may itself be a mixture; it is
mixed in the way it came in, for as long as it is heard.

Pure functions over frozen values. This module imports no network library.
"""

from dataclasses import dataclass
from typing import Any, no_type_check

from playground.streams import checks as check
from playground.streams.weighted_prompts import Mixture, Prompt, shares_of

KINDS = ("linear", "slerp")
MOST_CHUNKS = 100
MOST_TEXTS = 4  # on the way to one text; the lightest of more are left out


@no_type_check
@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """How a new prompt comes in: over `chunks` chunks, with the past rewritten at each step or once."""

    chunks: int = 4  # 1..100; 1 = a hard switch
    kind: str = "linear"  # or "slerp": along the sphere
    recache: bool = True  # at every step; False = with the last one only

    def __post_init__(self) -> None:
        chunks = check.checked_whole("transition chunks", self.chunks, 1, MOST_CHUNKS)
        check.check_choice("transition kind", self.kind, KINDS)
        check.check_kind("transition recache", self.recache, bool, "True or False")
        object.__setattr__(self, "chunks", chunks)


HARD = Transition(chunks=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hearing:
    """What one chunk hears: `step` of `way.chunks` from a mixture to a prompt."""

    target: Prompt
    origin: Mixture = ()
    way: Transition = HARD
    step: int = 1

    @property
    def is_there(self) -> bool:
        """Whether nothing but the target is heard."""
        return self.step >= self.way.chunks

    @property
    def mixture(self) -> Mixture:
        """Texts with their shares, the heaviest first."""
        target = shares_of(self.target)
        if self.is_there:
            return target
        share, most = self.step / self.way.chunks, MOST_TEXTS + len(target) - 1
        heard = {text: part * (1 - share) for text, part in self.origin}
        for text, part in target:
            heard[text] = heard.get(text, 0.0) + share * part
        heaviest = sorted(heard.items(), key=lambda pair: -pair[1])[:most]
        total = sum(part for _, part in heaviest)
        return tuple((text, part / total) for text, part in heaviest)

    @property
    def rewrites(self) -> bool:
        """Whether the past is rewritten with this step."""
        return self.way.recache or self.is_there


def heard_next(before: Hearing | None, prompt: Prompt, way: Transition | None) -> Hearing:
    """What the next chunk hears; the same object where nothing changes.

    A transition keeps the pace and kind with which it began; without a `way`, it ends at once.
    """
    if before is None:
        return Hearing(target=prompt, way=Transition(chunks=1, kind=(way or HARD).kind))
    if shares_of(before.target) != shares_of(prompt):
        return Hearing(target=prompt, origin=before.mixture, way=way or HARD)
    if before.is_there:
        return before
    step = before.way.chunks if way is None else before.step + 1
    return Hearing(target=prompt, origin=before.origin, way=before.way, step=step)


@no_type_check
def check_transition(way: Any) -> None:
    """Raise ValueError unless it is a Transition or None."""
    if way is not None and not isinstance(way, Transition):
        raise ValueError(
            f"transition must be a Transition or None, got {way!r:.80}; use Transition(chunks=4)"
        )
