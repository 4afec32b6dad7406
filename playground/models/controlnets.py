"""Networks that add to a U-Net what a condition image asks for: one or several, with live strengths.

A ControlNet reads the same latents and words and gives one residual a skip connection, which the
U-Net adds (Zhang et al., arXiv 2302.05543, sec. 3.1); several add up, each times its strength. The
calls run in plain PyTorch whatever runs the plain network. Knows no streams; who calls brings a
condition image for every row.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from playground.models.added_conditions import AddedConditions, summary_width
from playground.models.part_files import alone, quiet
from playground.models.recipes import folder_for, found

CONDITIONS = ("scribble", "canny", "drawing")  # what they can be shown of a drawing


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlNet:
    """One network, and what it was trained to see."""

    network: nn.Module
    condition: str  # scribble, canny or drawing


class ControlNets:
    """The ControlNets of one U-Net, by name."""

    def __init__(self, unet: nn.Module, added: AddedConditions) -> None:
        self._unet, self._added = unet, added
        self._nets: dict[str, ControlNet] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Those that were added."""
        return tuple(self._nets)

    def condition(self, name: str) -> str:
        """What the network of that name wants to see."""
        return self._nets[name].condition

    def add(self, source: Any, condition: str, name: str | None = None) -> str:
        """Load one from a folder, a hub name on this machine or as an object, and give its name."""
        if condition not in CONDITIONS:
            raise ValueError(f"condition must be one of {', '.join(CONDITIONS)}; got {condition!r}")
        name = condition if name is None else name
        if not name or name in self._nets:
            raise ValueError(
                f"ControlNet name must be another one than {', '.join(self._nets) or 'none'}, "
                f"got {name!r}; give one with name="
            )
        weight = next(self._unet.parameters())
        network = source if isinstance(source, nn.Module) else _read(source, weight.dtype)
        _check_fit(network, self._unet)
        network.eval().to(weight.device, weight.dtype)
        self._nets = {**self._nets, name: ControlNet(network=network, condition=condition)}
        return name

    def unet(
        self,
        sample: Tensor,
        timesteps: Tensor,
        embeddings: Tensor,
        hints: tuple[Tensor, ...],
        strengths: tuple[tuple[str, float], ...],
    ) -> Tensor:
        """The U-Net's raw output under (name, strength) pairs, with a condition image a row each."""
        words, more = self._added.split(sample, embeddings)
        shared = {key: value for key, value in more.items() if key == "added_cond_kwargs"}
        down, middle = None, None
        for hint, (name, strength) in zip(hints, strengths, strict=True):
            network = self._nets[name].network
            own, last = network(
                sample,
                timesteps,
                encoder_hidden_states=words,
                controlnet_cond=hint.to(sample.dtype),
                conditioning_scale=strength,
                return_dict=False,
                **shared,
            )
            down = own if down is None else [a + b for a, b in zip(down, own, strict=True)]
            middle = last if middle is None else middle + last
        return self._unet(
            sample,
            timesteps,
            encoder_hidden_states=words,
            down_block_additional_residuals=tuple(down),
            mid_block_additional_residual=middle,
            return_dict=False,
            **more,
        )[0]


def _read(source: Any, dtype: torch.dtype) -> nn.Module:
    folder = Path(str(source)).expanduser()
    if not folder.is_dir():
        known = found(str(source), "config.json") if str(source).count("/") == 1 else None
        if known is None:
            raise FileNotFoundError(
                f"ControlNet must be a folder or a hub name on this machine, got {str(source)!r}; "
                f"nothing is downloaded unasked, run `hf download {source} --local-dir "
                f"{folder_for(str(source))}` where the hub can be reached"
            )
        folder = known.parent
    with quiet():
        return alone(folder, "controlnet", dtype)


def _check_fit(network: nn.Module, unet: nn.Module) -> None:
    """Raise ValueError for a network of another kind or of another architecture than the U-Net."""
    if type(network).__name__ != "ControlNetModel":
        raise ValueError(f"ControlNet must be a ControlNetModel, got {type(network).__name__}")
    names = ("block_out_channels", "layers_per_block", "cross_attention_dim", "in_channels")
    for name in names:
        theirs, ours = (_plain(part.config.get(name)) for part in (network, unet))
        if theirs != ours:
            raise ValueError(
                f"ControlNet must fit the model, got {name} {theirs} where the model has {ours}; "
                "take one that was made for this architecture"
            )
    if network.config.get("addition_embed_type") == "text_time" and summary_width(
        network
    ) != summary_width(unet):
        raise ValueError("ControlNet must read the summary that the model reads, got another width")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value
