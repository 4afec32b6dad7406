"""Networks through OpenVINO: about twice as fast as plain PyTorch on a CPU.

A network is converted once with a free batch axis, kept on disk under a key of its weights, and
compiled for every static shape. Inputs and outputs live in memory that is shared with the
compiled network, so a call copies a few kilobytes and allocates its answer. Pictures run in float32: in
bfloat16 they differ from the plain network by more than 0.01. Knows nothing of threads and of when which
network is used.
"""

import hashlib
import os
import shutil
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from playground.models.networks import latents_of

FORMAT = "3"  # of what is kept on disk; another number makes old files unread
KEPT_NETWORKS = 12
ENDINGS = ("xml", "bin")


class _Unet(nn.Module):
    def __init__(self, unet: nn.Module, _vae: nn.Module) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, sample: Tensor, timesteps: Tensor, embeddings: Tensor) -> Tensor:
        return self.unet(sample, timesteps, encoder_hidden_states=embeddings, return_dict=False)[0]


class _Encode(nn.Module):
    def __init__(self, _unet: nn.Module, vae: nn.Module) -> None:
        super().__init__()
        self.vae, self.scale = vae, getattr(vae.config, "scaling_factor", None) or 1.0

    def forward(self, pixels: Tensor) -> Tensor:
        return latents_of(self.vae.encode(pixels)) * self.scale


class _Decode(nn.Module):
    def __init__(self, _unet: nn.Module, vae: nn.Module) -> None:
        super().__init__()
        self.vae, self.scale = vae, getattr(vae.config, "scaling_factor", None) or 1.0

    def forward(self, latents: Tensor) -> Tensor:
        return self.vae.decode(latents / self.scale).sample


GRAPHS = {"unet": _Unet, "encode": _Encode, "decode": _Decode}


class Conversion:
    """Makes compiled networks of one model: `conversion(name, samples) -> callable`."""

    graphs: ClassVar[dict[str, Callable[..., nn.Module]]] = GRAPHS

    def __init__(
        self,
        unet: nn.Module,
        vae: nn.Module,
        folder: Path | None = None,
        precision: str = "f32",
    ) -> None:
        self._networks, self._precision = (unet, vae), precision
        self._folder = cache_folder() if folder is None else folder
        self._keys: dict[str, str] = {}
        self._unkept: dict[str, Any] = {}  # converted, but the disk did not take it

    def __call__(self, name: str, samples: tuple[Tensor, ...]) -> "Compiled":
        """The network of that name, compiled for the shapes of the samples."""
        graph = self.graphs[name](*self._networks).eval()
        key = self._keys.setdefault(name, f"{name}-{_fingerprint(graph)}")
        kept = self._folder / f"{key}.xml"
        if kept.is_file():
            try:
                return Compiled(str(kept), samples, precision=self._precision)
            except RuntimeError:  # damaged, or of another build: made again below
                _forget(kept)
        if name not in self._unkept:
            model = _converted(graph, samples)
            if _keep(model, kept):
                return Compiled(str(kept), samples, precision=self._precision)
            self._unkept[name] = model
        return Compiled(self._unkept[name], samples, precision=self._precision)


class Compiled:
    """One network for one shape; calls from several threads wait for each other."""

    def __init__(self, source: Any, samples: tuple[Tensor, ...], *, precision: str = "f32") -> None:
        openvino = _openvino()
        core = openvino.Core()
        model = core.read_model(source) if isinstance(source, str) else source.clone()
        model.reshape({place: list(sample.shape) for place, sample in enumerate(samples)})
        settings = {
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "ENABLE_CPU_PINNING": False,  # other programs use the same cores
        }
        compiled = core.compile_model(model, "CPU", settings)
        self._request = compiled.create_infer_request()
        self.inputs = [torch.empty(s.shape, dtype=s.dtype) for s in samples]
        for place, tensor in enumerate(self.inputs):
            memory = openvino.Tensor(tensor.numpy(), shared_memory=True)
            self._request.set_input_tensor(place, memory)
        self._answers = [
            _answer(openvino, self._request, n, o) for n, o in enumerate(compiled.outputs)
        ]
        self.one_at_a_time = threading.Lock()

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The network's first answer, in memory of its own."""
        with self.one_at_a_time:
            for place, tensor in zip(self.inputs, inputs, strict=True):
                place.copy_(tensor)
            return self.run(0)[0]

    def run(self, *wanted: int) -> list[Tensor]:
        """These of its answers to what stands in `inputs`; for who holds `one_at_a_time`."""
        self._request.infer()  # the interpreter is free for other threads meanwhile
        return [self._answers[place].clone() for place in wanted]


def cache_folder() -> Path:
    """Where converted networks are kept: $PLAYGROUND_CACHE, else the user's cache folder."""
    chosen = os.environ.get("PLAYGROUND_CACHE")
    if chosen:
        return Path(chosen) / "networks"
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "playground" / "networks"


def _answer(openvino: ModuleType, request: Any, place: int, output: Any) -> Tensor:
    memory = np.empty(tuple(output.shape), np.float32)
    request.set_output_tensor(place, openvino.Tensor(memory, shared_memory=True))
    return torch.from_numpy(memory)


def _openvino() -> ModuleType:
    """OpenVINO without the package beside it that reports its use over the network."""
    if "openvino" in sys.modules:
        return sys.modules["openvino"]
    reporter, sys.modules["openvino_telemetry"] = sys.modules.get("openvino_telemetry"), None
    try:
        import openvino
    finally:
        sys.modules.pop("openvino_telemetry")
        if reporter is not None:
            sys.modules["openvino_telemetry"] = reporter
    return openvino


@torch.no_grad()
def _converted(graph: nn.Module, samples: tuple[Tensor, ...]) -> Any:
    """The network in OpenVINO's form; sizes free where the trace leaves them free.

    The front end is called directly: the package's own convert_model traces several times over.
    """
    _openvino()
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # sizes known to be static
    warnings.filterwarnings("ignore", "`torch.jit", category=DeprecationWarning)
    trace = torch.jit.trace(graph, samples, check_trace=False)
    front_end = FrontEndManager().load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(trace, example_input=samples)  # must outlive the conversion
    return front_end.convert(front_end.load(decoder))


def _fingerprint(graph: nn.Module) -> str:
    """Of weights, settings, library versions and processor."""
    openvino = _openvino()
    processor = openvino.Core().get_property("CPU", "FULL_DEVICE_NAME")
    versions = (FORMAT, torch.__version__, openvino.get_version(), processor)
    digest = hashlib.sha256(repr(versions).encode())
    for part in graph.children():
        config = part.config
        digest.update(
            repr(sorted(config.items(), key=str) if hasattr(config, "items") else config).encode()
        )
    for name, weight in graph.state_dict().items():
        digest.update(f"{name} {tuple(weight.shape)} {weight.dtype}".encode())
        digest.update(weight.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def _keep(model: Any, path: Path) -> bool:
    """Save it, and whether the disk let us; a half-written network never gets its name."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            part = Path(folder) / path.name
            _openvino().save_model(model, str(part), compress_to_fp16=False)
            part.with_suffix(".bin").replace(path.with_suffix(".bin"))
            part.replace(path)
        _prune(path.parent)
    except (OSError, RuntimeError):  # read-only or full: converted again in the next process
        return False
    return True


def _prune(folder: Path) -> None:
    """Keep the newest networks only."""
    newest_first = sorted(folder.glob("*.xml"), key=lambda file: file.stat().st_mtime, reverse=True)
    for path in newest_first[KEPT_NETWORKS:]:
        _forget(path)


def _forget(path: Path) -> None:
    for ending in ENDINGS:
        path.with_suffix(f".{ending}").unlink(missing_ok=True)


def clear_cache() -> None:
    """Delete all networks kept on disk."""
    shutil.rmtree(cache_folder(), ignore_errors=True)
