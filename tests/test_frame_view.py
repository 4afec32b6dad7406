"""The moving picture on its way to the page: one JPEG a picture, none for who has it, gone when all are."""

import numpy as np
import pytest

from hand_loop import Clock
from widgets.frame_view import FrameView, encode_jpeg


class RecordingView(FrameView):
    def send(self, content, buffers=None):
        self.__dict__.setdefault("out", []).append((content, buffers))


def test_a_picture_leaves_as_one_jpeg_with_its_number():
    view = RecordingView(loop=Clock())
    view.show(np.zeros((64, 64, 3), np.uint8))
    view.sender._loop.turn()
    content, (jpeg,) = view.out[-1]
    assert content["kind"] == "frame" and content["index"] == 1
    assert jpeg[:2] == b"\xff\xd8" and len(jpeg) < 3000


def test_a_reloaded_page_gets_the_last_picture_at_once():
    view = RecordingView(loop=Clock())
    view.show(np.full((64, 64, 3), 80, np.uint8))
    view.sender._loop.turn()
    first = view.out[-1][1]
    view._handle_custom_msg({"kind": "ready"}, [])
    assert view.out[-1][1] == first and view.sender.in_flight == 0


def test_a_page_that_has_the_last_picture_does_not_get_it_again():
    view = RecordingView(loop=Clock())
    view.show(np.full((64, 64, 3), 80, np.uint8))
    view.sender._loop.turn()
    view._handle_custom_msg({"kind": "ready", "page": "a", "index": 0}, [])
    view._handle_custom_msg({"kind": "ready", "page": "a", "index": 1}, [])
    assert len([content for content, _ in view.out if content["kind"] == "frame"]) == 2


def test_a_view_is_gone_when_no_page_has_it_any_more():
    view, gone = FrameView(loop=Clock()), []
    view.on_gone = lambda: gone.append(True)
    for name in "ab":
        view._handle_custom_msg({"kind": "ready", "page": name}, [])
    view._handle_custom_msg({"kind": "gone", "page": "a"}, [])
    assert not view.gone and gone == []
    view._handle_custom_msg({"kind": "gone", "page": "b"}, [])
    assert view.gone and gone == [True]
    view._handle_custom_msg({"kind": "ready", "page": "b"}, [])
    assert not view.gone


def test_small_pictures_keep_their_colours():
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, ::2] = (255, 0, 0)
    picture[:, 1::2] = (0, 0, 255)
    from playground.frames.pixels import as_frame

    back = as_frame(encode_jpeg(picture))
    assert np.abs(back.astype(int) - picture).mean() < 8


def test_an_unknown_keyword_is_a_type_error():
    with pytest.raises(TypeError, match="lable"):
        FrameView(lable="x")


def test_a_message_that_no_handler_knows_is_shown():
    view = FrameView()
    view._handle_custom_msg({"kind": "nonsense"}, [])
    assert "nonsense" in view.trouble
    view._handle_custom_msg({"kind": "ready"}, [])
    assert view.trouble == ""
