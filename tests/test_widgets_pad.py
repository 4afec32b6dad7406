"""The drawing pad: what one draws is what Python keeps, and every step can be taken back."""

import threading

import numpy as np
import pytest
from ipycanvas import Canvas
from ipycanvas import canvas as ipycanvas_module
from PIL import Image

from widgets.canvas_painting import painting
from widgets.drawing_pad import DrawingPad
from widgets.raster import Raster, connected_patch
from widgets.starting_drawing import draw_start

RED, BLUE = (255, 0, 0), (0, 0, 255)


def test_a_stroke_colours_its_way_and_nothing_else():
    sheet = Raster(100, paper="#ffffff")
    sheet.stroke([(20, 50), (80, 50)], "#ff0000", 10)
    pixels = sheet.pixels()
    assert (pixels[50, 25:75] == RED).all() and (pixels[46:54, 50] == RED).all()
    assert (pixels[:40] == 255).all() and (pixels[60:] == 255).all()


def test_a_stroke_in_pieces_is_the_same_stroke():
    whole, pieces = Raster(100), Raster(100)
    way = [(10, 10), (50, 30), (90, 80)]
    whole.stroke(way, "#ff0000", 8)
    pieces.stroke(way[:2], "#ff0000", 8)
    pieces.stroke(way[1:], "#ff0000", 8)
    assert np.abs(whole.pixels().astype(int) - pieces.pixels()).mean() < 0.2


def test_strokes_beside_the_sheet_change_nothing():
    sheet = Raster(50)
    before = sheet.pixels()
    sheet.stroke([(-80, -80), (-60, -70)], "#ff0000", 10)
    assert (sheet.pixels() == before).all()


def test_undo_and_redo_are_each_others_inverse():
    sheet = Raster(60)
    states = [sheet.pixels()]
    for step in range(3):
        sheet.remember()
        sheet.stroke([(10 + 15 * step, 30)], "#ff0000", 9)
        states.append(sheet.pixels())
    for state in states[-2::-1]:
        sheet.undo()
        assert (sheet.pixels() == state).all()
    assert not sheet.can_undo
    for state in states[1:]:
        sheet.redo()
        assert (sheet.pixels() == state).all()
    assert not sheet.can_redo


def test_flood_stays_inside_its_outline():
    pixels = np.full((40, 40, 3), 255, np.uint8)
    pixels[10, 10:31] = pixels[30, 10:31] = pixels[10:31, 10] = pixels[10:31, 30] = 0
    patch = connected_patch(pixels, (20, 20), 10)
    expected = np.zeros((40, 40), bool)
    expected[11:30, 11:30] = True
    assert (patch == expected).all()
    outside = connected_patch(pixels, (0, 0), 10)
    assert not outside[11:30, 11:30].any() and outside[39, 39]


def test_flood_finds_its_way_through_a_spiral():
    pixels = np.zeros((9, 9, 3), np.uint8)
    way = [(0, x) for x in range(9)] + [(y, 8) for y in range(9)] + [(8, x) for x in range(9)]
    way += (
        [(y, 0) for y in range(2, 9)] + [(2, x) for x in range(7)] + [(y, 6) for y in range(2, 7)]
    )
    for row, column in way:
        pixels[row, column] = 255
    assert connected_patch(pixels, (0, 0), 10).sum() == len(set(way))


def send_stroke(pad, points, first=True, last=True):
    content = {"kind": "stroke", "batch": 1, "points": points, "first": first, "last": last}
    pad.layer._handle_custom_msg(content, [])


def test_batches_of_points_become_one_stroke_and_one_undo_step():
    pad = DrawingPad(side_px=100)
    pad.choose(colour="#ff0000", size_px=8)
    blank = pad.picture
    send_stroke(pad, [[10, 50]], last=False)
    send_stroke(pad, [[50, 50]], first=False, last=False)
    send_stroke(pad, [[90, 50]], first=False)
    assert (pad.picture[50, 15:85] == RED).all()
    pad.undo()
    assert (pad.picture == blank).all() and not pad.tools.can_undo and pad.tools.can_redo


def test_every_change_is_told_with_the_picture():
    told = []
    pad = DrawingPad(side_px=64, on_change=told.append)
    for change in (
        lambda: pad.stroke([(5, 5)]), lambda: pad.flood((40, 40)), lambda: pad.fill("#0000ff"),
        pad.clear, pad.undo, pad.redo, lambda: pad.load(np.zeros((10, 10, 3), np.uint8)),
    ):  # fmt: skip
        change()
        assert (told[-1] == pad.picture).all()
    assert len(told) == 7


def test_the_eraser_shows_the_paper():
    pad = DrawingPad(side_px=64)
    pad.fill("#0000ff")
    pad.choose(tool="brush", colour="#ff0000", size_px=20)
    pad.stroke([(32, 32)])
    pad.choose(tool="eraser")
    pad.stroke([(32, 32)])
    assert (pad.picture[32, 32] == BLUE).all()


def test_choosing_a_colour_puts_the_eraser_away():
    pad = DrawingPad(side_px=32)
    pad.choose(tool="eraser")
    pad.wish("colour", "#d93636")
    assert pad.tools.tool == "brush" and pad.layer.colour == "#d93636"


def test_loading_takes_paths_bytes_and_arrays_and_refuses_the_rest(tmp_path):
    pad = DrawingPad(side_px=32)
    file = tmp_path / "red.png"
    Image.new("RGB", (60, 20), RED).save(file)
    for picture in (file, file.read_bytes(), np.full((8, 8, 3), (255, 0, 0), np.uint8)):
        pad.clear()
        pad.load(picture)
        assert (pad.picture[16, 16] == RED).all()
    before = pad.picture
    with pytest.raises(ValueError, match="picture must be a picture that can be read"):
        pad.load(b"no picture")
    assert (pad.picture == before).all()


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"tool": "hammer"}, "tool must be one of brush, eraser, bucket, got 'hammer'"),
        ({"size_px": 0.2}, "size_px must be between 1 and 120, got 0.2"),
        ({"size_px": 999}, "size_px must be between 1 and 120, got 999"),
    ],
)
def test_a_wrong_choice_is_refused_and_changes_nothing(wish, message):
    pad = DrawingPad(side_px=32)
    before = pad.tools.tool, pad.tools.size_px
    with pytest.raises(ValueError, match=message):
        pad.choose(**wish)
    assert (pad.tools.tool, pad.tools.size_px) == before


def test_a_broken_message_is_shown_under_the_pad():
    pad = DrawingPad(side_px=32)
    send_stroke(pad, [["left", 3]])
    assert "could not convert" in pad.layer.trouble


def test_an_empty_sheet_is_refused():
    with pytest.raises(ValueError, match="side_px must be >= 1, got 0"):
        Raster(0)


def test_the_first_drawing_cannot_be_undone():
    pad = DrawingPad(side_px=96)
    draw_start(pad)
    start = pad.picture
    pad.undo()
    assert (pad.picture == start).all()
    assert len(np.unique(start.reshape(-1, 3), axis=0)) > 10


# ------------------------------------------------------------ ipycanvas, kept from its traps


@pytest.fixture
def sent(monkeypatch):
    """What ipycanvas sends: one list of commands a message."""
    messages = []
    monkeypatch.setattr(
        type(ipycanvas_module._CANVAS_MANAGER),
        "_send_custom",
        lambda self, command, buffers=(): messages.append(list(command)),
    )
    return messages


SWITCH = ipycanvas_module.COMMANDS["switchCanvas"]


def test_every_painting_names_its_canvas_anew(sent):
    canvas = Canvas(width=10, height=10)
    sent.clear()
    for _ in range(2):
        with painting(canvas):
            canvas.fill_rect(0, 0, 5, 5)
    assert len(sent) == 2
    assert all(
        message[0][0] == SWITCH and message[0][1] == [f"IPY_MODEL_{canvas.model_id}"]
        for message in sent
    )


def test_an_exception_while_painting_leaves_ipycanvas_usable(sent):
    canvas = Canvas(width=10, height=10)
    sent.clear()
    with pytest.raises(ZeroDivisionError), painting(canvas):
        canvas.fill_rect(0, 0, 5, 5)
        raise ZeroDivisionError
    assert sent == [] and not ipycanvas_module._CANVAS_MANAGER._caching
    with painting(canvas):
        canvas.fill_rect(1, 1, 2, 2)
    assert len(sent) == 1 and len(sent[0]) == 2


def test_two_threads_never_paint_on_each_others_canvas(sent):
    canvases = [Canvas(width=10, height=10) for _ in range(2)]
    sent.clear()

    def paint(canvas):
        for _ in range(200):
            with painting(canvas):
                canvas.fill_rect(0, 0, 5, 5)
                canvas.fill_rect(0, 0, 6, 6)

    threads = [threading.Thread(target=paint, args=(canvas,)) for canvas in canvases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 400 and all(
        len(message) == 3 and message[0][0] == SWITCH for message in sent
    )
