"""A compiled `CachedStep` behind the signature of `CausalWan.forward`, told only what is new.

What did not change since the call before (past, prompt, paths, all the same through the passes of a chunk)
is not handed over again, and of a past that changed no more than what follows its first change: the sink
stays where it is. The same object means the same numbers.
"""

from collections.abc import Callable
from itertools import takewhile
from typing import Any

from torch import Tensor

from playground.models.cached_step import rotated, timed, told, turn_of, words
from playground.models.causal_wan import CausalWan
from playground.models.key_values import MEMORY, VELOCITY, Context, KeyValues
from playground.models.openvino_runtime import Compiled
from playground.models.rotary import Turn

HANDED_OVER = (
    "time",
    "positions",
    "past_positions",
    "past",
    "words",
    "tracks",
)  # once, if they stay
KEPT_TIMES = 16  # of one network, with what each tells the layers
NOTHING = object()  # has not been handed over yet; None is a value


class FastStep:
    """One cached forward, compiled: velocities, keys and values, of which a call gives what is asked for."""

    def __init__(
        self, wan: CausalWan, prepare: Callable[..., Compiled], call: tuple, where: dict[str, Any]
    ) -> None:
        self._wan, self._last = wan, dict.fromkeys(HANDED_OVER, NOTHING)
        self._times: dict[Tensor, Tensor] = {}  # what those tell that came before
        self._spots, self._spoken = (), (NOTHING, NOTHING)
        self._runs: tuple[KeyValues, ...] = ()  # of the past that was handed over
        x, t, context = call
        turn = self._turn = self._turn_for(x, where)
        inputs = [x, timed(wan, t), turn.cos[turn.first_new :], turn.sin[turn.first_new :]]
        inputs += [*rotated(where["past"], turn), *words(context)]
        self._silent = told(wan, x, None) if wan.config.track_dim else None
        inputs += [] if self._silent is None else [self._silent]
        samples = tuple(tensor.contiguous() for tensor in inputs)
        self._step = prepare("step", samples)

    def __call__(
        self,
        x: Tensor,
        t: Tensor,
        context: Context,
        *,
        tracks: Tensor | None = None,
        only: str | None = None,
        **where: Any,
    ) -> tuple[Tensor | None, KeyValues | None]:
        """As `CausalWan.forward`, in memory of its own."""
        inputs = self._step.inputs
        with self._step.one_at_a_time:
            inputs[0].copy_(x)
            if self._is_other("time", t):
                inputs[1].copy_(self._timed(t))
            self._tell_past(x, where, inputs[2:6])
            if self._is_other("words", context):
                _write(inputs[6:8], words(context))
            if self._silent is not None and self._is_other("tracks", tracks):
                inputs[8].copy_(self._told(x, tracks))
            if only == VELOCITY:
                return self._step.run(0)[0], None
            velocity, *memory = self._step.run(0, 1, 2)
            return None if only == MEMORY else velocity, KeyValues(*memory)

    def _timed(self, t: Tensor) -> Tensor:
        if t not in self._times:  # tensors are told apart as objects
            if len(self._times) >= KEPT_TIMES:
                self._times.clear()
            self._times[t] = timed(self._wan, t)
        return self._times[t]

    def _tell_past(self, x: Tensor, where: dict[str, Any], places: list[Tensor]) -> None:
        """Where the new frames stand, and the past rotated to where it stands."""
        if any([self._is_other(name, where[name]) for name in ("positions", "past_positions")]):
            spots = (*where["positions"].tolist(), *where["past_positions"].tolist())
            if spots != self._spots:
                self._turn, self._runs = self._turn_for(x, where), ()
                self._last["past"] = NOTHING
                first = self._turn.first_new
                _write(places[:2], (self._turn.cos[first:], self._turn.sin[first:]))
                self._spots = spots
        if self._is_other("past", where["past"]):
            self._tell_runs(where["past"].runs, places[2:])

    def _tell_runs(self, runs: tuple[KeyValues, ...], places: list[Tensor]) -> None:
        """The past, but not what it begins with if the past before began with it too: the sink."""
        pairs = zip(runs, self._runs, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], pairs))
        if same < len(runs):
            first, new = sum(run.frames for run in runs[:same]), KeyValues.join(runs[same:])
            start = first * new.runs[0].k.shape[3]
            keys, values = places
            _write([keys[..., start:], values[:, :, :, start:]], rotated(new, self._turn, first))
        self._runs = runs

    def _told(self, x: Tensor, tracks: Tensor | None) -> Tensor:
        """What tracks add; guidance asks in turns with and without them."""
        if tracks is None:
            return self._silent
        if tracks is not self._spoken[0]:
            self._spoken = tracks, told(self._wan, x, tracks)
        return self._spoken[1]

    def _turn_for(self, x: Tensor, where: dict[str, Any]) -> Turn:
        _, rows, columns = self._wan.config.patch_size
        grid = x.shape[3] // rows, x.shape[4] // columns
        return turn_of(self._wan, *grid, where["positions"], where["past_positions"])

    def _is_other(self, name: str, value: Any) -> bool:
        """Whether it is not what the last call had."""
        last, self._last[name] = self._last[name], value
        return value is not last


def _write(inputs: list[Tensor], tensors: tuple[Tensor, ...]) -> None:
    for place, tensor in zip(inputs, tensors, strict=True):
        place.copy_(tensor)
