"""Files from the browser: they come in parts of a megabyte, since servers cut what sends too much at once."""


class FileParts:
    """Puts the parts of one file together; `most_mb` is the largest that is taken."""

    def __init__(self, most_mb):
        self.most_mb = most_mb
        self._parts = []

    def add(self, content, buffers):
        """Take a message {part, parts} with its bytes; gives all bytes after the last part, else None."""
        if content["part"] == 0:
            self._parts = []
        self._parts.append(bytes(buffers[0]))
        if sum(map(len, self._parts)) > self.most_mb * 2**20:
            self._parts = []
            raise ValueError(f"file must be at most {self.most_mb} MB, got more; cut it first")
        if content["part"] + 1 < content["parts"]:
            return None
        whole, self._parts = b"".join(self._parts), []
        return whole
