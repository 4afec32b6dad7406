"""The input of the image app: the drawing, camera pictures, or a file, one of them at a time."""

from pathlib import Path

from playground.frames.pixels import as_frame
from playground.frames.sources import PICTURE_ENDINGS, Drawing, Folder, VideoFile, Webcam


class ImageSource:
    """What the engine looks at; `use(...)` says where that comes from."""

    def __init__(self, size):
        self.size = size
        self.drawing = Drawing(size)
        self.camera = Webcam(size)
        self.file = None
        self._chosen = self.drawing

    def look(self):
        """The newest frame of the chosen source, with its number and birth."""
        return self._chosen.look()

    def latest(self):
        """The newest frame of the chosen source."""
        return self._chosen.latest()

    @property
    def waits(self):
        """Whether there is no frame yet: nothing drawn, or a camera that sent none."""
        return isinstance(self._chosen, Drawing) and self._chosen.latest() is None

    def choose(self, kind):
        """Take frames from "drawing", "camera" or "file"."""
        source = {"drawing": self.drawing, "camera": self.camera, "file": self.file}[kind]
        if source is None:
            raise ValueError("a file must be loaded before it can play, got none; press “file”")
        self._chosen = source

    def use(self, source):
        """Take frames from a path (picture, film, folder), a picture, or any source."""
        if isinstance(source, str | Path):
            self.file = opened(source, self.size)
        elif hasattr(source, "latest"):
            self.file = source
        else:
            self.file = _still(source, self.size)
        self.choose("file")


def opened(path, size, fps="file"):
    """The source behind a path: a picture, a film, or a folder of pictures; `fps=None` = one a look."""
    path = Path(path)
    if path.is_dir():
        return Folder(path, size, fps=4 if fps == "file" else fps)
    if path.suffix.lower() in PICTURE_ENDINGS:
        return _still(path, size)
    return VideoFile(path, size, fps=fps)


def _still(picture, size):
    still = Webcam(size)  # cut to shape, not stretched
    still.put(as_frame(picture, name="picture"))
    return still
