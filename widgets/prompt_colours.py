"""One colour a prompt, the same in the cache and on the timeline."""

HUES = (285, 130, 48, 175, 330, 90, 240, 10)  # degrees; neighbours are far apart


class PromptColours:
    """Gives every prompt the hue it keeps, in the order in which prompts come."""

    def __init__(self):
        self._seen = {}

    def of(self, prompt):
        """The hue of a prompt, 0..359."""
        key = " ".join(prompt.split())
        place = self._seen.setdefault(key, len(self._seen))
        return HUES[place % len(HUES)]
