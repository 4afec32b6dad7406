"""A video model's networks through OpenVINO, made ready behind a stream that runs already.

As `playground.models.runtime` for pictures: the plain network answers at once; a faster one takes over for
every shape that comes again, after it gave the same numbers.

"auto" and "openvino" are float32. "openvino-bf16" runs the transformer in bfloat16, the decoder not; what a
time tells the layers is computed outside in float32, since the sine of t up to 1000 has no meaning in eight
bits. On a processor with AMX one chunk of the tiny model, from the same state, differed by at most 4 levels
of 255 (0.08 in the mean), its latents by 0.04, its keys (up to 8.5) by 0.10, at 1.3 of the speed. Not the
same numbers: a stream drifts away from that in float32, so it must be asked for. Half precision ("f16")
differed by a sixth of that and was slower than float32.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from playground.models.cached_step import CachedStep
from playground.models.causal_wan import CausalWan
from playground.models.fast_step import FastStep
from playground.models.key_values import Context, KeyValues
from playground.models.openvino_runtime import Compiled, Conversion
from playground.models.runtime import (
    KEPT_SHAPES,
    MAX_AUTO_PARAMETERS,
    TOLERANCE,
    Runtime,
    Swapping,
    check_openvino,
    sample_like,
    settled,
)
from playground.models.video_model import VideoNetworks, eager

RUNTIMES = ("auto", "eager", "openvino", "openvino-bf16")
BF16_TOLERANCE = 0.1  # largest difference to the plain transformer, for outputs of about 1


def attach(model: Any, runtime: str = "auto") -> Runtime:
    """Give `model` (a VideoModel) the runtime that is asked for, and `model.runtime` to look at."""
    if runtime not in RUNTIMES:
        raise ValueError(f"runtime must be one of {', '.join(RUNTIMES)}; got {runtime!r}")
    name, reason = _chosen(model, runtime)
    handle, plain = Runtime(name, reason), eager(model.transformer, model.codec)
    model.networks, model.runtime = plain, handle
    if name != "eager":
        parts, is_low = (model.transformer, model.codec), name == "openvino-bf16"
        step = VideoConversion(*parts, precision="bf16" if is_low else "f32")
        tolerance = BF16_TOLERANCE if is_low else TOLERANCE
        forward = SwappingForward(model.transformer, step, handle, tolerance)
        decode = Swapping("decode", plain.decode, VideoConversion(*parts), handle)
        model.networks = VideoNetworks(forward=forward, decode=decode, name=name)
    return handle


def _chosen(model: Any, runtime: str) -> tuple[str, str]:
    """The runtime to use, and why it is not a faster one."""
    if runtime == "eager":
        return runtime, ""
    try:
        check_openvino(model)
    except ValueError as error:
        if runtime != "auto":
            raise
        return "eager", str(error)
    parameters = sum(weight.numel() for weight in model.transformer.parameters())
    if runtime == "auto" and parameters > MAX_AUTO_PARAMETERS:
        return (
            "eager",
            f"a network of {parameters / 1e6:.0f} million parameters is not converted unasked",
        )
    return "openvino" if runtime == "auto" else runtime, ""


class _Step(CachedStep):
    def __init__(self, wan: CausalWan, _codec: nn.Module) -> None:
        super().__init__(wan)


class _Decode(nn.Module):
    def __init__(self, _wan: CausalWan, codec: nn.Module) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, latents: Tensor) -> Tensor:
        return self.codec.decode(latents)


class VideoConversion(Conversion):
    """Makes compiled networks of one video model, kept on disk as those for pictures."""

    graphs = {"step": _Step, "decode": _Decode}  # noqa: RUF012


class SwappingForward:
    """`CausalWan.forward`, by a compiled network where there is one for the shapes of a call.

    A shape is made ready when a second past of that size comes: what happens once a stream (its first
    chunks, a re-cache) is not worth it. Batches, masks and calls without a past stay plain.
    """

    def __init__(
        self,
        plain: CausalWan,
        prepare: Callable[..., Compiled],
        runtime: Runtime,
        tolerance: float = TOLERANCE,
    ) -> None:
        self.plain, self._prepare, self._runtime = plain, prepare, runtime
        self._tolerance = tolerance
        self._ready: OrderedDict[tuple, FastStep] = OrderedDict()
        self._pasts: dict[tuple, Any] = {}  # one past of every size that came; None: asked for

    def __call__(
        self,
        x: Tensor,
        t: Tensor,
        context: Context,
        *,
        past: KeyValues | None = None,
        mask: Tensor | None = None,
        **more: Any,
    ) -> tuple[Tensor | None, KeyValues | None]:
        """As `CausalWan.forward`."""
        if past is not None and mask is None and x.shape[0] == 1:
            key = (torch.get_num_threads(), x.shape[2:], past.frames, context.k.shape[2])
            fast = self._ready.get(key)
            if fast is None:
                self._note(key, x, t, context, past)
            fast = settled(self, fast, key, lambda: self._make_ready(key, x, t, context, past))
            if fast is not None:
                return fast(x, t, context, past=past, **more)
        return self.plain(x, t, context, past=past, mask=mask, **more)

    def _note(self, key: tuple, x: Tensor, t: Tensor, context: Context, past: KeyValues) -> None:
        known = self._pasts.setdefault(key, past)
        if known is not None and known is not past:
            self._pasts[key] = None
            self._runtime.ask(lambda: self._make_ready(key, x, t, context, past))

    @torch.inference_mode()
    def _make_ready(
        self, key: tuple, x: Tensor, t: Tensor, context: Context, past: KeyValues
    ) -> None:
        try:
            x, past = sample_like(x), KeyValues(sample_like(past.k), sample_like(past.v))
            count = past.frames + x.shape[2]
            where = {
                "past": past,
                "past_positions": torch.arange(past.frames),
                "positions": torch.arange(past.frames, count),
                "tracks": _tracks_like(self.plain, x),
            }
            fast = FastStep(self.plain, self._prepare, (x, t, context), where)
            both = self.plain(x, t, context, **where), fast(x, t, context, **where)
            check_equal(*both, self._tolerance)
        except Exception as error:  # any reason: the plain network goes on
            self._runtime.fail("transformer", error)
            return
        while len(self._ready) >= KEPT_SHAPES:
            forgotten, _ = self._ready.popitem(last=False)
            self._pasts.pop(forgotten, None)
        self._ready[key] = fast  # one assignment: a running stream sees all of it or nothing


def check_equal(
    expected: tuple[Tensor, KeyValues],
    got: tuple[Tensor, KeyValues],
    tolerance: float = TOLERANCE,
) -> None:
    """Raise ArithmeticError unless both forwards give the same numbers."""
    pairs = [(expected[0], got[0]), (expected[1].k, got[1].k), (expected[1].v, got[1].v)]
    for one, other in pairs:
        limit = tolerance * max(1.0, float(one.abs().max()))
        difference = float((one - other).abs().max())
        if not difference <= limit:
            raise ArithmeticError(
                f"the faster transformer must give the plain one's numbers within {limit:.1e}, "
                f"got a difference of {difference:.1e}"
            )


def _tracks_like(wan: CausalWan, x: Tensor) -> Tensor | None:
    """Random track grids for the frames of x; None where the network reads none."""
    if not wan.config.track_dim:
        return None
    shape = (
        x.shape[0],
        wan.config.track_channels,
        x.shape[2] * wan.config.track_fold,
        *x.shape[3:],
    )
    return sample_like(torch.zeros(shape))
