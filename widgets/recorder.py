"""Keeps what one sees: clips in real time, and single pictures.

Every picture passes by here before the mailbox may drop it. A clip has a fixed rate, so a picture is
written as often as it stood on the screen. This module knows nothing about widgets.
"""

import re
import threading
import time
from pathlib import Path

from playground.frames.clip_files import ClipFile, write_picture
from playground.frames.pixels import resized
from playground.frames.sinks import Mailbox

FPS = 25
MIN_SIDE_PX = 512  # smaller pictures are enlarged smoothly
MAX_CLIP_S = 600


class TappedMailbox(Mailbox):
    """A mailbox whose `listeners` see every item, also those that nobody takes in time."""

    def __init__(self):
        super().__init__()
        self.listeners = []

    def put(self, item):
        """Show `item` to the listeners, then make it the newest."""
        for listener in tuple(self.listeners):
            listener(item)
        super().put(item)


class Recorder:
    """Writes clips and snapshots into `folder`; `see(shot)` may be called on any thread.

    `words()` is the prompt that holds now, which becomes the subtitle; `about()` the settings that go
    into every file.
    """

    def __init__(self, folder="recordings", *, on_error=None, words=str, about=dict):
        self.folder = Path(folder)
        self.on_error, self.words, self.about = on_error, words, about
        self._lock = threading.Lock()
        self._clip = None
        self._newest = None

    @property
    def recording(self):
        """Whether a clip is being written."""
        return self._clip is not None

    def see(self, shot):
        """Take note of a picture; write it when a clip is running."""
        self._newest = shot.picture
        if self._clip is None:
            return
        with self._lock:
            if self._clip is None:  # stopped on another thread in between
                return
            try:
                self._write(shot)
            except (OSError, ValueError) as error:  # a full disk must not end the stream
                self._clip = None
                if self.on_error:
                    self.on_error(error)

    def start(self, name):
        """Begin a clip called after `name`; gives the path it will have."""
        with self._lock:
            path = self.free_path(name, "mp4")
            self._clip = ClipFile(path, fps=FPS, about=self.about())
            self._began = time.perf_counter()
            return path

    def stop(self):
        """Finish the clip; gives its path and its length in seconds."""
        with self._lock:
            clip, self._clip = self._clip, None
            if clip is None:
                return None, 0.0
            clip.close()
            return clip.path, clip.count / FPS

    def snapshot(self, name):
        """Write the newest picture as it is, pixel by pixel; gives the path."""
        if self._newest is None:
            raise ValueError("there must be a picture before a snapshot, got none yet; draw first")
        path = self.free_path(name, "png")
        write_picture(path, self._newest, about=self.about())
        return path

    def _write(self, shot):
        picture = shot.picture
        due = int((time.perf_counter() - self._began) * FPS) + 1
        side = max(picture.shape[:2])
        if side < MIN_SIDE_PX:
            scale = -(-MIN_SIDE_PX // side)
            picture = resized(picture, (picture.shape[0] * scale, picture.shape[1] * scale))
        chunk = getattr(
            shot, "details", None
        )  # video was made under older words than asked for now
        words = getattr(chunk, "prompt", None) or self.words()
        for _ in range(min(due, MAX_CLIP_S * FPS) - self._clip.count):
            self._clip.write(picture, words)

    def free_path(self, name, ending):
        """A path in the folder, called after `name`, that nothing has yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40] or "picture"
        number = 1
        while any(self.folder.glob(f"{stem}_{number:03d}[._]*")):
            number += 1
        return self.folder / f"{stem}_{number:03d}.{ending}"
