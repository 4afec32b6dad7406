"""The grammar of captions: "a red fox on snow", in varying word order, with and without articles.

This module turns words into sentences; it does not draw and does not know tokens.
"""

import numpy as np

from playground.world.vocabulary import PLAIN, SYNONYMS

_SCENE_PHRASES = {
    "snow": ("on snow", "on the snow", "in the snow"),
    "sea": ("on the sea", "on sea", "in the sea", "on the ocean", "on the water"),
    "sand": ("on sand", "on the sand", "on the beach", "on a beach"),
    "grass": ("on grass", "on the grass", "on a meadow", "in the grass"),
    "night": ("at night", "in the night sky", "in the night"),
    "sunset": ("at sunset", "in the sunset", "in a sunset"),
}
_BARE_NAMES = {"night": ("night", "night sky"), "sea": ("sea", "ocean"), "sand": ("sand", "beach"),
               "grass": ("grass", "meadow")}  # fmt: skip
_OTHER_NAMES = {
    target: [w for w, t in SYNONYMS.items() if t == target] for target in SYNONYMS.values()
}


def caption(
    word: str,
    background: str | None,
    colour: str | None = None,
    rng: np.random.Generator | None = None,
) -> str:
    """A sentence for one object; `background=None` leaves it open; without `rng`, the plain form."""
    if rng is None:
        return " ".join(filter(None, (_article(colour or word), colour, word, place(background))))
    noun = _synonym(word, rng)
    subject = " ".join(filter(None, (colour, noun)))
    if rng.random() < 0.7:
        subject = f"{_article(subject) if rng.random() < 0.85 else 'the'} {subject}"
    if background is None:
        return subject
    if rng.random() < 0.15:
        bare = rng.choice(_BARE_NAMES.get(background, (background,)))
        bare = f"{bare} background" if background in PLAIN else bare
        return f"{subject}, {bare}" if rng.random() < 0.5 else f"{bare} with {subject}"
    return f"{subject} {place(background, rng)}"


def place(background: str | None, rng: np.random.Generator | None = None) -> str:
    """The words that say where: "on the beach", "on a blue background"; empty for None."""
    if background is None:
        return ""
    if background in PLAIN:
        article = "a" if rng is None or rng.random() < 0.7 else ""
        return " ".join(filter(None, ("on", article, background, "background")))
    phrases = _SCENE_PHRASES[background]
    return phrases[0] if rng is None else str(rng.choice(phrases))


def _article(word: str) -> str:
    return "an" if (word[0] in "aeiou" and not word.startswith("u")) or word == "umbrella" else "a"


def _synonym(word: str, rng: np.random.Generator) -> str:
    others = _OTHER_NAMES.get(word, ())
    return str(rng.choice(others)) if others and rng.random() < 0.2 else word


def words_of(objects: tuple[str, ...], scenes: tuple[str, ...]) -> tuple[str, ...]:
    """Every word that captions of these objects and scenes may hold, other names among them."""
    names = [*objects, *(w for word in objects for w in _OTHER_NAMES.get(word, ()))]
    phrases = [p for s in scenes for p in (*_SCENE_PHRASES[s], *_BARE_NAMES.get(s, (s,)))]
    texts = [*names, *phrases, "a an the and with"]
    return tuple(dict.fromkeys(word for text in texts for word in text.split()))
