"""Fixtures of the browser tests. Without a browser they are skipped, unless one is required."""

import os
from pathlib import Path

import pytest
from lab import CHROMIUM_FLAGS, Lab, chromium_path
from witness import testimony

REQUIRED = os.environ.get("CI") == "true" or os.environ.get("PLAYGROUND_BROWSER") == "required"


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure on another machine must be understood from the report alone."""
    report = yield
    given = getattr(item, "funcargs", {})
    if report.failed and "chromium" in given and call.when != "teardown":
        folder = item.config._tmp_path_factory.getbasetemp()
        name = item.name.replace("[", "_").replace("]", "")
        words = testimony(given["chromium"], given.get("lab"), folder, name)
        report.sections.append(("what page, kernel and server say", words))
    return report


def missing(reason):
    """Skip where a browser is a luxury, fail where it is required."""
    (pytest.fail if REQUIRED else pytest.skip)(reason)


@pytest.fixture(scope="session")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api") if not REQUIRED else None
    if sync_api is None:
        from playwright import sync_api
    path = chromium_path()
    if path is None:
        missing("no Chromium found; install the package “chromium”")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


@pytest.fixture
def screenshot(request):
    """Saves a picture of the page in the folder PLAYGROUND_SCREENSHOTS (1: media/screenshots), if set."""
    folder = os.environ.get("PLAYGROUND_SCREENSHOTS")
    folder = Path(__file__).parents[2] / "media" / "screenshots" if folder == "1" else folder

    def save(page, name):
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / f"{name}.png")

    return save
