"""Muon for every weight of two or more axes, AdamW for the rest: fewer steps to the same picture.

Muon (Jordan et al. 2024) takes the momentum of a weight matrix and moves along its nearest
(semi-)orthogonal matrix, found by a few Newton-Schulz iterations. Convolution kernels are matrices
[out, in * kh * kw]. Steps are scaled so that their root mean square is AdamW's ("Muon is scalable", Liu
et al. 2025), hence one learning rate for both. Matrices of one shape are orthogonalised in one batch.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from playground.training.precision import bfloat16_pays

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # quintic with the steepest start that stays bounded
ADAM_RMS = 0.2  # what AdamW's updates measure, roughly


def orthogonalised(matrices: Float[Tensor, "k rows columns"], iterations: int) -> Tensor:
    """The nearest semi-orthogonal matrices, singular values within about [0.7, 1.2]."""
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    short = x.shape[-1] <= 4 * x.shape[-2] and bfloat16_pays()
    x = _directly(x.bfloat16(), iterations).float() if short else _gathered(x, iterations)
    return x.mT if tall else x


def _directly(x: Tensor, iterations: int) -> Tensor:
    """Every iteration multiplies by a polynomial of the Gram matrix; patient with bfloat16."""
    a, b, c = NEWTON_SCHULZ
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + torch.baddbmm(b * gram, gram, gram, alpha=c) @ x
    return x


def _gathered(x: Tensor, iterations: int) -> Tensor:
    """The same, all polynomials gathered on the small side first: half the work for convolutions.

    All of them commute, so the long side is met once. Needs float32: small errors of the Gram matrix grow.
    """
    a, b, c = NEWTON_SCHULZ
    gram, identity = x @ x.mT, torch.eye(x.shape[-2])
    gathered = identity
    for iteration in range(iterations):
        polynomial = a * identity + b * gram + c * gram @ gram
        gathered = polynomial @ gathered if iteration else polynomial
        if iteration + 1 < iterations:
            gram = gram @ (polynomial @ polynomial)
    return gathered @ x


class Muon(torch.optim.Optimizer):
    """The matrix part: `params` have at least two axes, none is an embedding table."""

    def __init__(self, params: Iterable[nn.Parameter], lr: float, *, momentum: float = 0.95,
                 weight_decay: float = 0.01, iterations: int = 4):  # fmt: skip
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": weight_decay,
                                  "iterations": iterations})  # fmt: skip

    @torch.no_grad()
    def step(self, closure=None) -> None:
        """One update of every matrix that has a gradient."""
        for group in self.param_groups:
            shapes = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes[parameter.flatten(1).shape].append(parameter)
            for (rows, columns), members in shapes.items():
                moves = torch.stack([self._momentum(p, group["momentum"]) for p in members])
                moves = orthogonalised(moves, group["iterations"])
                scale = group["lr"] * ADAM_RMS * max(rows, columns) ** 0.5
                for parameter, move in zip(members, moves, strict=True):
                    parameter.mul_(1 - group["lr"] * group["decay"])
                    parameter.sub_(move.view(parameter.shape), alpha=scale)

    def _momentum(self, parameter: nn.Parameter, decay: float) -> Tensor:
        """Nesterov momentum of a gradient, as a matrix."""
        state = self.state[parameter]
        if not state:
            state["velocity"] = torch.zeros_like(parameter)
        velocity = state["velocity"].lerp_(parameter.grad, 1 - decay)
        return parameter.grad.lerp(velocity, decay).flatten(1)


class MuonWithAdam:
    """Both optimisers behind one face; AdamW takes vectors, embeddings and what `plain` names."""

    def __init__(self, module: nn.Module, lr: float, plain: tuple[str, ...] = ()):
        matrices, rest = [], []
        tables = {id(m.weight) for m in module.modules() if isinstance(m, nn.Embedding)}
        for name, parameter in module.named_parameters():
            simple = parameter.ndim < 2 or id(parameter) in tables or any(p in name for p in plain)
            (rest if simple else matrices).append(parameter)
        adam = torch.optim.AdamW(rest, lr=lr, betas=(0.9, 0.98), weight_decay=0.0)
        self.parts = (Muon(matrices, lr), adam)

    def set_rate(self, lr: float) -> None:
        """Sets the learning rate of both."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = lr

    def step(self) -> None:
        """One update of all parameters."""
        for part in self.parts:
            part.step()

    def zero_grad(self) -> None:
        """Forgets the gradients."""
        for part in self.parts:
            part.zero_grad()

    def state_dict(self) -> list[dict]:
        """The states of both parts."""
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list[dict]) -> None:
        """Restores both parts."""
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)
