"""The notebook's experiments: labelled sheets that leave the stream as it was."""

import re

import numpy as np
import pytest

from playground.streams.image_stream import ImageStream
from widgets.experiments import guidance_sheet, seed_sheet, similarity_ticks, strength_sheet
from widgets.guidance_compare import GuidanceCompare
from widgets.sheet import Sheet
from widgets.starting_drawing import starting_picture


@pytest.fixture(scope="module")
def stream(eps_model):
    return ImageStream(eps_model)


@pytest.fixture(scope="module")
def drawing():
    return starting_picture(64)


def test_strength_and_steps_fill_a_sheet(stream, drawing):
    before = stream.controls
    sheet = strength_sheet(stream, drawing, closeness=(0.0, 0.9), steps=(1, 2))
    html = sheet._repr_html_()
    assert html.count("<img") == 4 and 'alt="1 step, free 0"' in html and "t-index 0, 25" in html
    assert stream.controls is before and stream.state.flight.batch is None
    assert (sheet.pictures[0][0] != sheet.pictures[1][0]).any()


def test_other_seeds_give_other_pictures(stream, drawing):
    sheet = seed_sheet(stream, drawing, seeds=(1, 2))
    assert (sheet.pictures[0][0] != sheet.pictures[0][1]).any()
    assert (sheet.pictures[0][0] == seed_sheet(stream, drawing, seeds=(1,)).pictures[0][0]).all()


def test_every_guidance_names_its_cost(stream, drawing):
    html = guidance_sheet(stream, drawing, steps=2, repeats=2)._repr_html_()
    assert re.findall(r"(\d+) network rows", html) == ["2", "2", "3", "4"]


def test_the_filter_saves_work_only_when_it_is_on(stream, drawing):
    ticks = similarity_ticks(stream, drawing, thresholds=(None, 0.9), still=6, moving=2)
    assert all(ticks.marks[0]) and len(ticks.marks[0]) == 14
    assert sum(ticks.marks[1]) < 14
    assert "of 14 computed" in ticks._repr_html_()


def test_the_comparison_shows_the_newest_wish(stream, drawing):
    compare = GuidanceCompare(stream, drawing)
    compare.dials.turn("steps", 1)
    compare.wait()
    assert compare.status.message == ""
    assert "1 network rows" in compare.sheet.value


def test_a_failing_comparison_says_so(stream):
    compare = GuidanceCompare(stream, np.zeros((5, 5, 7), np.uint8))
    compare.wait()
    assert "drawing must have shape" in compare.status.message


def test_labels_cannot_break_the_page():
    picture = np.zeros((2, 2, 3), np.uint8)
    html = Sheet(pictures=((picture,),), columns=('<b>"x"',))._repr_html_()
    assert "<b>" not in html and 'alt="&lt;b&gt;&quot;x&quot;"' in html
