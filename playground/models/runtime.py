"""Faster ways to run an image model's networks, made ready behind a stream that runs already.

A stream calls three callables (`Networks`). `attach` puts callables in their place that answer with
the plain PyTorch network at first, and with a faster one as soon as it is ready for the shape that
is asked for: OpenVINO on CPUs, CUDA graphs on CUDA (torch.compile where it is asked for). Shapes are
static, so another number of rows (steps, guidance, buffers) is made ready in the background too. A
faster network is used only after it gave the same numbers as the plain one; whatever fails leaves the
plain one running, with a message in `Runtime.message`. Nothing here knows streams or prompts.
"""

import importlib.util
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from playground.models import network_choice
from playground.models.networks import Networks, eager

RUNTIMES = ("auto", "eager", "openvino", "cudagraph", "compile")
TOLERANCE = 1e-4  # largest difference to the plain network, for outputs of about 1
KEPT_SHAPES = 6  # of one network; each takes as much memory as its weights
MAX_AUTO_PARAMETERS = 400_000_000  # "auto" leaves larger networks on a CPU as they are

Network = Callable[..., Tensor]
Prepare = Callable[[str, tuple[Tensor, ...]], Network]  # name of a network, inputs of some shape


def attach(model: Any, runtime: str = "auto") -> "Runtime":
    """Give `model` (an ImageModel) the runtime that is asked for, and `model.runtime` to look at.

    Returns at once. Call it again after weights were changed.
    """
    if runtime not in RUNTIMES:
        raise ValueError(f"runtime must be one of {', '.join(RUNTIMES)}; got {runtime!r}")
    plain = eager(model.unet, model.vae, added=model.added)
    name, reason = _chosen(model, runtime)
    handle = Runtime(name, reason)
    model.runtime, model.networks = handle, plain
    if name == "eager":
        return handle
    prepare = _preparation(model, name)
    model.networks = Networks(
        unet=Swapping("unet", plain.unet, prepare, handle),
        encode=Swapping("encode", plain.encode, prepare, handle),
        decode=Swapping("decode", plain.decode, prepare, handle),
        name=name,
    )
    return handle


class Runtime:
    """What is made ready in the background, and how far it is."""

    def __init__(self, name: str, message: str = "") -> None:
        self.name, self.message = name, message
        self.failures: list[Exception] = []
        self._jobs: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._busy = False

    @property
    def is_ready(self) -> bool:
        """Whether nothing is being made ready at this moment."""
        with self._changed:
            return not self._busy

    def wait(self, timeout_s: float | int = 120) -> bool:
        """Wait until all that was asked for so far is ready or has failed; False when time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy, timeout_s)

    def ask(self, job: Callable[[], None]) -> None:
        """Run `job` on the background thread, before those that were asked for earlier and still wait."""
        with self._changed:
            self._jobs.append(job)
            if not self._busy:
                self._busy = True
                threading.Thread(target=self._work, name="playground-runtime").start()

    def fail(self, network: str, error: Exception) -> None:
        """Note that a network stays plain, and why."""
        self.failures.append(error)
        self.message = f"{network} stays on plain PyTorch: {str(error) or type(error).__name__}"

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            job()

    def _next_job(self) -> Callable[[], None] | None:
        with self._changed:
            if self._jobs and threading.main_thread().is_alive():
                return self._jobs.pop()  # what was asked for last is in use now
            self._busy = False  # the thread ends; the next job starts another one
            self._jobs.clear()
            self._changed.notify_all()
            return None


class Swapping:
    """One network: plain for shapes that are new, fast for shapes that were made ready."""

    def __init__(self, name: str, plain: Network, prepare: Prepare, runtime: Runtime) -> None:
        self.name, self.plain = name, plain
        self._prepare, self._runtime = prepare, runtime
        self._ready: OrderedDict[tuple, Network] = OrderedDict()
        self._asked: set[tuple] = set()

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The network's answer, by the fast network where there is one for these shapes."""
        key = (torch.get_num_threads(), *[tuple(tensor.shape) for tensor in inputs])
        fast = self._ready.get(key)
        if fast is None and key not in self._asked:
            self._asked.add(key)
            self._runtime.ask(lambda: self._make_ready(key, inputs))
        fast = settled(self, fast, key, lambda: self._make_ready(key, inputs))
        return self.plain(*inputs) if fast is None else fast(*inputs)

    def _make_ready(self, key: tuple, inputs: tuple[Tensor, ...]) -> None:
        try:
            samples = tuple(sample_like(tensor) for tensor in inputs)
            fast = self._prepare(self.name, samples)
            check_same(self.name, self.plain, fast, samples)
        except Exception as error:  # any reason: the plain network goes on
            self._runtime.fail(self.name, error)
            return
        while len(self._ready) >= KEPT_SHAPES:
            forgotten, _ = self._ready.popitem(last=False)
            self._asked.discard(forgotten)
        self._ready[key] = fast  # one assignment: a running stream sees all of it or nothing


def settled(swapping: Any, fast: Any, key: tuple, make_ready: Callable[[], None]) -> Any:
    """Who answers this call: the fast network, or None for the plain one; a replay has it dictated."""
    wanted = network_choice.wanted()
    if wanted == network_choice.PLAIN:
        fast = None
    elif wanted == network_choice.FAST and fast is None:
        swapping._runtime.wait()
        if key not in swapping._ready:
            make_ready()
        fast = swapping._ready.get(key)
        if fast is None:
            raise ValueError(
                f"runtime must have a faster network ready here, as when this was recorded, got none: "
                f"{swapping._runtime.message}"
            )
    network_choice.note(network_choice.PLAIN if fast is None else network_choice.FAST)
    return fast


@torch.inference_mode()
def check_same(name: str, plain: Network, fast: Network, samples: tuple[Tensor, ...]) -> None:
    """Raise ArithmeticError unless both networks give the same numbers."""
    expected, got = plain(*samples).float(), fast(*samples).float()
    limit = TOLERANCE if expected.dtype == samples[0].dtype else 100 * TOLERANCE  # half precision
    limit *= max(1.0, float(expected.abs().max()))
    difference = float((expected - got).abs().max())
    if not difference <= limit:
        raise ArithmeticError(
            f"the faster {name} must give the plain network's numbers within {limit:.1e}, "
            f"got a difference of {difference:.1e}"
        )


def sample_like(tensor: Tensor) -> Tensor:
    """Random numbers in the shape of a tensor; whole numbers are timesteps."""
    draw = torch.Generator().manual_seed(0)
    if tensor.is_floating_point():
        values = torch.randn(tensor.shape, generator=draw).to(tensor.dtype)
    else:
        values = torch.randint(0, 1000, tensor.shape, generator=draw, dtype=tensor.dtype)
    return values.to(tensor.device)


def _chosen(model: Any, runtime: str) -> tuple[str, str]:
    """The runtime to use, and why it is not a faster one."""
    if runtime == "openvino":
        check_openvino(model)
    if runtime == "cudagraph" and model.device.type != "cuda":
        raise ValueError(f'runtime "cudagraph" must run on CUDA, got device {model.device.type}')
    if runtime != "auto":
        return runtime, ""
    if model.device.type == "cuda":
        return "cudagraph", ""
    try:
        check_openvino(model)
    except ValueError as error:
        return "eager", str(error)
    parameters = sum(weight.numel() for weight in model.unet.parameters())
    if parameters > MAX_AUTO_PARAMETERS:
        return "eager", (
            f"a network of {parameters / 1e6:.0f} million parameters is not converted unasked; "
            'use runtime="openvino" for it'
        )
    return "openvino", ""


def check_openvino(model: Any) -> None:
    """Raise ValueError where OpenVINO cannot run this model; the message says why."""
    if model.device.type != "cpu":
        raise ValueError(f'runtime "openvino" must run on the CPU, got device {model.device.type}')
    if model.dtype != torch.float32:
        raise ValueError(f'runtime "openvino" must have float32 weights, got {model.dtype}')
    reasons = getattr(model, "eager_reasons", ())
    if reasons:
        raise ValueError(f'runtime "openvino" must run a plain network, got {reasons[0]}')
    if importlib.util.find_spec("openvino") is None:
        raise ValueError('runtime "openvino" must be installed; get it with: pip install openvino')


def _preparation(model: Any, name: str) -> Prepare:
    if name == "openvino":
        from playground.models.openvino_runtime import Conversion

        return Conversion(model.unet, model.vae)
    plain = eager(model.unet, model.vae, added=model.added)
    if name == "cudagraph":
        from playground.models.cuda_graphs import Recorder

        return Recorder(plain)
    return _compilation(plain)


def _compilation(plain: Networks) -> Prepare:
    """Networks through torch.compile, one static graph a shape, compiled by a first call."""

    def prepare(name: str, samples: tuple[Tensor, ...]) -> Network:
        fast = torch.compile(getattr(plain, name), dynamic=False, fullgraph=False)
        with torch.inference_mode():
            fast(*samples)
        return fast

    return prepare
