"""An event loop that turns when a test says so."""


class Clock:
    """A loop whose time only moves when told."""

    def __init__(self):
        self.soon, self.later = [], []

    def call_soon(self, callback):
        self.soon.append(callback)

    def call_later(self, delay_s, callback):
        self.later.append((delay_s, callback))

    def turn(self):
        due, self.soon = self.soon, []
        due += [callback for _, callback in self.later]
        self.later = []
        for callback in due:
            callback()
