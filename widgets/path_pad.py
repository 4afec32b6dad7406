"""The path pad: a clear layer over the running video. Grab a thing and pull it, draw paths and play
them together, pin points, move the camera.

`plan` holds what was drawn, an ipycanvas shows it, `layer` catches the hands, and `live` (a `LiveTracks`)
is what the stream asks before every chunk. A thing that is let go becomes unspecified, not gone. It knows
nothing about streams.
"""

import threading

import ipywidgets
from ipycanvas import Canvas

from .path_camera import CameraHand
from .path_layer import MODES, PathLayer
from .path_painting import SIDE_PX, paint_plan
from .path_plan import PathPlan
from .path_tools import PACES, PathTools


class PathPad(ipywidgets.Box):
    """Lies over `view`; what hands do goes to `live`. `tools` is the row of buttons, to be put elsewhere."""

    def __init__(self, view, live, *, size, cannot=None, on_error=None):
        self.live = live
        self.plan = PathPlan(size)
        self.camera = CameraHand(live, size)
        self._lock = threading.RLock()
        self._hands = {}  # what pointers hold: {number of the pointer: key in `live`}
        self._pinned = []  # [(point, key in `live`)], in the order of the plan's pins
        self.canvas = Canvas(width=SIDE_PX, height=round(SIDE_PX * size[0] / size[1]))
        self.canvas.add_class("pg-path-canvas")
        self.layer = PathLayer(size=size, acts=self._acts(), cannot=cannot, on_error=on_error)
        self.tools = PathTools(on_wish=self.wish, cannot=cannot, on_error=on_error)
        super().__init__([view, self.canvas, self.layer])
        self.add_class("pg-path-sheet")
        self.canvas.on_client_ready(self.repaint)
        self._changed()

    @property
    def words(self):
        """What is commanded at this moment, in words."""
        if why := self.tools.cannot.get("tracks"):
            return why
        now, parts = self.live.snapshot(), []
        if self._hands:
            parts.append("following your hand" if len(self._hands) == 1 else "following your hands")
        if any(plan.started for plan in now.plans):
            parts.append("playing your paths")
        if self.camera.active:
            parts.append("moving the camera")
        if pins := len(self.plan.pins):
            parts.append(f"holding {pins} pin{'s' if pins > 1 else ''}")
        return ", ".join(parts) or "nothing is commanded"

    # ------------------------------------------------------------------ wishes of tools and keys

    def wish(self, name, value=None):
        """What a button or a key asks for: mode, start, undo, clear, pace, shown, pin, grab."""
        if "tracks" in self.tools.cannot:
            return  # grey, with the reason in its tooltip; a key must not say more than a button
        if name in ("start", "undo", "clear"):
            getattr(self, name)()
        elif name in ("pin", "grab"):
            self.layer.act_at_cursor(name)
        elif name == "mode":
            self.choose(value)
        elif name == "pace":
            self.set_pace(value)
        elif name == "shown":
            self.show_paths(not self.tools.shown if value is None else bool(value))
        else:
            raise ValueError(f"name must be a wish of the path pad, got {name!r}")

    def choose(self, mode):
        """What the hand does from now on."""
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
        self.layer.mode = self.tools.mode = mode

    def set_pace(self, pace):
        """How fast drawn paths are played; 1 = as fast as the hand drew."""
        low, high = PACES
        if not low <= float(pace) <= high:
            raise ValueError(f"pace must be in {low}..{high}, got {pace}")
        self.tools.pace = float(pace)

    def show_paths(self, shown):
        """Draw paths over the video, or not."""
        self.tools.shown = shown
        if not shown:
            self.layer.show_trails([], [])

    def start(self):
        """Play all drawn paths together, from now on."""
        with self._lock:
            paths = self.plan.take_paths()
            if paths:
                self.live.plan([list(path.points) for path in paths], pace=self.tools.pace)
                self.live.start()
                self._changed()

    def undo(self):
        """Take the last path or pin back."""
        with self._lock:
            self.plan.undo()
            self._changed()

    def clear(self):
        """No paths, no pins, nothing held: the model decides again."""
        with self._lock:
            self.plan.clear()
            self.camera.release()
            self.live.clear()
            self._hands, self._pinned = {}, []
            self._changed()

    # ------------------------------------------------------------------ what hands do

    def draw(self, points):
        """Put a path on the sheet, to be started later; points are (x, y) or (x, y, seconds)."""
        with self._lock:
            self.plan.add_path(points)
            self._changed()
        self.layer.painted()

    def pin(self, point):
        """Make a point stay where it is."""
        with self._lock:
            self.plan.add_pin(point)
            self._changed()

    def unpin(self, index):
        """Let a pinned point go."""
        with self._lock:
            self.plan.remove_pin(index)
            self._changed()

    def move_pin(self, index, point, first=True):
        """Put a pin elsewhere; what it holds goes there."""
        with self._lock:
            self.plan.move_pin(index, point, remember=first)
            self._changed()

    def nudge(self, by):
        """Move the selected pin by (x, y) pixels, as the arrow keys do."""
        with self._lock:
            if self.plan.selected is not None:
                x, y = self.plan.pins[self.plan.selected]
                self.move_pin(self.plan.selected, (x + by[0], y + by[1]))

    def select(self, index):
        """Choose the pin that the arrow keys move."""
        with self._lock:
            self.plan.select(index)
            self.layer.selected = -1 if index is None else index

    def grab(self, pointer, point):
        """Hold what is under the pointer."""
        self.release(pointer)
        self._hands[pointer] = self.live.grab(*self.plan.inside(point))

    def move(self, pointer, point):
        """Pull what the pointer holds, or the camera."""
        if not self.camera.move(pointer, point) and pointer in self._hands:
            self.live.move(self._hands[pointer], *self.plan.inside(point))

    def release(self, pointer):
        """Let go: where it is from now on is for the model to decide."""
        if pointer in self._hands:
            self.live.release(self._hands.pop(pointer))

    def repaint(self, *_):
        """Paint paths and pins anew, as after a page was loaded."""
        with self._lock:
            paint_plan(self.canvas, self.plan)

    def _acts(self):
        return {
            "ready": self.repaint,
            "path": self.draw,
            "pin": self.pin,
            "unpin": self.unpin,
            "move_pin": self.move_pin,
            "nudge": self.nudge,
            "select": self.select,
            "grab": self.grab,
            "move": self.move,
            "release": self.release,
            "camera_grab": self.camera.grab,
            "camera_release": self.camera.release,
            "zoom": self.camera.zoom,
        }

    def _changed(self):
        """Bring canvas, layer, tools and pins in line with the plan."""
        plan, layer, tools = self.plan, self.layer, self.tools
        self._hold_pins()
        layer.pins = [list(pin) for pin in plan.pins]
        layer.selected = -1 if plan.selected is None else plan.selected
        tools.waiting, tools.can_undo = len(plan.paths), plan.can_undo
        self.repaint()

    def _hold_pins(self):
        """Hold in `live` what is pinned in the plan; a pin that was moved takes its thing along."""
        before, pins = self._pinned, self.plan.pins
        if len(before) == len(pins):
            for (_, key), point in zip(before, pins, strict=True):
                self.live.move(key, *point)
            self._pinned = [(point, key) for (_, key), point in zip(before, pins, strict=True)]
            return
        keys = dict(before)
        for point, key in before:
            if point not in pins:
                self.live.release(key)
        self._pinned = [(p, keys[p] if p in keys else self.live.grab(*p)) for p in pins]
