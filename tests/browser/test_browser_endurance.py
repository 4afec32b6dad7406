"""A page that hangs, goes, comes back, runs long; a kernel that starts anew. On a stream without networks."""

import statistics
import time

import psutil
import pytest
from driver import Notebook, check_latency

APP = """from fake_stream import FakeStream
from widgets import ImageApp
if "app" in globals():
    app.close()
app = ImageApp(stream=FakeStream(work_s=globals().get("work_s", 0.02)))
app.show()"""


@pytest.fixture(scope="module")
def desk(chromium, lab):
    """One page with one kernel, for all tests that leave both alive."""
    context = chromium.new_context(viewport={"width": 1280, "height": 860})
    notebook = Notebook(context.new_page(), lab, lab.notebook("endurance.ipynb", APP)).open()
    yield notebook
    notebook.shut_down()
    context.close()


@pytest.fixture
def streaming(desk):
    """A fresh app that streams; `streaming(work_s)`."""

    def start(work_s=0.02):
        desk.python(f"work_s = {work_s}")
        desk.page.evaluate("() => document.querySelector('.pg-frame')?.classList.add('old')")
        desk.run_all()
        desk.page.wait_for_selector(".pg-frame:not(.old)")
        desk.wait_for_picture(10)
        return desk

    return start


def test_a_page_that_hung_is_back_within_a_second(streaming, lab):
    notebook = streaming()
    usual_ms = statistics.median(notebook.age_ms() for _ in range(20))  # more on a busy machine
    server = psutil.Process(lab.process.pid)
    before_mb = server.memory_info().rss / 2**20
    notebook.page.evaluate(
        "() => { const t = performance.now(); while (performance.now() - t < 1e4); }"
    )
    time.sleep(1.0)
    then_ms = statistics.median(notebook.age_ms() for _ in range(20))
    assert then_ms < max(200, 2 * usual_ms), (then_ms, usual_ms)
    assert server.memory_info().rss / 2**20 - before_mb < 8
    sent = notebook.python("print(app.view.sender.in_flight, app.view.sender.window)").split()
    assert int(sent[0]) <= int(sent[1])


def test_a_closed_page_stops_the_sender_and_an_opened_one_lives_on(page, chromium, lab):
    notebook = Notebook(page, lab, lab.notebook("closed.ipynb", APP)).open()
    notebook.run_all()
    notebook.wait_for_picture(10)
    notebook.draw((0.2, 0.2), (0.8, 0.3))
    notebook.save()
    server = psutil.Process(lab.process.pid)
    notebook.page.close()
    time.sleep(5)
    before_mb = server.memory_info().rss / 2**20
    time.sleep(5)
    assert server.memory_info().rss / 2**20 - before_mb < 2
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    again = Notebook(context.new_page(), lab, notebook.name).open()
    again.wait_for_picture(10)
    again.wait_until(lambda: again.pad_difference() < 3, timeout_s=20)
    strokes = int(again.python("print(len(app.pad._raster._done))"))
    again.draw((0.2, 0.8), (0.8, 0.7))
    again.wait_until(lambda: int(again.python("print(len(app.pad._raster._done))")) == strokes + 1)
    again.wait_until(lambda: again.pad_difference() < 3)
    assert again.errors == []
    again.shut_down()
    context.close()


def test_stop_restart_the_kernel_go_on(streaming):
    notebook = streaming()
    old = int(notebook.python("import os; print(os.getpid())"))
    notebook.page.locator(".pg-pause").click()
    notebook.wait_until(lambda: notebook.python("print(app.engine.controls.paused)") == "True")
    time.sleep(0.5)
    count = notebook.painted()
    time.sleep(1)
    assert notebook.painted() == count
    notebook.restart_kernel()
    assert not psutil.pid_exists(old) or psutil.Process(old).status() == psutil.STATUS_ZOMBIE
    notebook.run_all()
    notebook.wait_until(lambda: notebook.page.locator(".pg-frame").count() == 1, timeout_s=30)
    notebook.wait_for_picture(10)


def test_closing_the_app_leaves_no_thread(streaming):
    notebook = streaming()
    threads = (
        "import threading; print([t.name for t in threading.enumerate() if 'playground' in t.name])"
    )
    assert notebook.python(threads) == "['playground-engine']"
    notebook.python("app.close()")
    assert notebook.python(threads) == "[]"


def test_out_of_sight_the_stream_rests(streaming):
    notebook = streaming()
    hide = "(hidden) => { document.querySelector('.pg-app').style.display = hidden ? 'none' : '' }"
    notebook.page.evaluate(hide, True)
    notebook.wait_until(lambda: notebook.python("print(app.engine.controls.paused)") == "True")
    notebook.page.evaluate(hide, False)
    notebook.wait_for_picture(10)


def test_from_a_dial_to_the_painted_picture(streaming, capsys):
    check_latency(streaming(), capsys)


@pytest.mark.slow
@pytest.mark.timeout(800)
def test_3600_pictures_leave_the_page_as_big_as_before(streaming):
    """Pictures that reach the page, as fast as it answers; at every turn it paints the newest."""
    notebook = streaming(work_s=0.002)
    notebook.python("app.engine.max_fps = None; app.view.sender.gap_s = 0.004")
    notebook.python("app.view.sender._adapt = lambda *_: None")  # only the window holds it back
    notebook.still_favicon()
    notebook.wait_for_arrivals(600, timeout_s=200)
    before, painted = notebook.page_memory_mb(), notebook.painted()
    notebook.wait_for_arrivals(3600, timeout_s=500)
    after = notebook.page_memory_mb()
    assert after < 1.05 * before, (before, after)
    assert notebook.painted() - painted > 200
