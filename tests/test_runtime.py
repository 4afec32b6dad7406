import importlib.util
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from playground.models import runtime as runtime_module
from playground.models.image_model import ImageModel
from playground.models.runtime import Runtime, Swapping, attach, check_same
from tests.conftest import velocity_pipeline

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="openvino is not installed"
)
ROWS = torch.ones(2, 3)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))


def ready(name, plain, prepare):
    """A network after its first call was answered and its fast version was made ready."""
    handle = Runtime("fake")
    network = Swapping(name, plain, prepare, handle)
    network(ROWS)
    assert handle.wait(10)
    return network, handle


def test_the_plain_network_answers_until_the_fast_one_is_ready():
    go, calls = threading.Event(), []

    def prepare(name, samples):
        go.wait(10)
        return lambda x: calls.append("fast") or 2 * x

    handle = Runtime("fake")
    network = Swapping("unet", lambda x: calls.append("plain") or 2 * x, prepare, handle)
    for _ in range(3):
        network(ROWS)
    assert calls == ["plain"] * 3
    assert not handle.is_ready
    go.set()
    assert handle.wait(10)
    calls.clear()
    torch.testing.assert_close(network(ROWS), 2 * ROWS)
    assert calls == ["fast"]


def test_every_shape_is_made_ready_once():
    shapes = []

    def prepare(name, samples):
        shapes.append(tuple(samples[0].shape))
        return lambda x: x

    network, handle = ready("unet", lambda x: x, prepare)
    for rows in (1, 2, 1, 2, 3):
        network(torch.ones(rows, 3))
    assert handle.wait(10)
    assert sorted(shapes) == [(1, 3), (2, 3), (3, 3)]


def test_a_change_of_threads_is_another_network():
    made = []
    network, handle = ready("unet", lambda x: x, lambda *_: made.append(1) or (lambda x: x))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(threads + 1)
        network(ROWS)
        assert handle.wait(10)
    finally:
        torch.set_num_threads(threads)
    assert len(made) == 2


def test_only_the_newest_shapes_are_kept_and_old_ones_can_come_back():
    made = []
    network, handle = ready("unet", lambda x: x, lambda *_: made.append(1) or (lambda x: x))
    many = runtime_module.KEPT_SHAPES + 3
    for rows in [*range(1, many), 1]:
        network(torch.ones(rows, 3))
        assert handle.wait(10)
    assert len(network._ready) == runtime_module.KEPT_SHAPES
    assert len(made) == many


def test_a_network_that_cannot_be_made_leaves_the_plain_one_with_a_message():
    def prepare(name, samples):
        raise NotImplementedError("operator swish is missing")

    network, handle = ready("decode", lambda x: x + 1, prepare)
    torch.testing.assert_close(network(ROWS), ROWS + 1)
    assert handle.message == "decode stays on plain PyTorch: operator swish is missing"
    assert isinstance(handle.failures[0], NotImplementedError)


@pytest.mark.parametrize("wrong", [lambda x: x + 1e-3, lambda x: x * torch.nan])
def test_a_network_with_other_numbers_is_not_used(wrong):
    network, handle = ready("unet", lambda x: x, lambda *_: wrong)
    torch.testing.assert_close(network(ROWS), ROWS)
    assert "the faster unet must give the plain network's numbers" in handle.message


def test_rounding_is_no_difference():
    check_same("unet", lambda x: x, lambda x: x + 1e-6, (ROWS,))
    check_same("unet", lambda x: x.half(), lambda x: x.half() + 1e-3, (ROWS.half(),))


@pytest.mark.parametrize(
    ("name", "message"),
    [("tensorrt", "runtime must be one of auto, eager"), ("", "must be one of")],
)
def test_an_unknown_runtime_is_refused(v_model, name, message):
    before = v_model.networks
    with pytest.raises(ValueError, match=message):
        attach(v_model, name)
    assert v_model.networks is before


def test_eager_prepares_nothing():
    model = ImageModel.load(velocity_pipeline(), runtime="eager")
    handle = attach(model, "eager")
    assert (model.networks.name, handle.is_ready) == ("eager", True)


def test_openvino_refuses_what_it_cannot_run_and_auto_says_why_it_does_not_try():
    model = ImageModel.load(velocity_pipeline(), dtype=torch.bfloat16, runtime="eager")
    with pytest.raises(ValueError, match=r"must have float32 weights, got torch\.bfloat16"):
        attach(model, "openvino")
    handle = attach(model, "auto")
    assert (handle.name, model.networks.name) == ("eager", "eager")
    assert "float32" in handle.message


def test_without_openvino_auto_is_eager_and_the_fix_is_named(monkeypatch):
    model = ImageModel.load(velocity_pipeline(), runtime="eager")
    monkeypatch.setattr(runtime_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="must be installed; get it with: pip install openvino"):
        attach(model, "openvino")
    assert attach(model, "auto").name == "eager"


def test_auto_leaves_a_large_network_alone(monkeypatch):
    model = ImageModel.load(velocity_pipeline(), runtime="eager")
    monkeypatch.setattr(runtime_module, "MAX_AUTO_PARAMETERS", 10)
    monkeypatch.setattr(runtime_module, "check_openvino", lambda model: None)
    handle = attach(model, "auto")
    assert handle.name == "eager"
    assert 'use runtime="openvino"' in handle.message


@needs_openvino
def test_openvino_gives_the_numbers_of_the_plain_networks_for_any_number_of_rows():
    model = ImageModel.load(velocity_pipeline(), runtime="eager")
    plain, draw = model.networks, torch.Generator().manual_seed(1)
    handle = attach(model, "openvino")

    def both(name, *inputs):
        with torch.inference_mode():
            getattr(model.networks, name)(*inputs)
            assert handle.wait(60), "not ready in time"
            torch.testing.assert_close(
                getattr(model.networks, name)(*inputs),
                getattr(plain, name)(*inputs),
                atol=1e-4,
                rtol=1e-4,
            )

    for rows in (1, 2, 5):
        sample = torch.randn(rows, 4, 16, 16, generator=draw)
        times = torch.randint(0, 1000, (rows,), generator=draw)
        both("unet", sample, times, torch.randn(rows, 16, 32, generator=draw))
    both("encode", torch.rand(2, 3, 64, 64, generator=draw) * 2 - 1)
    both("decode", torch.randn(1, 4, 16, 16, generator=draw))
    assert handle.failures == []
    assert len(model.networks.unet._ready) == 3


@needs_openvino
def test_answers_are_not_overwritten_by_later_calls():
    model = ImageModel.load(velocity_pipeline(), runtime="openvino")
    with torch.inference_mode():
        model.decode(torch.zeros(1, 4, 16, 16))
        model.runtime.wait()
        first = model.decode(torch.zeros(1, 4, 16, 16))
        kept = first.clone()
        model.decode(torch.ones(1, 4, 16, 16))
    torch.testing.assert_close(first, kept, atol=0, rtol=0)


@needs_openvino
def test_a_converted_network_is_kept_on_disk_and_a_damaged_one_is_made_again(tmp_path):
    def answer():
        model = ImageModel.load(velocity_pipeline(), runtime="openvino")
        model.decode(torch.zeros(1, 4, 16, 16))
        assert model.runtime.wait()
        assert model.runtime.failures == []
        assert len(model.networks.decode._ready) == 1
        return model.decode(torch.zeros(1, 4, 16, 16))

    first = answer()
    (kept,) = tmp_path.rglob("decode-*.xml")
    made = kept.stat().st_mtime_ns
    torch.testing.assert_close(answer(), first)
    assert kept.stat().st_mtime_ns == made
    kept.write_text("<net>cut")
    torch.testing.assert_close(answer(), first)
    assert kept.stat().st_size > 1000


@needs_openvino
def test_other_weights_are_another_network_on_disk(tmp_path):
    for seed in (0, 1):
        model = ImageModel.load(velocity_pipeline(seed), runtime="openvino")
        model.decode(torch.zeros(1, 4, 16, 16))
        assert model.runtime.wait()
    assert len(list(tmp_path.rglob("decode-*.xml"))) == 2


@needs_openvino
def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "file"))
    model = ImageModel.load(velocity_pipeline(), runtime="openvino")
    model.decode(torch.zeros(1, 4, 16, 16))
    assert model.runtime.wait()
    assert model.runtime.failures == []


@needs_openvino
def test_nothing_reports_the_use_of_openvino_over_the_network():
    program = (
        "import sys; from playground.models.openvino_runtime import _openvino; _openvino()\n"
        "print('openvino' in sys.modules, 'openvino_telemetry' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"]


def test_a_program_that_ends_does_not_wait_for_what_is_still_to_be_prepared():
    program = (
        "import time\n"
        "from playground.models.runtime import Runtime\n"
        "runtime = Runtime('fake')\n"
        "for _ in range(100): runtime.ask(lambda: time.sleep(0.2))\n"
    )
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert time.perf_counter() - began < 15


@pytest.mark.compile
@pytest.mark.slow
def test_compiled_networks_give_the_same_numbers():
    model = ImageModel.load(velocity_pipeline(), runtime="eager")
    handle = attach(model, "compile")
    latents = torch.randn(1, 4, 16, 16)
    expected = model.decode(latents)
    assert handle.wait(280)
    assert handle.failures == []
    torch.testing.assert_close(model.decode(latents), expected, atol=1e-4, rtol=1e-4)


def test_cuda_records_and_other_accelerators_stay_plain():
    def chosen(device, dtype=torch.float16):
        model = SimpleNamespace(device=torch.device(device), dtype=dtype)
        return runtime_module._chosen(model, "auto")[0]

    assert chosen("cuda") == "cudagraph"
    assert chosen("mps") == "eager"


@needs_openvino
def test_a_stream_goes_on_without_a_jump_while_its_networks_are_swapped():
    from playground.streams.image_stream import ImageStream

    knobs = {"t_index": (16, 32), "guidance": "self", "guidance_scale": 1.4}
    plain = ImageStream.load(velocity_pipeline(), runtime="eager", **knobs)
    swapped = ImageStream.load(velocity_pipeline(), runtime="openvino", **knobs)
    draw = np.random.default_rng(0)
    for step in range(10):
        frame = draw.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        expected, got = plain(frame).astype(int), swapped(frame).astype(int)
        assert np.abs(expected - got).max() <= 1
        latents = [stream.state.flight.batch.clean for stream in (plain, swapped)]
        torch.testing.assert_close(*latents, atol=1e-4, rtol=1e-4)
        if step == 4:
            assert swapped.model.runtime.wait(60)
    assert swapped.model.runtime.failures == []
    assert len(swapped.model.networks.unet._ready) == 2  # one frame alone, and both slots
