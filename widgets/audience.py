"""Who looks at a stream of frames: the pages that show it, each with its own acknowledgements.

One kernel may be open in two tabs, and a page may be in sight, out of sight, hung, or closed without a
word. A page says when it comes into sight and goes out of it; what it acknowledges while it is out of
sight, frames that were still on their way, does not bring it back. A page that says nothing more is
asleep until its next sign of life. The slowest page that looks decides how much is on its way.

Before the first page has said anything, somebody is expected. This module knows no clock, no widgets.
"""

from dataclasses import dataclass

EXPECTED = ""  # the page that has not said its name yet


@dataclass
class Page:
    """One page: what it has seen, when it was heard of last, whether the picture is in its sight."""

    acknowledged: int
    heard: float
    in_sight: bool = True
    asleep: bool = False
    quickest_ms: float = float("inf")

    @property
    def looks(self):
        """Whether somebody may see the picture there."""
        return self.in_sight and not self.asleep


class Audience:
    """The pages that show one stream."""

    def __init__(self, now=0.0):
        self.pages = {EXPECTED: Page(0, now)}

    @property
    def looks(self):
        """Whether anybody looks."""
        return any(page.looks for page in self.pages.values())

    @property
    def empty(self):
        """Whether no page shows the picture, in sight or not; one that is asleep may be closed."""
        return all(page.asleep for page in self.pages.values())

    def seen_by_all(self, sent):
        """The newest frame that every page that looks has seen, or `sent` when none looks."""
        return min((p.acknowledged for p in self.pages.values() if p.looks), default=sent)

    def unseen_by(self, name, sent):
        """How many frames that page has not acknowledged yet."""
        page = self.pages.get(name)
        return 0 if page is None else sent - page.acknowledged

    def arrive(self, name, sent, now):
        """The picture is in that page's sight; whatever was on its way there is lost."""
        self._expect(name, sent, now)
        self.pages[name] = Page(sent, now)

    def leave(self, name, sent, now):
        """The picture is out of that page's sight."""
        self._expect(name, sent, now)
        self.pages.setdefault(name, Page(sent, now)).in_sight = False

    def forget(self, name):
        """The page shows the picture no more."""
        self.pages.pop(name, None)

    def acknowledge(self, name, index, sent, now):
        """That page has seen everything up to `index`; gives the page."""
        self._expect(name, 0, now)
        page = self.pages.setdefault(name, Page(0, now))
        page.acknowledged = min(max(page.acknowledged, int(index)), sent)
        page.heard, page.asleep = now, False
        return page

    def breathe(self, now):
        """Patience with the pages that look starts anew, since there was nothing to answer."""
        for page in self.pages.values():
            if page.looks:
                page.heard = now

    def doze(self, now, patience_s):
        """Take pages that were silent for too long as asleep; a quarter will do beside a lively one."""
        lively = any(p.looks and now - p.heard < patience_s / 4 for p in self.pages.values())
        limit_s = patience_s / 4 if lively else patience_s
        for page in self.pages.values():
            page.asleep = page.asleep or now - page.heard > limit_s

    def _expect(self, name, sent, now):
        """The first page that says its name takes the place of the expected one."""
        if name != EXPECTED and EXPECTED in self.pages:
            self.pages.setdefault(name, Page(sent, now))
            del self.pages[EXPECTED]
