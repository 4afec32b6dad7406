"""Where the input comes from: the drawing, a camera, or a picture or film from the disk.

The camera is read in the browser and sent as small JPEGs, the next one only when the kernel has
taken the last. Knows nothing about streams: it names what came.
"""

import tempfile
from pathlib import Path

import traitlets

from .file_parts import FileParts
from .panel import Panel, script, style

KINDS = ("drawing", "camera", "file")
MAX_FILE_MB = 200


class SourceBox(Panel):
    """`on_kind(kind)`, `on_camera(jpeg bytes)` and `on_file(path)`."""

    _esm = script("common", "file_parts", "source_box")
    _css = style("source_box")

    kind = traitlets.Unicode("drawing").tag(sync=True)
    name = traitlets.Unicode("").tag(sync=True)  # of the file that plays
    side_px = traitlets.Int(128).tag(sync=True)  # of the camera's pictures

    def __init__(self, *, on_kind, on_camera, on_file, on_error=None):
        handlers = {
            "source": lambda content, _: self.choose(content["value"]),
            "camera": self._on_camera,
            "file": self._on_file,
            "trouble": self._on_trouble,
        }
        super().__init__(handlers, on_error=on_error)
        self._on_kind_cb, self._on_camera_cb, self._on_file_cb = on_kind, on_camera, on_file
        self._folder = None
        self._parts = FileParts(MAX_FILE_MB)

    def choose(self, kind):
        """Take the input from `kind`."""
        if kind not in KINDS:
            raise ValueError(f"source must be one of {', '.join(KINDS)}, got {kind!r}")
        self._on_kind_cb(kind)
        self.kind = kind

    def _on_camera(self, _, buffers):
        try:
            self._on_camera_cb(bytes(buffers[0]))
        finally:
            self.send({"kind": "next"})

    def _on_file(self, content, buffers):
        data = self._parts.add(content, buffers)
        if data is None:
            return
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="playground-")
        path = Path(self._folder.name) / Path(content["name"]).name
        path.write_bytes(data)
        self._on_file_cb(path)
        self.kind, self.name = "file", path.name

    def _on_trouble(self, content, _):
        self.kind = "drawing"
        raise RuntimeError(str(content["text"]))
