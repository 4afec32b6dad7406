"""Words of a prompt: which are unknown, what was probably meant, and how a clicked word joins in.

Works on the word lists of a model (`{"objects": [...], "backgrounds": [...], "colours": [...]}`) and
knows neither widgets nor networks.
"""

import difflib
import re

from playground.models.vocabulary import unknown_words

_PERCENT = re.compile(r"\d+(\.\d+)?\s*%")  # shares of a mixture


def hint_for(text, vocabulary):
    """A friendly line about words that the model never read; empty when all is well."""
    if not text.strip():
        return "Type what you would like to see."
    unknown = unknown_words(_PERCENT.sub(" ", text), vocabulary)
    if not unknown:
        return ""
    lines = [_about(word, vocabulary) for word in unknown[:3]]
    return "  ".join(lines)


def _about(word, vocabulary):
    pool = [*vocabulary.get("objects", ()), *vocabulary.get("backgrounds", ())]
    near = difflib.get_close_matches(word, [*pool, *vocabulary.get("colours", ())], n=1, cutoff=0.6)
    guess = f" Did you mean “{near[0]}”?" if near else f" Try one of my {len(pool)} words below."
    return f"I never saw “{word}”.{guess}"


def with_word(text, word, kind, vocabulary):
    """The prompt with `word`, one of the list `kind`: in place of one of its kind, or joined on."""
    tokens = text.split()
    spots = [at for at, token in enumerate(tokens) if _bare(token) in vocabulary[kind]]
    objects = vocabulary.get("objects", ())
    if kind == "objects":
        strangers = unknown_words(text, vocabulary)
        spots = spots[:1] or [at for at, t in enumerate(tokens) if _bare(t) in strangers][:1]
        tokens = _exchanged(tokens, spots, word) or ["a", word, *tokens]
    elif kind == "backgrounds":
        colours = [at for at in spots if at + 1 < len(tokens) and _bare(tokens[at + 1]) in objects]
        spots = [at for at in spots if at not in colours][-1:]
        tokens = _exchanged(tokens, spots, word) or [
            *tokens,
            *(("on", word) if tokens else (word,)),
        ]
    else:
        before = [at for at, token in enumerate(tokens) if _bare(token) in objects][:1]
        spots = [at for at in spots if before and at + 1 == before[0]]
        place = before[0] if before else len(tokens)
        tokens = _exchanged(tokens, spots, word) or [*tokens[:place], word, *tokens[place:]]
    return _tidy(" ".join(tokens))


def _bare(token):
    return token.strip(".,;:!?").lower()


def _exchanged(tokens, spots, word):
    """`tokens` with `word` at the spot, or None where there is none."""
    return [word if at in spots else token for at, token in enumerate(tokens)] if spots else None


def _tidy(text):
    """The article that fits the word after it."""
    text = re.sub(r"\b([Aa])n? (?=[aeiou])", r"\1n ", " ".join(text.split()))
    return re.sub(r"\b([Aa])n (?=[^aeiou])", r"\1 ", text)
