"""The hand on the camera: points of the scene, spread over the picture, that move with the hand.

Pulling moves them all, the wheel moves them apart. Where one leaves the picture a new one comes in at the
other side. When the hand lets go they are unspecified, as any other thing. Knows no browser.
"""

from .kernel_loop import kernel_loop

COUNT = 5  # points a side
WHEEL_REST_S = 0.35  # after the last turn of the wheel, the camera is let go


class CameraHand:
    """Holds scene points of `live`, a `LiveTracks` for pictures of `size` = (H, W)."""

    def __init__(self, live, size, loop=None):
        self.live, self.size = live, size
        self._loop = loop or kernel_loop()
        self._points = {}
        self._held = None  # (pointer, where it was)
        self._turns = 0

    @property
    def active(self):
        """Whether the camera is moved now."""
        return bool(self._points)

    def grab(self, pointer, point):
        """Take the camera in hand."""
        self._begin()
        self._held = (int(pointer), tuple(point))

    def move(self, pointer, point):
        """Pull; gives whether that pointer has the camera in hand."""
        if self._held is None or self._held[0] != pointer:
            return False
        (dx, dy), (x, y) = self._held[1], point
        self._held = (pointer, (x, y))
        self._put({key: (px + x - dx, py + y - dy) for key, (px, py) in self._points.items()})
        return True

    def release(self):
        """Let the camera go."""
        self._held = None
        self.stop()

    def zoom(self, factor, point):
        """Move the scene apart (factor above 1) about `point`."""
        factor = min(max(float(factor), 0.5), 2.0)
        self._begin()
        x, y = point
        self._put(
            {
                key: (x + (px - x) * factor, y + (py - y) * factor)
                for key, (px, py) in self._points.items()
            }
        )
        self._turns += 1
        if self._held is None:
            turn = self._turns
            self._loop.call_later(WHEEL_REST_S, lambda: self._rest(turn))

    def stop(self):
        """Nothing is said about the scene any more."""
        points, self._points = self._points, {}
        for key in points:
            self.live.release(key)

    def _rest(self, turn):
        if turn == self._turns and self._held is None:
            self.stop()

    def _begin(self):
        if self._points:
            return
        height, width = self.size
        for row in range(COUNT):
            for column in range(COUNT):
                self._take((width * (column + 0.5) / COUNT, height * (row + 0.5) / COUNT))

    def _take(self, point):
        self._points[self.live.grab(*point, scene=True)] = point

    def _put(self, places):
        """Move all points; one that left the picture comes in again at the other side, as another one."""
        height, width = self.size
        for key, (x, y) in places.items():
            if 0 <= x < width and 0 <= y < height:
                self._points[key] = (x, y)
                self.live.move(key, x, y)
            else:
                del self._points[key]
                self.live.release(key)
                self._take((x % width, y % height))
