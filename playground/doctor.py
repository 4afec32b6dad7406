"""`playground doctor`: what this machine has for the playground, what is missing, how to get it.

Nothing is changed and nothing is loaded but torch, to ask for its devices and to time a matrix product:
from free memory, that rate and the models' sizes follows which of them this machine can run (`fit`).
"""

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psutil

from playground.models import fit
from playground.models.catalogue import everything

PACKAGE = Path(__file__).resolve().parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
STREAMDIFFUSION = "streamdiffusion==0.1.1"


def run() -> dict[str, Any]:
    """Everything found; `passed` is False when something is missing that nothing works without."""
    found = {
        "python": platform.python_version(),
        "machine": machine(),
        "device": device(),
        "packages": packages(),
        "weights": {"tiny": tiny_weights(), "published": published_weights()},
        "browser": browser(),
        "models": models(),
    }
    found["missing"] = missing(found)
    return {"passed": not any(gap["needed"] for gap in found["missing"]), **found}


def describe(found: dict[str, Any]) -> str:
    """The findings as a page to read."""
    machine, device = found["machine"], found["device"]
    installed = {name: version for name, version in found["packages"].items() if version}
    # fmt: off
    lines = [
        f"python    {found['python']} on {machine['system']}",
        f"machine   {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB memory, {machine['memory_free_gb']} GB free",
        f"device    {device['name']} ({device['torch'] or 'no torch'})",
        f"weights   {', '.join(found['weights']['tiny']) or 'none'} in the package; "
        f"{', '.join(found['weights']['published']) or 'none'} downloaded",
        f"browser   {found['browser'] or 'none'}",
        "packages  " + ", ".join(f"{name} {version}" for name, version in installed.items()),
    ]
    # fmt: on
    lines += _models_page(found["models"])
    gaps = [
        f"  {'!' if gap['needed'] else '-'} {gap['what']}: {gap['fix']}" for gap in found["missing"]
    ]
    return "\n".join(
        [*lines, *(["", "missing (! = nothing works without it)", *gaps] if gaps else [])]
    )


def models() -> dict[str, Any]:
    """Every model with the sizes that this machine can run, how fast, and what that is judged by."""
    if importlib.util.find_spec("torch") is None:
        return {"judged_by": {}, "fits": []}
    here = fit.this_machine()
    judged_by = {
        "device": here.device,
        "free_gb": round(here.free_bytes / 1e9, 2),
        "machine_free_gb": round(here.host_free_bytes / 1e9, 2),
        "matrix_product_tflops": float(f"{here.rate / 1e12:.3g}"),
        "efficiency": fit.EFFICIENCY,
        "live_from_pictures_per_s": fit.LIVE,
    }
    rows = []
    for entry in everything():
        found = fit.fits(entry, here)
        rows.append(
            {
                "name": entry.name,
                "here": entry.is_here,
                "passing_gb": round(entry.passing_bytes / 1e9, 1),
                "best": fit.best(found).as_row(),
                "sizes": [one.as_row() for one in found],
            }
        )
    return {"judged_by": judged_by, "fits": rows}


def _models_page(models: dict[str, Any]) -> list[str]:
    if not models["fits"]:
        return []
    by = models["judged_by"]
    head = (
        f"models    judged by {by['free_gb']:.1f} GB free on {by['device']} and "
        f"{by['matrix_product_tflops']:.2g} TFLOP/s of a matrix product, estimates within a factor of two:"
    )
    return ["", head, *(_model_line(row) for row in models["fits"])]


def _model_line(row: dict[str, Any]) -> str:
    one = row["best"]
    height, width = one["size"]
    rate = one["pictures_per_s"]
    pace = (
        f"about {rate:.3g} pictures a second" if rate >= 1 else f"about {1 / rate:.0f} s a picture"
    )
    visit = f", and {row['passing_gb']:g} GB for new words" if row["passing_gb"] else ""
    text = f"{one['speed']} at {width} x {height}, {pace}, needs {one['needed_gb']:.2g} GB{visit}"
    if one["speed"] == "does not fit":
        text = f"does not fit: needs {one['needed_gb']:.2g} GB at {width} x {height}{visit}"
    return f"  {row['name']:22} {text}{'' if row['here'] else '; not fetched'}"


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory in GB."""
    memory = psutil.virtual_memory()
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "system": f"{platform.system()} {platform.release()}",
        "cpu": _cpu_name(),
        "cores": allowed,
        "memory_gb": round(memory.total / 2**30, 1),
        "memory_free_gb": round(memory.available / 2**30, 1),
    }


def device() -> dict[str, Any]:
    """The device that streams run on when none is named."""
    if importlib.util.find_spec("torch") is None:
        return {"name": "none", "torch": None}
    import torch

    if torch.cuda.is_available():
        name, memory_gb = torch.cuda.get_device_name(), torch.cuda.mem_get_info()[1] / 2**30
        return {"name": f"cuda ({name}, {memory_gb:.0f} GB)", "torch": torch.__version__}
    name = "mps" if torch.backends.mps.is_available() else "cpu"
    return {"name": name, "torch": torch.__version__}


def packages() -> dict[str, str | None]:
    """Version of every package that the project asks for; None where it is not installed."""
    return {name: _version(name) for name in (*_requirements(), "streamdiffusion")}


def tiny_weights() -> dict[str, float]:
    """Shipped models and their size in MB."""
    files = sorted((PACKAGE / "models" / "tiny").rglob("*.safetensors"))
    sizes: dict[str, int] = {}
    for path in files:
        name = path.relative_to(PACKAGE / "models" / "tiny").parts[0].removesuffix(path.suffix)
        sizes[name] = sizes.get(name, 0) + path.stat().st_size
    return {name: round(size / 2**20, 1) for name, size in sizes.items()}


def published_weights() -> list[str]:
    """Models in the download folder of huggingface_hub."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    hub = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    return sorted(path.name[8:].replace("--", "/") for path in hub.glob("models--*"))


def browser() -> str | None:
    """Path and version of a Chromium for the browser tests."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        return None
    try:
        asked = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return path
    return f"{path} ({asked.stdout.strip() or 'version unknown'})"


def missing(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What is not there, how to get it, whether anything works without it."""
    needed = _requirements()
    gaps = [
        {"what": name, "needed": needed.get(name, False), "fix": _fix(name, needed)}
        for name, version in found["packages"].items()
        if version is None
    ]
    if not found["weights"]["tiny"]:
        fix = (
            "take a full copy of the project; `playground train codec`, then `image`, make new ones"
        )
        gaps.append({"what": "the tiny models", "needed": True, "fix": fix})
    if found["browser"] is None:
        fix = "apt-get install chromium (only the browser tests want it)"
        gaps.append({"what": "chromium", "needed": False, "fix": fix})
    return gaps


def _fix(name: str, needed: dict[str, bool]) -> str:
    if name == "streamdiffusion":
        return f"pip install --no-deps {STREAMDIFFUSION} (only its own back end wants it)"
    return "make play" if needed.get(name) else "make test (only the tests want it)"


def _requirements() -> dict[str, bool]:
    """Names that the project's metadata asks for; True = the playground itself, not only tests."""
    try:
        lines = importlib.metadata.requires("playground") or []
    except importlib.metadata.PackageNotFoundError:
        return {"playground": True}
    lines = [line for line in lines if "python_version <" not in line]
    return {re.split(r"[\s;<>=!~\[]", line)[0]: "extra ==" not in line for line in lines}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
