"""Networks as CUDA graphs: a network's kernels recorded once and started with one call.

A U-Net of Stable Diffusion's size is some thousand kernels, and Python starts them more slowly than a large
GPU runs them. A recording starts all of them at once: the same kernels, so the same numbers to the last bit,
ready after the third call instead of after minutes of compiling. Every shape has a recording of its own;
they share their scratch memory, so one answers at a time. Needs CUDA; knows nothing of streams and of when
which network is used.
"""

import threading
from typing import Any

import torch
from torch import Tensor

from playground.models.networks import Networks

WARM_UP = 3  # calls before the recording, in which libraries choose their kernels


class Recorder:
    """Records the networks of one model: `recorder(name, samples) -> callable`."""

    def __init__(self, plain: Networks) -> None:
        self._plain, self._pool = plain, torch.cuda.graph_pool_handle()
        self._one_at_a_time = threading.Lock()

    def __call__(self, name: str, samples: tuple[Tensor, ...]) -> "Recorded":
        """The network of that name, recorded for the shapes of the samples."""
        return Recorded(getattr(self._plain, name), samples, self._pool, self._one_at_a_time)


class Recorded:
    """One network for one shape, on the device of its samples."""

    def __init__(
        self, network: Any, samples: tuple[Tensor, ...], pool: Any, one_at_a_time: threading.Lock
    ) -> None:
        device = samples[0].device
        with torch.inference_mode(False):  # ordinary memory, which any call may write
            self._inputs = [torch.empty_like(sample).copy_(sample) for sample in samples]
        self._graph, self._one_at_a_time = torch.cuda.CUDAGraph(), one_at_a_time
        aside, current = torch.cuda.Stream(device), torch.cuda.current_stream(device)
        aside.wait_stream(current)
        with one_at_a_time, torch.no_grad():
            with torch.cuda.stream(aside):
                for _ in range(WARM_UP):
                    network(*self._inputs)
            # Other threads go on working on the device meanwhile: only this one must not wait for it.
            recording = {"pool": pool, "stream": aside, "capture_error_mode": "thread_local"}
            with torch.cuda.graph(self._graph, **recording):
                self._answer = network(*self._inputs)
        current.wait_stream(aside)

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The network's answer, in memory of its own."""
        with self._one_at_a_time:
            for place, tensor in zip(self._inputs, inputs, strict=True):
                place.copy_(tensor)
            self._graph.replay()
            return self._answer.clone()
