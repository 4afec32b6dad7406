"""The words of the world: what can stand in a picture, where, and in which colour.

The tiny models know these words and no others. An object is one word and one emoji of Noto Color Emoji
(OFL-1.1). This module knows words only; how things look is in `atlas` and `backgrounds`.
"""

import itertools

GROUPS = {
    "animals": {
        "fox": "🦊", "cat": "🐱", "dog": "🐶", "rabbit": "🐰", "panda": "🐼", "tiger": "🐯", "lion": "🦁",
        "pig": "🐷", "frog": "🐸", "bear": "🐻", "monkey": "🐵", "cow": "🐮", "mouse": "🐭", "horse": "🐴",
        "chick": "🐥", "penguin": "🐧", "owl": "🦉", "duck": "🦆", "butterfly": "🦋", "turtle": "🐢",
        "octopus": "🐙", "fish": "🐠", "whale": "🐳", "crab": "🦀", "snail": "🐌", "bee": "🐝",
        "ladybug": "🐞", "elephant": "🐘",
    },
    "food": {
        "apple": "🍎", "banana": "🍌", "watermelon": "🍉", "strawberry": "🍓", "pineapple": "🍍",
        "carrot": "🥕", "lemon": "🍋", "cherry": "🍒", "burger": "🍔", "pizza": "🍕", "cake": "🎂",
        "donut": "🍩", "egg": "🍳",
    },
    "vehicles": {
        "car": "🚗", "bus": "🚌", "airplane": "✈️", "rocket": "🚀", "sailboat": "⛵", "train": "🚂",
        "tractor": "🚜", "truck": "🚚", "helicopter": "🚁",
    },
    "plants": {
        "tree": "🌳", "cactus": "🌵", "sunflower": "🌻", "mushroom": "🍄", "palm": "🌴", "tulip": "🌷",
    },
    "things": {
        "house": "🏠", "heart": "❤️", "balloon": "🎈", "guitar": "🎸", "ball": "⚽", "umbrella": "☂️",
        "star": "⭐", "gift": "🎁", "crown": "👑", "snowman": "⛄",
    },
    "faces": {
        "smiley": "😃", "robot": "🤖", "ghost": "👻", "alien": "👽", "pumpkin": "🎃", "clown": "🤡",
    },
}  # fmt: skip
EMOJI = {word: char for group in GROUPS.values() for word, char in group.items()}
OBJECTS = tuple(EMOJI)

PLAIN = {
    "white": (250, 250, 250), "yellow": (255, 214, 64), "red": (214, 58, 54), "blue": (60, 116, 220),
    "green": (64, 160, 84), "purple": (140, 84, 190),
}  # fmt: skip
SCENES = ("snow", "sea", "sand", "grass", "night", "sunset")
BACKGROUNDS = (*PLAIN, *SCENES)

# Hue in degrees of a sprite that a caption calls by a colour.
COLOURS = {
    "red": 0,
    "orange": 28,
    "yellow": 52,
    "green": 120,
    "blue": 215,
    "purple": 275,
    "pink": 325,
}

# Words that stand for one of the words above, so that people find the model more often.
SYNONYMS = {"beach": "sand", "ocean": "sea", "water": "sea", "meadow": "grass", "lawn": "grass",
            "plane": "airplane", "boat": "sailboat", "bunny": "rabbit", "hamburger": "burger"}  # fmt: skip
GRAMMAR_WORDS = ("a", "an", "the", "on", "in", "at", "with", "of", "background", "sky", "and", ",")
WORDS = tuple(dict.fromkeys((*OBJECTS, *BACKGROUNDS, *COLOURS, *SYNONYMS, *GRAMMAR_WORDS)))

HELD_OUT_EVERY = 12  # one background of the twelve is kept from each object


def held_out_pairs() -> tuple[tuple[str, str], ...]:
    """The (object, background) pairs that no training picture shows: one background for each object.

    They are spread evenly, so that every background misses about as many objects as any other.
    """
    return tuple(
        (word, BACKGROUNDS[(5 * index + index // HELD_OUT_EVERY) % len(BACKGROUNDS)])
        for index, word in enumerate(OBJECTS)
    )


def training_pairs() -> tuple[tuple[str, str], ...]:
    """Every (object, background) pair that training may show."""
    kept_back = set(held_out_pairs())
    return tuple(p for p in itertools.product(OBJECTS, BACKGROUNDS) if p not in kept_back)


def vocabulary() -> dict[str, list[str]]:
    """The lists that are shipped beside the tiny model, as `vocabulary.json`."""
    return {
        "objects": list(OBJECTS),
        "backgrounds": list(BACKGROUNDS),
        "colours": list(COLOURS),
        "words": [w for w in WORDS if w != ","],
    }
