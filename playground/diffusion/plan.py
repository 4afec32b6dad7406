"""Everything that stays the same from step to step until a knob moves, computed once.

A plan holds the constants of the slots, already multiplied and laid out as one step uses them, and
the rows of timesteps and embeddings that the network reads: first the rows of the prompt, slot by
slot, then the rows of the negative prompt that the kind of guidance needs.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from playground.diffusion.guidance import Guidance, Weights, weights, x0_weights
from playground.diffusion.schedule import Schedule, column

GAIN_IS_ONE = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Plan:
    """Constants of one step; made by `Plan.make`. Two plans are the same if they are one object."""

    schedule: Schedule
    noise: Float[Tensor, "s c h w"]
    guidance: Guidance
    weights: Weights
    frames: int  # frames in a buffer: the axis b
    add_noise: bool  # whether predictions are noised again on their way to the next slot
    timesteps: Int64[Tensor, " rows"]
    embeddings: Float[Tensor, "rows n d"]
    negative_rows: int  # how many rows at the end read the negative prompt
    levels: tuple[int, ...]  # the timesteps, as plain numbers
    entrance: "Entrance"
    onward: "Onward"

    @classmethod
    def make(
        cls,
        *,
        schedule: Schedule,
        noise: Float[Tensor, "s c h w"],
        guidance: Guidance,
        prompt: Float[Tensor, "1 n d"],
        negative: Float[Tensor, "1 n d"],
        frames: int = 1,
        add_noise: bool = True,
        first_slot: bool = True,
    ) -> "Plan":
        """Lay out constants and rows; without `first_slot`, initialize needs no negative row."""
        rows = len(schedule.timesteps) * frames
        negative_rows = {"full": rows, "initialize": frames * first_slot}.get(guidance.active, 0)
        timesteps = schedule.timesteps.repeat_interleave(frames)
        own, other = prompt.expand(rows, -1, -1), negative.expand(negative_rows, -1, -1)
        return cls(
            schedule=schedule,
            noise=noise,
            guidance=guidance,
            weights=weights(schedule, guidance),
            frames=frames,
            add_noise=add_noise,
            timesteps=torch.cat([timesteps, timesteps[:negative_rows]]),
            embeddings=torch.cat([own, other]),
            negative_rows=negative_rows,
            levels=tuple(schedule.timesteps.tolist()),
            entrance=Entrance.into(schedule, noise),
            onward=Onward.between(schedule, noise, add_noise),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Entrance:
    """What takes an input into the first slot, and the network's answer there to x0."""

    alpha: Float[Tensor, "1 1 1 1"]
    beta: Float[Tensor, "1 1 1 1"]
    noise: Float[Tensor, "1 c h w"]  # times b
    x_gain: Float[Tensor, "1 1 1 1"]  # x0 = x_gain x + raw_gain network(x)
    raw_gain: Float[Tensor, "1 1 1 1"]

    @classmethod
    def into(cls, schedule: Schedule, noise: Tensor) -> "Entrance":
        """The constants of the first slot."""
        x_gain, raw_gain = x0_weights(schedule)
        alpha, beta, x_gain, raw_gain = (
            column(values[:1])[0] for values in (schedule.alpha, schedule.beta, x_gain, raw_gain)
        )
        return cls(alpha=alpha, beta=beta, noise=beta * noise[:1], x_gain=x_gain, raw_gain=raw_gain)


@dataclass(frozen=True, kw_only=True, slots=True)
class Onward:
    """What takes a clean prediction from its slot to the next; axis s is one shorter here."""

    alpha: Float[Tensor, "s 1 1 1 1"]
    noise: Float[Tensor, "s 1 c h w"]  # times b; zero where no noise is added
    anchor_gain: Float[Tensor, "s 1 1 1 1"] | None  # None: 1
    anchor_shift: Float[Tensor, "s 1 c h w"] | None  # None: 0

    @classmethod
    def between(cls, schedule: Schedule, noise: Tensor, add_noise: bool) -> "Onward":
        """The constants between neighbouring slots.

        The anchor of a frame stays where it is but for the boundary scalings (gain c_out + a c_skip,
        1 up to 1e-6 unless t is very small). Without added noise, streamdiffusion 0.1.1 carries its
        stock noise as if noise had been added; the shift says the same of the anchor.
        """
        alpha, beta = column(schedule.alpha[1:]), column(schedule.beta[1:])
        scaled = beta * noise[1:, None]
        gain = column((schedule.c_out + schedule.alpha * schedule.c_skip)[:-1])
        is_one = bool(((gain - 1).abs() < GAIN_IS_ONE).all())
        return cls(
            alpha=alpha,
            noise=scaled if add_noise else torch.zeros_like(scaled),
            anchor_gain=None if is_one else gain,
            anchor_shift=None if add_noise else scaled / alpha,
        )

    def latents(self, clean: Float[Tensor, "s b c h w"]) -> Float[Tensor, "s b c h w"]:
        """Predictions at the noise level of the next slot: a x0 + b N."""
        return torch.addcmul(self.noise, self.alpha, clean)

    def anchors(self, anchors: Float[Tensor, "s b c h w"]) -> Float[Tensor, "s b c h w"]:
        """Anchors as the next slot sees them."""
        if self.anchor_gain is not None:
            anchors = anchors * self.anchor_gain
        return anchors if self.anchor_shift is None else anchors - self.anchor_shift


@lru_cache(maxsize=16)
def one_slot_plans(plan: Plan) -> tuple[Plan, ...]:
    """The plan cut into plans of one slot each, for a frame that goes through alone.

    The `onward` of each leads into the slot after it; that of the last is empty.
    """
    first, last = plan.embeddings[:1], plan.embeddings[-1:]
    slots = range(len(plan.levels))
    return tuple(_slot_plan(plan, slot, prompt=first, negative=last) for slot in slots)


def _slot_plan(plan: Plan, slot: int, *, prompt: Tensor, negative: Tensor) -> Plan:
    here, next_slot = slice(slot, slot + 1), slice(slot, slot + 2)
    alone = Plan.make(
        schedule=_cut(plan.schedule, here),
        noise=plan.noise[here],
        guidance=plan.guidance,
        prompt=prompt,
        negative=negative,
        frames=plan.frames,
        add_noise=plan.add_noise,
        first_slot=slot == 0,
    )
    way = Onward.between(_cut(plan.schedule, next_slot), plan.noise[next_slot], plan.add_noise)
    return replace(alone, onward=way)


def _cut(schedule: Schedule, slots: slice) -> Schedule:
    names = ("timesteps", "alpha", "beta", "c_skip", "c_out")
    return replace(schedule, **{name: getattr(schedule, name)[slots] for name in names})
