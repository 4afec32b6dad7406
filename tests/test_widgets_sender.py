"""Frames on their way to a browser: bounded, newest wins, drops counted, alive after a reload."""

import pytest

from hand_loop import Clock
from playground.frames.sinks import Mailbox
from widgets.paced_sender import PacedSender


def sender_and_log(**settings):
    box, log, loop = Mailbox(), [], Clock()
    sender = PacedSender(
        box, lambda item, index: log.append((item, index)), max_fps=1e9, loop=loop, **settings
    )
    box.on_put = sender.wake
    return sender, box, log, loop


def test_a_put_only_asks_the_loop_and_the_loop_sends_the_newest():
    _, box, log, loop = sender_and_log()
    for item in "abc":
        box.put(item)
    assert log == [] and len(loop.soon) == 1
    loop.turn()
    assert log == [("c", 1)] and box.dropped == 2


def test_a_browser_that_says_nothing_gets_a_window_and_no_more():
    sender, box, log, loop = sender_and_log(window=24)
    for number in range(100):
        box.put(number)
        loop.turn()
    assert len(log) == 24 and sender.in_flight == 24 and box.dropped == 75
    sender.acknowledge(8)
    loop.turn()
    assert log[-1] == (99, 25) and sender.in_flight == 17


def test_after_a_reload_everything_on_its_way_is_forgotten():
    sender, box, log, loop = sender_and_log(window=2)
    for number in range(5):
        box.put(number)
        loop.turn()
    sender.reset()
    loop.turn()
    assert sender.in_flight == 1 and log[-1] == (4, 3)


def test_silence_means_nobody_watches_and_the_first_sign_of_life_starts_again():
    sender, box, log, loop = sender_and_log(window=1, patience_s=0.0)
    seen = []
    sender.on_watched = seen.append
    for number in range(3):
        box.put(number)
        loop.turn()
    assert seen == [False] and len(log) == 1
    sender.acknowledge(1)
    loop.turn()
    assert seen == [False, True] and log[-1] == (2, 2)


def test_no_more_than_max_fps():
    box, log, loop = Mailbox(), [], Clock()
    sender = PacedSender(box, lambda item, index: log.append(item), max_fps=0.001, loop=loop)
    box.on_put = sender.wake
    box.put("first")
    loop.turn()
    box.put("second")
    loop.turn()
    assert log == ["first"] and loop.later[0][0] > 900


def test_the_picture_that_somebody_waits_for_leaves_one_turn_early_and_no_more():
    box, log, loop = Mailbox(), [], Clock()
    sender = PacedSender(
        box, lambda item, index: log.append(item), max_fps=0.001, urgent=str.isupper, loop=loop
    )
    box.on_put = sender.wake
    for item in ("a", "b", "C", "D"):
        box.put(item)
        loop.soon, due = [], loop.soon
        for callback in due:
            callback()
    assert log == ["a", "C"] and box.newest == "D" and len(loop.later) == 1


def test_the_pace_slows_while_answers_come_late_and_quickens_when_they_do_not(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("widgets.paced_sender.time.perf_counter", lambda: now[0])
    box, loop = Mailbox(), Clock()
    sender = PacedSender(box, lambda item, index: None, max_fps=60, loop=loop)
    box.on_put = sender.wake

    def answered_after(seconds):
        box.put("frame")
        now[0] += 1
        loop.turn()
        now[0] += seconds
        sender.acknowledge(sender.sent)
        loop.turn()
        return sender.gap_s

    quick = answered_after(0.02)
    slow = [answered_after(0.2) for _ in range(20)]
    assert quick == 1 / 60 and slow[0] > quick and slow[-1] == 0.125
    assert [answered_after(0.02) for _ in range(60)][-1] == quick


def test_the_pace_slows_where_most_pictures_are_overtaken_before_they_are_painted():
    sender, box, _, loop = sender_and_log()
    sender.min_gap_s = sender.gap_s = 1e-9

    def answered(painted):
        for number in range(8):
            box.put(number)
            loop.turn()
        sender.acknowledge(sender.sent, "page", painted)
        return sender.gap_s

    assert answered(8) == answered(5) == 1e-9
    assert 1e-9 < answered(3) < answered(1)


def test_at_a_slow_pace_fewer_may_be_on_their_way():
    sender = PacedSender(Mailbox(), lambda item, index: None, window=24, max_fps=60, loop=Clock())
    assert sender.room == 24
    sender.gap_s = 2 * sender.min_gap_s
    assert sender.room == 12
    sender.gap_s = 0.125
    assert sender.room == 4


def test_a_long_way_alone_does_not_slow_the_pace():
    box, loop = Mailbox(), Clock()
    sender = PacedSender(box, lambda item, index: None, loop=loop)
    page = sender.audience.pages[""]
    for _ in range(20):
        sender._adapt(180.0, page)
    assert sender.gap_s == sender.min_gap_s


def test_what_was_on_its_way_to_a_page_out_of_sight_does_not_bring_it_back():
    sender, box, log, loop = sender_and_log()
    seen = []
    sender.on_watched = seen.append
    box.put("one")
    loop.turn()
    sender.leave("page")
    sender.acknowledge(1, "page")
    box.put("two")
    loop.turn()
    assert seen == [False] and len(log) == 1 and not sender.watched
    sender.reset("page")
    loop.turn()
    assert seen == [False, True] and log[-1] == ("two", 2)


def test_the_first_picture_leaves_even_when_nobody_looks_and_then_it_rests():
    sender, box, log, loop = sender_and_log()
    seen = []
    sender.on_watched = seen.append
    sender.leave("page")
    for item in "ab":
        box.put(item)
        loop.turn()
    assert log == [("a", 1)] and seen == [False]


def test_coming_into_sight_is_told_even_to_those_who_know():
    sender, *_ = sender_and_log()
    seen = []
    sender.on_watched = seen.append
    sender.reset("page")
    sender.reset("page")
    assert seen == [True, True]


def test_two_pages_count_for_themselves_and_the_slower_one_sets_the_pace():
    sender, box, log, loop = sender_and_log(window=24)
    sender.reset("quick")
    sender.reset("slow")
    for number in range(60):
        box.put(number)
        loop.turn()
        sender.acknowledge(sender.sent, "quick")
    assert len(log) == 24 and sender.in_flight == 24
    sender.acknowledge(20, "slow")
    assert sender.in_flight == 4
    sender.leave("slow")
    assert sender.in_flight == 0 and sender.watched
    sender.forget("quick")
    assert not sender.watched and not sender.audience.empty
    sender.forget("slow")
    assert sender.audience.empty


def test_a_page_that_fell_silent_does_not_hold_up_a_lively_one(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("widgets.paced_sender.time.perf_counter", lambda: now[0])
    sender, box, log, loop = sender_and_log(window=4, patience_s=4.0)
    sender.reset("closed")
    sender.reset("lively")
    for number in range(40):
        now[0] += 0.1
        box.put(number)
        loop.turn()
        sender.acknowledge(sender.sent, "lively")
    assert len(log) > 25 and sender.watched
    sender.acknowledge(len(log), "closed")  # it only hung
    assert sender.audience.pages["closed"].looks


@pytest.mark.parametrize("index", [-5, 0, 3, 99])
def test_a_strange_acknowledgement_never_lets_the_count_run_away(index):
    sender, box, _, loop = sender_and_log()
    box.put("one")
    loop.turn()
    sender.acknowledge(index)
    assert 0 <= sender.in_flight <= 1


def test_an_exception_while_sending_is_told():
    told = []
    sender = PacedSender(Mailbox(), lambda item, index: 1 / 0, on_error=told.append)
    sender.mailbox.put("x")
    sender.wake()
    assert isinstance(told[0], ZeroDivisionError)
