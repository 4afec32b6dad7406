"""The procedural world that the tiny models are trained on: sprites x backgrounds x poses, with captions.

Everything comes from a seeded numpy generator: `scene.sample_scene(rng)` describes a picture,
`scene.render(scene)` paints it, `scene.caption(rng)` says it in words.
"""
