"""A prompt that is one text, or several with weights: checked, as shares, in words.

Weights count relative to their sum, so (("a fox", 7), ("a cat", 3)) is 70 % fox. One text with whatever
weight is that text alone. Knows no stream and no network; how texts are mixed is `mixed_prompts`.
"""

import re
from typing import Any, no_type_check

from playground.streams import checks as check

Mixture = tuple[tuple[str, float], ...]  # (text, share); shares are above 0 and add up to 1
Prompt = str | Mixture  # of controls: the shares may be any weights >= 0

MOST_WEIGHT = 1e6
_NEXT = re.compile(r"\s\+\s+(?=[\d.]+\s*%\s)")  # between two texts of a line in words
_SHARE = re.compile(r"(\d+\.?\d*|\.\d+)\s*%\s+(\S.*)", re.DOTALL)
DIGITS = 12  # of a share; weights in the same relation give the same share


@no_type_check
def checked_prompt(prompt: Any) -> Prompt:
    """The text, or pairs of a text and a weight >= 0, at least one of them above 0."""
    if isinstance(prompt, str):
        return prompt
    is_list = isinstance(prompt, tuple | list) and prompt
    if not is_list or not all(isinstance(one, tuple | list) and len(one) == 2 for one in prompt):
        raise ValueError(
            "prompt must be a text or (text, weight) pairs such as "
            f"(('a fox on snow', 0.7), ('a cat on snow', 0.3)), got {prompt!r:.80}"
        )
    for text, _ in prompt:
        check.check_text("prompt text", text)
    pairs = tuple(
        (text, check.checked_number("prompt weight", weight, 0, MOST_WEIGHT))
        for text, weight in prompt
    )
    if not any(weight > 0 for _, weight in pairs):
        raise ValueError(
            f"prompt must have a weight above 0, got {[weight for _, weight in pairs]}"
        )
    return pairs


def shares_of(prompt: Prompt) -> Mixture:
    """What is heard of a prompt, the heaviest text first; in the same order for the same weights."""
    pairs = ((prompt, 1.0),) if isinstance(prompt, str) else prompt
    weights: dict[str, float] = {}
    for text, weight in pairs:
        weights[text] = weights.get(text, 0.0) + weight
    total = sum(weights.values())
    shares = {text: round(weight / total, DIGITS) for text, weight in weights.items()}
    heard = [(text, share) for text, share in shares.items() if share > 0]
    return tuple(sorted(heard, key=lambda pair: (-pair[1], pair[0])))


def texts_of(prompt: Prompt) -> tuple[str, ...]:
    """The texts that are heard, the heaviest first."""
    return tuple(text for text, _ in shares_of(prompt))


def in_words(prompt: Prompt) -> str:
    """A prompt as one line: the text alone, or the texts with their shares."""
    heard = shares_of(prompt)
    if len(heard) == 1:
        return heard[0][0]
    return " + ".join(f"{share:.0%} {text}" for text, share in heard)


def from_words(line: str) -> Prompt:
    """The prompt of a line such as "70% a fox + 30% a cat"; any other line is one text as it stands."""
    shares = [_SHARE.fullmatch(piece.strip()) for piece in _NEXT.split(line)]
    if len(shares) < 2 or not all(shares):
        return line
    return tuple((found[2].strip(), float(found[1])) for found in shares if found)
