import threading

from playground.frames import Mailbox


def test_the_newest_item_wins_and_the_others_are_counted():
    box = Mailbox()
    assert box.take() is None
    for item in "abc":
        box.put(item)
    assert box.take() == "c"
    assert box.take() is None
    assert box.dropped == 2


def test_an_item_that_was_taken_is_not_counted_as_dropped():
    box = Mailbox()
    box.put(1)
    box.take()
    box.put(2)
    assert box.dropped == 0


def test_every_put_is_told_to_the_viewer():
    told = []
    box = Mailbox(on_put=lambda: told.append(len(told)))
    box.put(1)
    box.put(2)
    assert told == [0, 1]


def test_waiting_ends_when_an_item_comes_and_when_none_does():
    box = Mailbox()
    assert box.wait(timeout_s=0.01) is None
    threading.Timer(0.05, box.put, ["late"]).start()
    assert box.wait(timeout_s=5) == "late"


def test_nothing_is_lost_or_doubled_between_two_threads():
    box, taken = Mailbox(), []
    writer = threading.Thread(target=lambda: [box.put(number) for number in range(5000)])
    writer.start()
    while writer.is_alive() or not taken or taken[-1] != 4999:
        item = box.take()
        if item is not None:
            taken.append(item)
    assert taken == sorted(set(taken))
    assert len(taken) + box.dropped == 5000
