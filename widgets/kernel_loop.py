"""The one thread that may send to the browser: the kernel's event loop.

Worker threads hand a callable over and go on. Outside a kernel (tests, scripts) there is no loop and
the callable runs at once. This module knows nothing about widgets.
"""

import threading

from IPython import get_ipython


class KernelLoop:
    """Runs callables on the kernel's event loop, from whichever thread they come."""

    def __init__(self, loop):
        self._loop = loop

    def call_soon(self, callback):
        """Run `callback` on the loop at its next turn; safe from every thread."""
        self._loop.call_soon_threadsafe(callback)

    def call_later(self, delay_s, callback):
        """Run `callback` on the loop after `delay_s`; safe from every thread."""
        self._loop.call_soon_threadsafe(self._loop.call_later, delay_s, callback)


class NoLoop:
    """Stands in for the kernel's loop in plain Python: runs at once, or on a timer."""

    def call_soon(self, callback):
        """Run `callback` now, on the caller's thread."""
        callback()

    def call_later(self, delay_s, callback):
        """Run `callback` on a timer thread."""
        timer = threading.Timer(delay_s, callback)
        timer.daemon = True
        timer.start()


def kernel_loop():
    """The loop of the kernel this code runs in, or a stand-in where there is none."""
    kernel = getattr(get_ipython(), "kernel", None)
    loop = getattr(getattr(kernel, "io_loop", None), "asyncio_loop", None)
    return NoLoop() if loop is None else KernelLoop(loop)
