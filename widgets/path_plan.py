"""What lies on the path pad: paths that wait for their start, and pins; with undo.

Points are (x, y) in pixels of the video. This module knows neither widgets nor tracks.
"""

from dataclasses import dataclass

HISTORY = 60  # changes that can be taken back
SAME_PX = 0.25  # a step shorter than that adds nothing to a path


@dataclass(frozen=True, slots=True)
class Path:
    """One drawn path: points (x, y), or (x, y, seconds) with the hand's own clock."""

    points: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class _Sheet:
    paths: tuple[Path, ...] = ()
    pins: tuple[tuple[float, float], ...] = ()


class PathPlan:
    """Paths and pins on a sheet of `size` = (H, W) pixels; every change can be taken back."""

    def __init__(self, size):
        self.size = tuple(size)
        self.selected = None  # which pin the arrow keys move
        self._sheet = _Sheet()
        self._done = []

    @property
    def paths(self):
        """The paths that wait, in the order in which they were drawn."""
        return self._sheet.paths

    @property
    def pins(self):
        """The pinned points."""
        return self._sheet.pins

    @property
    def can_undo(self):
        """Whether there is a change to take back."""
        return bool(self._done)

    def add_path(self, points):
        """Put a path on the sheet; gives whether it is long enough to be one."""
        points = _thinned([(*self.inside(p[:2]), *map(float, p[2:3])) for p in points])
        if len(points) < 2:
            return False
        self._change(paths=(*self.paths, Path(points)))
        return True

    def add_pin(self, point):
        """Pin a point and select it."""
        self._change(pins=(*self.pins, self.inside(point)))
        self.selected = len(self.pins) - 1

    def move_pin(self, index, point, *, remember=True):
        """Put a pin elsewhere; `remember=False` goes on with a move that was begun."""
        pins = list(self.pins)
        pins[self._checked(index)] = self.inside(point)
        self._change(remember, pins=tuple(pins))
        self.selected = index

    def remove_pin(self, index):
        """Take a pin away."""
        index = self._checked(index)
        self._change(pins=self.pins[:index] + self.pins[index + 1 :])
        self.selected = None

    def select(self, index):
        """Choose the pin that the arrow keys move; None = none."""
        self.selected = None if index is None else self._checked(index)

    def take_paths(self):
        """Take all waiting paths from the sheet, to be played."""
        paths = self.paths
        if paths:
            self._change(paths=())
        return paths

    def clear(self):
        """An empty sheet."""
        if self.paths or self.pins:
            self._change(paths=(), pins=())
        self.selected = None

    def undo(self):
        """Take the last change back."""
        if self._done:
            self._sheet = self._done.pop()
            self.selected = None

    def inside(self, point):
        """`point` as two numbers, moved into the sheet."""
        height, width = self.size
        x, y = (float(value) for value in point)
        if not (x == x and y == y):
            raise ValueError(f"point must be two numbers, got {point!r}")
        return min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)

    def _checked(self, index):
        if not 0 <= int(index) < len(self.pins):
            raise ValueError(f"pin must be one of {len(self.pins)}, got number {index}")
        return int(index)

    def _change(self, remember=True, **parts):
        if remember:
            self._done = [*self._done[-HISTORY + 1 :], self._sheet]
        now = {"paths": self.paths, "pins": self.pins, **parts}
        self._sheet = _Sheet(**now)


def _thinned(points):
    """Without the points where the hand hardly moved, but with the moment at which it went on."""
    kept, skipped = points[:1], None
    for point in points[1:]:
        if _distance(kept[-1], point) < SAME_PX:
            skipped = point
            continue
        kept += [point] if skipped is None else [skipped, point]
        skipped = None
    return tuple(kept)


def _distance(one, other):
    return ((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2) ** 0.5
