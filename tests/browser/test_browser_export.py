"""A person at the export bar of the prompt-switch app: what was seen is a file, with its words beside it."""

import io
import re
import zipfile

import imageio.v3 as iio
import numpy as np
import pytest
from driver import running
from PIL import Image, ImageSequence

APP = """from fake_switch import FakeSwitch
from widgets import SwitchApp
app = SwitchApp(stream=FakeSwitch(), prompt="a duck on the sea")
app.show()"""
FPS, MOST_S = 20, 5  # of the stand-in's video; what is saved
SAVED = re.compile(r"Saved (\d+) frames to (\S+?)(?:, (\S+)_00000\.png and on)?$")
SIDES = {"mp4": 512, "gif": 256, "webp": 256, "png": 64, "zip": 64}
WAIT_S = 90


@pytest.fixture(scope="module")
def live(chromium, lab):
    with running(chromium, lab, "export.ipynb", APP, height=1000, wide=True) as notebook:
        notebook.page.locator(".pg-switch-app .pg-fold [class*=Collapse-header]").click()
        notebook.page.locator(".pg-export").wait_for()
        yield notebook


def switch(notebook, thing):
    """Other words by hand, until they are in the film that could be saved."""
    page = notebook.page
    page.locator("input.pg-prompt").fill(f"a {thing} on the sea")
    page.keyboard.press("Enter")
    newest = "print(app.keeping.recent.clip(0.1)[-1][1])"
    notebook.wait_until(lambda: notebook.python(newest) == f"a {thing} on the sea", WAIT_S)


def save(notebook, ending):
    """Click, wait, and give what the bar says: how many frames, and the file or the folder and a name."""
    bar = notebook.page.locator(".pg-export")
    bar.locator("select[aria-label=format]").select_option(ending)
    words = bar.locator(".pg-export-words")
    before = words.inner_text()
    bar.locator(".pg-export-save").click()
    notebook.wait_until(lambda: (now := words.inner_text()) != before and SAVED.match(now), WAIT_S)
    assert bar.locator(".pg-trouble").inner_text() == ""
    count, path, stem = SAVED.match(words.inner_text()).groups()
    return int(count), notebook.lab.root / path / (f"{stem}.png" if stem else "")


def opened(path):
    """Every frame of what was saved, and its subtitles."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as file:
            names = sorted(name for name in file.namelist() if name.endswith(".png"))
            frames = [iio.imread(io.BytesIO(file.read(name))) for name in names]
            return np.stack(frames), file.read("subtitles.vtt").decode()
    files = sorted(path.parent.glob(f"{path.stem}_*.png"))
    frames = [iio.imread(one) for one in files] or list(iio.imread(path, index=...))
    if path.suffix in (".gif", ".webp"):  # equal frames in a row are one there, which stands longer
        with Image.open(path) as clip:
            stands_ms = [one.copy().info["duration"] for one in ImageSequence.Iterator(clip)]
        frames = np.repeat(frames, [round(ms * FPS / 1000) for ms in stands_ms], axis=0)
    return np.stack(frames)[..., :3], path.with_suffix(".vtt").read_text()


def named(frame):
    """The thing that is seen, as the evaluation names it."""
    from playground.benchmarks.video_measures import locate, named_object

    small = np.asarray(Image.fromarray(frame).resize((64, 64), Image.Resampling.BOX))
    return {named_object(small, locate(small, word)[0]) for word in ("duck", "turtle")}


def cues(subtitles):
    """(the frame in the middle of its time, text) of every subtitle."""
    clock = r"00:(\d\d):(\d\d\.\d{3})"
    for m0, s0, m1, s1, text in re.findall(rf"{clock} --> {clock}\n(.*)", subtitles):
        yield int(FPS * (60 * (int(m0) + int(m1)) + float(s0) + float(s1)) / 2), text


@pytest.mark.parametrize("ending", SIDES)
def test_the_last_seconds_become_a_file_that_opens_with_its_words_beside_it(live, ending):
    switch(live, ("turtle", "duck")[list(SIDES).index(ending) % 2])
    count, path = save(live, ending)
    frames, subtitles = opened(path)
    assert len(frames) == count and 5 < count <= FPS * MOST_S
    assert frames.shape[1:] == (SIDES[ending], SIDES[ending], 3) and frames.dtype == np.uint8
    told = list(cues(subtitles))
    assert told[-1][1] == live.page.locator("input.pg-prompt").input_value()
    for frame, text in told:
        assert text.split()[1] in named(frames[frame]), (frame, text)
    assert live.page.locator(".pg-export-cancel").is_hidden()


def test_a_clip_that_is_cancelled_leaves_no_file_and_the_next_one_can_be_saved(live):
    slow = "import time; app.keeping.bar._make = lambda what, own=app.keeping.frames: "
    slow += "((pair for pair in own(what)[0] if not time.sleep(0.2)), {'fps': 20})"
    live.python(slow)
    folder = live.lab.root / "recordings"
    before = sorted(folder.iterdir())
    bar = live.page.locator(".pg-export")
    bar.locator("select[aria-label=format]").select_option("gif")
    bar.locator(".pg-export-save").click()
    bar.locator("progress").wait_for()
    bar.locator(".pg-export-cancel").click()
    words = bar.locator(".pg-export-words")
    live.wait_until(lambda: words.inner_text() == "Cancelled; nothing was saved.", WAIT_S)
    assert sorted(folder.iterdir()) == before
    live.python("app.keeping.bar._make = app.keeping.frames")
    count, path = save(live, "gif")
    assert path.is_file() and count > 0
