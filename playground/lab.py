"""`playground lab`: JupyterLab on the first notebook, for this machine only.

The server listens on the loopback address and asks for its token, which is in the address that it
opens. Knows nothing of what the notebooks do.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = Path(__file__).with_name("lab_settings")  # no news, no questions at the first start
FIRST = "notebooks/00_start.ipynb"


def run(notebook: str = FIRST, port: int = 8888, browser: bool = True) -> int:
    """Start JupyterLab and stay until it ends; another port is taken when `port` is busy."""
    return subprocess.call(lab_command(notebook, port, browser), cwd=ROOT)


def lab_command(notebook: str = FIRST, port: int = 8888, browser: bool = True) -> list[str]:
    """The command line that `run` starts; `notebook` is a path inside the project."""
    if not 1 <= port <= 65535:
        raise ValueError(f"port must be in 1..65535, got {port}")
    if not (ROOT / notebook).is_file():
        known = ", ".join(sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb")))
        raise FileNotFoundError(
            f"notebook must be a file in {ROOT}, got {notebook!r}; there are: {known or 'none'}"
        )
    if importlib.util.find_spec("jupyterlab") is None:
        raise ModuleNotFoundError("No module named 'jupyterlab'", name="jupyterlab")
    command = [sys.executable, "-m", "jupyterlab", "--ip=127.0.0.1", f"--port={port}"]
    command += [f"--ServerApp.root_dir={ROOT}", f"--LabApp.default_url=/lab/tree/{notebook}"]
    command += [f"--LabApp.app_settings_dir={SETTINGS}"]
    command += [] if browser else ["--no-browser"]
    # Jupyter refuses root by default; inside containers there is no one else.
    return [*command, "--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else command
