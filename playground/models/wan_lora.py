"""Low-rank additions to a Wan transformer, merged into its weights while they are loaded.

    W' = W + strength * (alpha / r) * B A

LongLive is published as a base and such an addition with r = alpha (arXiv 2509.22622). Read from peft's
names (`lora_A`, `lora_B`, with or without an adapter's name), from `lora_down`/`lora_up`, under
`generator_lora` or bare, in Wan's or diffusers' layout. Where no alpha is stored the factor is 1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from playground.models import wan_layouts

PART = re.compile(r"^(.*)\.(?:(lora_A|lora_down|lora_B|lora_up)(?:\.[^.]+)?\.weight|(alpha))$")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LowRank:
    """The addition to one weight."""

    a: Float[Tensor, "r i"]
    b: Float[Tensor, "o r"]
    factor: float  # alpha / r

    def added_to(self, weight: Float[Tensor, "o i"], strength: float = 1.0) -> Tensor:
        """The merged weight, computed in float32 and given in the weight's own format."""
        change = self.b.float() @ self.a.float()
        return (weight.float() + strength * self.factor * change).to(weight.dtype)


def lora_of(tensors: Mapping[str, Tensor], source: str) -> dict[str, LowRank]:
    """Additions by our name of the weight that they are for; raises ValueError for foreign names."""
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        match = PART.match(name)
        if match is None:
            raise ValueError(
                f"names of the LoRA {source} must end in lora_A.weight or lora_B.weight, got {name!r}"
            )
        kind = {"lora_down": "lora_A", "lora_up": "lora_B"}.get(match[2], match[2] or match[3])
        parts.setdefault(f"{match[1]}.weight", {})[kind] = tensor
    names = wan_layouts.our_names(parts)
    return {names[name]: _low_rank(name, pair, source) for name, pair in parts.items()}


def _low_rank(name: str, pair: Mapping[str, Tensor], source: str) -> LowRank:
    lacking = [one for one in ("lora_A", "lora_B") if one not in pair]
    if lacking:
        raise ValueError(f"the LoRA {source} must have both parts of {name}, {lacking[0]} missing")
    rank = pair["lora_A"].shape[0]
    alpha = float(pair["alpha"]) if "alpha" in pair else rank
    return LowRank(a=pair["lora_A"], b=pair["lora_B"], factor=alpha / rank)


def check_lora(lora: Mapping[str, LowRank], shapes: wan_layouts.Shapes, source: str) -> None:
    """Raise ValueError unless every addition has a weight of its shape."""
    theirs = {name: (part.b.shape[0], part.a.shape[1]) for name, part in lora.items()}
    wanted = {name: shapes[name] for name in lora if name in shapes}
    wan_layouts.check_fit(theirs, wanted, f"the LoRA {source}")
