"""The world: pictures that repeat themselves exactly, words that fit them, pairs that are kept back."""

import dataclasses

import numpy as np
import pytest

from playground.world import atlas, backgrounds, captions, scene, vocabulary


def test_a_scene_is_painted_the_same_twice():
    described = scene.sample_scene(np.random.default_rng(5))
    np.testing.assert_array_equal(scene.render(described), scene.render(described))


def test_the_same_seed_gives_the_same_scenes():
    first, second = (np.random.default_rng(3) for _ in range(2))
    assert [scene.sample_scene(first) for _ in range(20)] == [
        scene.sample_scene(second) for _ in range(20)
    ]


def test_every_object_has_a_sprite_of_its_own():
    pictures = {np.array(atlas.sprite(word)).tobytes() for word in vocabulary.OBJECTS}
    assert len(pictures) == len(vocabulary.OBJECTS) >= 60


@pytest.mark.parametrize("name", vocabulary.BACKGROUNDS)
def test_backgrounds_have_the_asked_size_and_stay_in_range(name):
    picture = backgrounds.paint(name, 48, np.random.default_rng(0))
    assert picture.shape == (48, 48, 3)
    assert picture.min() >= 0 and picture.max() <= 1


def test_backgrounds_differ_from_each_other_more_than_from_themselves():
    rng = np.random.default_rng(0)
    twice = [
        [backgrounds.paint(name, 32, rng) for _ in range(2)] for name in vocabulary.BACKGROUNDS
    ]
    within = max(np.abs(a - b).mean() for a, b in twice)
    means = [np.mean(pair, axis=0) for pair in twice]
    between = min(np.abs(a - b).mean() for i, a in enumerate(means) for b in means[:i])
    assert between > within


def test_held_out_pairs_are_never_sampled():
    kept_back = set(vocabulary.held_out_pairs())
    rng = np.random.default_rng(1)
    drawn = {(s.object, s.background) for s in (scene.sample_scene(rng) for _ in range(3000))}
    assert not drawn & kept_back
    assert len(kept_back) == len(vocabulary.OBJECTS)


def test_every_background_misses_about_as_many_objects():
    counts = [
        sum(place == name for _, place in vocabulary.held_out_pairs())
        for name in vocabulary.BACKGROUNDS
    ]
    assert max(counts) - min(counts) <= 1


def test_the_plain_caption_names_object_and_place():
    assert captions.caption("fox", "snow", "red") == "a red fox on snow"
    assert captions.caption("owl", "blue") == "an owl on a blue background"
    assert captions.caption("cat", None) == "a cat"


def test_varied_captions_use_known_words_only():
    rng = np.random.default_rng(2)
    said = " ".join(scene.sample_scene(rng).caption(rng) for _ in range(2000))
    assert set(said.replace(",", " ").split()) <= set(vocabulary.WORDS)


def test_a_tint_keeps_the_outline_and_changes_the_hue():
    plain, tinted = atlas.sprite("heart"), scene.tint(atlas.sprite("heart"), "blue")
    assert plain.getchannel("A").tobytes() == tinted.getchannel("A").tobytes()
    middle = np.array(tinted)[56, 56]
    assert middle[2] > middle[0]


def test_an_object_moves_where_the_scene_says():
    base = scene.Scene(object="ball", background="white", scale=0.4)
    left, right = (np.array(scene.render(dataclasses.replace(base, x=x)), int) for x in (0.3, 0.7))
    columns = np.arange(64)
    centre = [
        np.average(columns, weights=(250 - p.mean(2)).clip(20).sum(0) - 1200) for p in (left, right)
    ]
    assert centre[1] - centre[0] > 15


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: atlas.sprite("dragon"), "object must be one of .* got 'dragon'"),
        (
            lambda: backgrounds.paint("moon", 8, np.random.default_rng(0)),
            "background must be one of",
        ),
        (lambda: scene.tint(atlas.sprite("cat"), "beige"), "colour must be one of .* got 'beige'"),
    ],
)
def test_unknown_words_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
