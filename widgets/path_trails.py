"""What was commanded and what was followed, as lines over the video: the last moments of every point.

The way commanded is told by each chunk. Where a thing really is, is measured in the frames themselves,
with optical flow from the moment at which it was grabbed. At most eight points and ten messages a second.
"""

from collections import deque

from playground.conditioning.following import Following

SECONDS = 1.5  # of the past that the lines show
MOST = 8  # points whose trail is drawn
MESSAGES_A_S = 10


class Trails:
    """`see(picture, chunk, place)` at every frame; `on_trails(commanded, followed)` gets the lines."""

    def __init__(self, fps, on_trails):
        self.on_trails = on_trails
        self._length = round(SECONDS * fps)
        self._every = max(1, round(fps / MESSAGES_A_S))
        self._following = Following()
        self._asked, self._gone = {}, {}
        self._count, self._empty = 0, True

    def see(self, picture, chunk, place):
        """Take note of frame `place` of a chunk."""
        told = _told(chunk.tracks, place)
        places = self._following.step(picture, told)
        for lines, points in ((self._asked, told), (self._gone, places)):
            for name in [name for name in lines if name not in told]:
                del lines[name]
            for name, point in points.items():
                lines.setdefault(name, deque(maxlen=self._length)).append(point)
        self._count += 1
        if self._count % self._every == 0:
            self._tell()

    def _tell(self):
        if self._empty and not self._asked:
            return
        self._empty = not self._asked
        self.on_trails(*(list(map(list, lines.values())) for lines in (self._asked, self._gone)))


def _told(tracks, place):
    """{identity: (x, y)} of what is told about things in a frame; points of the scene are left out."""
    if tracks is None:
        return {}
    told = tracks.visible[place] & ~tracks.scene
    names, points = tracks.identity[told][:MOST], tracks.points[place][told][:MOST]
    return {
        int(name): (round(float(x), 2), round(float(y), 2))
        for name, (x, y) in zip(names, points, strict=True)
    }
