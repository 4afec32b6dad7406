"""A real JupyterLab with nothing of the machine's own settings, and a real Chromium that looks at it."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--force-color-profile=srgb",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--enable-precise-memory-info", "--js-flags=--expose-gc",
]  # fmt: skip


def chromium_path():
    """The Chromium of this machine, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    return None


class Lab:
    """A JupyterLab server on the loopback address, in `folder`, with its own token."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.root = self.folder / "notebooks"
        self.root.mkdir(parents=True)
        self.token = secrets.token_hex(16)
        self.port = _free_port()
        self._write_settings()
        self.log = open(self.folder / "lab.log", "w")  # noqa: SIM115  closed in stop()
        self.process = subprocess.Popen(
            self._command(),
            cwd=self.root,
            env=self._environment(),
            stdout=self.log,
            stderr=self.log,
        )
        self._wait_until_up()

    def stop(self):
        """End the server and its kernels."""
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def url(self, notebook):
        """Where `notebook` is opened, alone, in a workspace of its own."""
        space = secrets.token_hex(4)
        return f"http://127.0.0.1:{self.port}/lab/workspaces/{space}/tree/{notebook}?token={self.token}"

    def notebook(self, name, *cells):
        """Write a notebook of these code cells into the server's folder; gives its name."""
        import nbformat

        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, self.root / name)
        return name

    def copy(self, path):
        """Copy one of the project's notebooks into the server's folder; gives its name."""
        shutil.copy(path, self.root)
        return Path(path).name

    def end_kernel(self, notebook):
        """Shut the kernel of `notebook` down, so that it takes nothing from the next test."""
        for session in json.loads(self._ask("GET", "api/sessions")):
            if session["path"] == notebook:
                self._ask("DELETE", f"api/sessions/{session['id']}")

    def last_words(self, lines=40):
        """The end of what the server and its kernels wrote."""
        text = (self.folder / "lab.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _ask(self, method, path):
        address = f"http://127.0.0.1:{self.port}/{path}"
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(address, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def _command(self):
        return [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.root}",
            "--LabApp.expose_app_in_browser=True",
        ]  # fmt: skip

    def _environment(self):
        own = {
            name: str(self.folder / name.lower())
            for name in (
                "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR",
                "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR",
            )
        }  # fmt: skip
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        return {**os.environ, **own, "PYTHONPATH": path, "JUPYTER_PREFER_ENV_PATH": "1"}

    def _write_settings(self):
        folder = self.folder / "jupyterlab_settings_dir" / "@jupyterlab" / "apputils-extension"
        folder.mkdir(parents=True)
        quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
        (folder / "notification.jupyterlab-settings").write_text(json.dumps(quiet))

    def _wait_until_up(self, timeout_s=90):
        address = f"http://127.0.0.1:{self.port}/api?token={self.token}"
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(address, timeout=5):
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
        self.stop()
        raise RuntimeError(f"JupyterLab did not start:\n{self.last_words()}")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
