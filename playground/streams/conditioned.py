"""A step of the stream batch under a mask and under ControlNets; a plain stream never comes here.

Every slot has its own frame, so each keeps what it needs of it (`Origin`): the clean latents, the
pixels, and condition images made of these. A mask puts the input back outside of it: clean
predictions become z there before they are noised for the next slot, so the latents of slot i are
a_i z + b_i N_i, the noised input at that slot's own level (blended diffusion, Avrahami et al., arXiv
2206.02779, sec. 4.1), and what leaves is z. The picture gets the input's own pixels there.
A frame that entered before a mask or ControlNet was set has no origin; the newest stands in for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d

from playground.conditioning.line_art import condition
from playground.diffusion import stream_batch
from playground.diffusion.plan import Plan, one_slot_plans
from playground.diffusion.stream_batch import Entry, StreamState
from playground.frames.tensors import from_tensor, to_tensor
from playground.models.image_model import ImageModel
from playground.streams.controls import Controls
from playground.streams.plates import Plate


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Origin:
    """What a frame on its way came from."""

    latent: Float[Tensor, "b c h w"] | None
    pixels: Float[Tensor, "b 3 H W"]
    _hints: dict[str, Tensor] = field(default_factory=dict)

    def hint(self, kind: str) -> Float[Tensor, "b 3 H W"]:
        """The condition image of that kind, in 0..1; made once."""
        if kind not in self._hints:
            pictures = [condition(picture, kind) for picture in from_tensor(self.pixels)]
            made = torch.cat([to_tensor(picture) for picture in pictures])
            self._hints[kind] = made.add_(1).div_(2)
        return self._hints[kind]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Conditions:
    """Mask and ControlNets as a step needs them; the same object as long as these knobs stand still."""

    mask: Float[Tensor, "1 1 h w"] | None  # 1: free, 0: kept
    paste: Float[Tensor, "1 1 H W"] | None  # the same in pixels
    strengths: tuple[tuple[str, float], ...]
    image: Origin | None  # one condition image for all frames, in the place of each one's own

    @classmethod
    def of(
        cls, controls: Controls, model: ImageModel, size: tuple[int, int]
    ) -> "Conditions | None":
        """What the controls ask for; None where that is nothing."""
        strengths = tuple(pair for pair in controls.controlnets if pair[1] > 0)
        if controls.mask is None and not strengths:
            return None
        paste = None if controls.mask is None else _weights(controls.mask, model.device)
        sides = [side // model.pixels_per_latent for side in size]
        return cls(
            mask=None if paste is None else adaptive_max_pool2d(paste, sides),
            paste=paste,
            strengths=strengths,
            image=None if controls.control_image is None else _origin_of(controls.control_image),
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Passage:
    """One step under conditions."""

    conditions: Conditions
    plan: Plan
    model: ImageModel
    origins: dict[int, Origin]
    newest: Origin | None

    @property
    def _mask(self) -> Tensor | None:
        return self.conditions.mask

    def alone(self, entry: Entry) -> StreamState:
        """The entry through all slots at once."""
        tags = (entry.tag,)
        state, _ = stream_batch.prime(
            self._kept(entry),
            one_slot_plans(self.plan),
            self._predict(tags),
            settle=None if self._mask is None else lambda clean: self._settled(clean, tags),
        )
        return state

    def among(self, entry: Entry, state: StreamState) -> StreamState:
        """The entry and the frames on their way, one slot further."""
        state = stream_batch.adapt(state, self.plan)
        state = replace(state, clean=self._settled(state.clean, state.tags))
        tags = (entry.tag, *state.tags[:-1])
        state, _ = stream_batch.step(state, self._kept(entry), self.plan, self._predict(tags))
        return replace(state, clean=self._settled(state.clean, state.tags))

    def origins_of(self, state: StreamState) -> dict[int, Origin]:
        """Origins of the frames that are still on their way."""
        return {tag: self.origins[tag] for tag in state.tags if tag in self.origins}

    def _kept(self, entry: Entry) -> Entry:
        """The entry with nothing but the noised input outside the mask."""
        if self._mask is None:
            return entry
        noised = stream_batch.enter(self._origin(entry.tag).latent, self.plan, tag=entry.tag)
        return replace(entry, latent=torch.lerp(noised.latent, entry.latent, self._mask))

    def _settled(self, clean: Tensor, tags: tuple[int, ...]) -> Tensor:
        if self._mask is None:
            return clean
        inputs = torch.stack([self._origin(tag).latent for tag in tags])
        return torch.lerp(inputs, clean, self._mask)

    def _predict(self, tags: tuple[int, ...]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        strengths = self.conditions.strengths
        if not strengths:
            return self.model.unet_forward
        kinds = [self.model.controlnets.condition(name) for name, _ in strengths]
        own = [self.conditions.image or self._origin(tag) for tag in tags]
        hints = [torch.cat([self._hint(origin, kind) for origin in own]) for kind in kinds]

        def predict(rows: Tensor, timesteps: Tensor, embeddings: Tensor) -> Tensor:
            more = len(rows) - len(hints[0])  # rows of the negative prompt repeat the first ones
            shown = tuple(torch.cat([hint, hint[:more]]) if more else hint for hint in hints)
            return self.model.controlled_forward(rows, timesteps, embeddings, shown, strengths)

        return predict

    def _hint(self, origin: Origin, kind: str) -> Tensor:
        hint = origin.hint(kind).to(self.model.device)
        return hint if len(hint) == self.plan.frames else hint.expand(self.plan.frames, -1, -1, -1)

    def _origin(self, tag: int) -> Origin:
        return self.origins.get(tag, self.newest)


def pasted(
    picture: Float[Tensor, "b 3 H W"], conditions: Conditions, origin: Origin | None
) -> Float[Tensor, "b 3 H W"]:
    """A decoded picture with the input's own pixels outside the mask."""
    if conditions.paste is None or origin is None:
        return picture
    return torch.lerp(origin.pixels.to(picture.device), picture.clamp(-1, 1), conditions.paste)


def _weights(mask: Plate, device: torch.device) -> Float[Tensor, "1 1 H W"]:
    return torch.from_numpy(mask.pixels.copy()).float().div_(255)[None, None].to(device)


def _origin_of(image: Plate) -> Origin:
    return Origin(latent=None, pixels=to_tensor(image.pixels))
