"""What a prompt switch did, in words: "re-cached 6 frames in 41 ms"."""


def words_of(switch):
    """One line about a `Switch` of a stream."""
    kept = len(switch.kept)
    if switch.rewritten:
        count = len(switch.rewritten)
        return f"re-cached {_frames(count)} in {switch.ms:.0f} ms, kept {kept}"
    if switch.forgotten:
        return f"forgot {_frames(len(switch.forgotten))}, kept {kept}"
    return f"left the past as it was, {_frames(kept)} under the old words"


def _frames(count):
    return f"{count} frame{'' if count == 1 else 's'}"
