"""What all our browser widgets share: files beside them, guarded messages, an error line.

A panel's JavaScript lies in `static/`, joined from small files, since a widget is one module. Messages
from the browser look like `{"kind": "pen", ...}` and go to the handler of that name. A handler that
raises does not vanish in Jupyter's log: the panel shows the message under itself, or hands it to
`on_error`. What a stream cannot serve is grey, with the reason in the tooltip (`cannot`).
"""

from pathlib import Path

import anywidget
import traitlets

_STATIC = Path(__file__).parent / "static"


def script(*names):
    """The text of the JavaScript files `names`, joined into one module."""
    return "\n".join((_STATIC / f"{name}.js").read_text(encoding="utf-8") for name in names)


def style(*names):
    """The text of the style sheets `names`, after the common theme."""
    files = ("theme", *names)
    return "\n".join((_STATIC / f"{name}.css").read_text(encoding="utf-8") for name in files)


class Panel(anywidget.AnyWidget):
    """A widget that reports its own troubles."""

    _esm = "export default { render() {} }"
    trouble = traitlets.Unicode("").tag(sync=True)
    cannot = traitlets.Dict().tag(sync=True)  # {name of a control: why it is grey}

    def __init__(self, handlers=None, *, on_error=None):
        super().__init__()
        self.on_error = on_error
        self._handlers = dict(handlers or {})
        self.on_msg(self._receive)

    def report(self, error):
        """Show `error` to the person, here or where `on_error` says."""
        if self.on_error is not None:
            self.on_error(error)
        else:
            self.trouble = f"{type(error).__name__}: {error}"

    def _receive(self, _, content, buffers):
        try:
            self._handlers[content["kind"]](content, buffers)
        except Exception as error:
            self.report(error)
        else:
            if self.trouble:
                self.trouble = ""
