"""The dial that chooses how a model's networks run: plain, or through something faster.

It is no knob of the stream's controls, since the pictures stay the same: it turns `model.use_runtime`,
which swaps the networks behind the running stream. Models that cannot choose have no such dial.
"""

from .dials import Dial

PLAIN = (("eager", "plain"), ("openvino", "OpenVINO"))
OF_VIDEO = (("openvino-bf16", "OpenVINO, bfloat16"),)
OF_PICTURES = (("cudagraph", "CUDA graphs"), ("compile", "compiled"))
TIP = (
    "What computes the networks. Plain: PyTorch as it is. OpenVINO: faster on processors. CUDA graphs: "
    "faster on NVIDIA GPUs. Another one is made "
    "ready in the background and takes over when it gives the same numbers."
)


def runtime_dials(stream):
    """The dial for this stream, in a tuple; an empty one where there is nothing to choose."""
    if not runtime_of(stream):
        return ()
    is_video = hasattr(stream.model, "transformer")
    options = (*PLAIN, *(OF_VIDEO if is_video else OF_PICTURES))
    return (
        Dial(
            name="runtime",
            label="networks run",
            kind="choice",
            options=options,
            value="eager",
            tip=TIP,
        ),
    )


def runtime_of(stream):
    """{"runtime": what runs the networks now}; empty where that is not for choosing."""
    runtime = getattr(getattr(stream, "model", None), "runtime", None)
    return {} if runtime is None else {"runtime": runtime.name}
