"""A sheet of labelled pictures or films that shows itself in a notebook. It knows nothing about how they came."""

import base64
import io
from dataclasses import dataclass
from html import escape

import numpy as np
from PIL import Image

_STYLE = """<style>
.pg-sheet { display: inline-grid; gap: 12px 10px; align-items: center; justify-items: center; padding: 6px 2px;
  max-width: 100%; overflow-x: auto; font: 13px var(--jp-ui-font-family, system-ui);
  color: var(--jp-content-font-color1, #222); }
.pg-sheet .pg-name, .pg-sheet small { color: var(--jp-content-font-color2, #666); white-space: nowrap; }
.pg-sheet .pg-name { font-size: 12.5px; } .pg-sheet small { font-size: 11px; display: block; text-align: center; }
.pg-sheet .pg-left { justify-self: end; padding-right: 4px; }
.pg-sheet img { display: block; margin: 0 0 5px; border-radius: 10px; max-width: none;
  box-shadow: 0 1px 2px rgb(0 0 0 / .15), 0 4px 14px rgb(0 0 0 / .10); }
.pg-bar { height: 6px; border-radius: 3px; background: #e4572e; margin-top: 5px; }
.pg-ticks { display: flex; gap: 2px; } .pg-ticks i { width: 9px; height: 26px; border-radius: 3px; }
</style>"""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Rows of uint8 pictures with labels; `captions` and `bars` (0..1) belong to single pictures."""

    pictures: tuple  # rows of columns of uint8 [H, W, 3], or of films [T, H, W, 3]
    columns: tuple = ()
    rows: tuple = ()
    captions: tuple = ()
    bars: tuple = ()
    side_px: int = 128
    fps: float = 20.0  # of films

    def _repr_html_(self):
        names = [*([""] if self.rows and self.columns else []), *self.columns]
        head = "".join(_name(label) for label in names)
        body = "".join(self._row(at) for at in range(len(self.pictures)))
        width = len(self.pictures[0]) + bool(self.rows)
        return _grid(f"repeat({width}, max-content)", head + body)

    def _row(self, row):
        label = _name(self.rows[row], "pg-name pg-left") if self.rows else ""
        cells = "".join(
            f"<div>{self._cell(row, at)}</div>" for at in range(len(self.pictures[row]))
        )
        return label + cells

    def _cell(self, row, column):
        names = [
            str(labels[at]) for labels, at in ((self.rows, row), (self.columns, column)) if labels
        ]
        picture = self.pictures[row][column]
        image = picture_tag(picture, ", ".join(names), self.side_px, fps=self.fps)
        caption = f"<small>{escape(self.captions[row][column])}</small>" if self.captions else ""
        if self.bars:
            width = round(self.side_px * self.bars[row][column])
            caption += f'<div class="pg-bar" style="width: {width}px"></div>'
        return image + caption


@dataclass(frozen=True, kw_only=True)
class Ticks:
    """Rows of yes and no, as little bars: which frames were computed and which were not."""

    marks: tuple  # rows of bools
    rows: tuple
    captions: tuple

    def _repr_html_(self):
        body = "".join(
            f"{_name(label, 'pg-name pg-left')}{self._ticks(marks)}<small>{escape(caption)}</small>"
            for label, marks, caption in zip(self.rows, self.marks, self.captions, strict=True)
        )
        return _grid("repeat(3, max-content)", body)

    def _ticks(self, marks):
        colours = ("rgb(128 128 128 / .25)", "#e4572e")
        ticks = "".join(f'<i style="background: {colours[bool(mark)]}"></i>' for mark in marks)
        words = f"{sum(map(bool, marks))} of {len(marks)} computed"
        return f'<div class="pg-ticks" role="img" aria-label="{words}">{ticks}</div>'


def _grid(columns, inside):
    return f'{_STYLE}<div class="pg-sheet" style="grid-template-columns: {columns}">{inside}</div>'


def _name(label, kind="pg-name"):
    return f'<div class="{kind}">{escape(str(label))}</div>'


def picture_tag(picture, label, side_px, *, fps=20.0):
    """An <img> that holds the picture itself, or the film, over and over."""
    kind, data = _film(picture, fps) if picture.ndim == 4 else _still(picture)
    data = base64.b64encode(data).decode()
    return (
        f'<img src="data:image/{kind};base64,{data}" alt="{escape(label, quote=True)}" '
        f'width="{side_px}" height="{side_px}">'
    )


def _still(picture):
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(out, "PNG")
    return "png", out.getvalue()


def _film(frames, fps):
    out = io.BytesIO()
    first, *rest = [Image.fromarray(np.ascontiguousarray(frame)) for frame in frames]
    gap_ms = round(1000 / fps)
    first.save(
        out,
        "WEBP",
        save_all=True,
        append_images=rest,
        duration=gap_ms,
        loop=0,
        quality=88,
        method=1,
    )
    return "webp", out.getvalue()
