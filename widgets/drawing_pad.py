"""The drawing pad: what one draws with a pen, kept as pixels in Python and painted on an ipycanvas.

Three layers: `raster` holds the pixels, the ipycanvas shows them, `pointer_layer` catches the pen.
Every change goes to all of them and to `on_change(picture)`. Callbacks may come on any thread; a lock
keeps them in order. It knows nothing about streams.
"""

import threading

import ipywidgets
import numpy as np
from ipycanvas import Canvas

from playground.frames.pixels import as_frame, cropped_to

from .canvas_painting import painting
from .pad_tools import TOOLS, PadTools
from .pointer_layer import PointerLayer
from .raster import Raster

MAX_PEN_PX = 120


class DrawingPad(ipywidgets.VBox):
    """A square sheet to draw on. `picture` is what stands there, `on_change(picture)` tells."""

    def __init__(self, *, side_px=384, on_change=None, on_error=None):
        self.on_change = on_change
        self._lock = threading.RLock()
        self._raster = Raster(side_px)
        self._last_point = None
        self.canvas = Canvas(width=side_px, height=side_px)
        self.canvas.add_class("pg-pad-canvas")
        self.layer = PointerLayer(
            side_px=side_px,
            on_stroke=self.stroke,
            on_flood=self.flood,
            on_picture=self.load,
            on_ready=self.repaint,
            on_error=on_error,
        )
        self.tools = PadTools(on_wish=self.wish, on_picture=self.load, on_error=on_error)
        self.tools.side_px = side_px
        sheet = ipywidgets.Box([self.canvas, self.layer])
        sheet.add_class("pg-pad-sheet")
        super().__init__([sheet, self.tools])
        self.add_class("pg-pad")
        self.canvas.on_client_ready(self.repaint)
        self._show_tools()
        self.repaint()

    @property
    def picture(self):
        """The drawing as a uint8 [H, W, 3] copy."""
        with self._lock:
            return self._raster.pixels()

    def stroke(self, points, first=True, last=True):
        """A piece of a stroke with the tool in hand; `first` starts it, `last` ends it."""
        if not points:
            return
        with self._lock:
            if first:
                self._raster.remember()
            joined = points if first or self._last_point is None else [self._last_point, *points]
            self._last_point = None if last else points[-1]
            self._raster.stroke(joined, self._ink(), self.tools.size_px)
            self._paint_stroke(joined)
            self._changed(tools=first)

    def flood(self, point):
        """Fill the patch around `point` with the colour in hand."""
        with self._lock:
            self._raster.remember()
            self._raster.flood(point, self.tools.colour)
            self._changed(paint=True)

    def fill(self, colour):
        """The whole sheet in one colour."""
        with self._lock:
            self._raster.remember()
            self._raster.fill(colour)
            self._changed(paint=True)

    def clear(self):
        """An empty sheet."""
        self.fill(self._raster.paper)

    def undo(self):
        """Take the last change back."""
        with self._lock:
            self._raster.undo()
            self._changed(paint=True)

    def redo(self):
        """Bring it back again."""
        with self._lock:
            self._raster.redo()
            self._changed(paint=True)

    def load(self, picture):
        """A picture in place of the drawing: an array, a path, an image or a file's bytes."""
        side = self._raster.side_px
        frame = cropped_to(as_frame(picture, name="picture"), (side, side))
        with self._lock:
            self._raster.remember()
            self._raster.load(frame)
            self._changed(paint=True)

    def wish(self, name, value=None):
        """What the tool row asks for."""
        if name in ("undo", "redo", "clear"):
            getattr(self, name)()
        elif name == "fill":
            self.fill(self.tools.colour)
        else:
            self.choose(**{name: value})

    def choose(self, *, tool=None, colour=None, size_px=None):
        """Take another tool, colour or pen size in hand."""
        if tool is not None and tool not in TOOLS:
            raise ValueError(f"tool must be one of {', '.join(TOOLS)}, got {tool!r}")
        if size_px is not None and not 1 <= float(size_px) <= MAX_PEN_PX:
            raise ValueError(f"size_px must be between 1 and {MAX_PEN_PX}, got {size_px}")
        with self._lock:
            self.tools.tool = tool or self.tools.tool
            self.tools.colour = colour or self.tools.colour
            self.tools.size_px = float(size_px or self.tools.size_px)
            if colour and self.tools.tool == "eraser":
                self.tools.tool = "brush"
            self._show_tools()

    def forget(self):
        """Make what stands there the first drawing: nothing to undo."""
        with self._lock:
            self._raster.forget()
            self._show_tools()

    def repaint(self, *_):
        """Paint the whole sheet anew, as after a page was loaded."""
        with self._lock, painting(self.canvas) as canvas:
            pixels = self._raster.pixels()
            opaque = np.full((*pixels.shape[:2], 1), 255, dtype=np.uint8)
            canvas.put_image_data(np.concatenate([pixels, opaque], axis=2))  # RGBA stays lossless

    def _ink(self):
        return self._raster.paper if self.tools.tool == "eraser" else self.tools.colour

    def _paint_stroke(self, points):
        with painting(self.canvas) as canvas:
            canvas.line_width, canvas.line_cap, canvas.line_join = (
                self.tools.size_px,
                "round",
                "round",
            )
            canvas.stroke_style = self._ink()
            dot = len(points) == 1
            canvas.stroke_lines(np.array(points * 2 if dot else points, dtype=np.float32))

    def _show_tools(self):
        tools, layer = self.tools, self.layer
        layer.tool, layer.colour, layer.size_px = tools.tool, self._ink(), tools.size_px
        tools.can_undo, tools.can_redo = self._raster.can_undo, self._raster.can_redo

    def _changed(self, *, paint=False, tools=True):
        if paint:
            self.repaint()
        if tools:
            self._show_tools()
        if self.on_change:
            self.on_change(self._raster.pixels())
