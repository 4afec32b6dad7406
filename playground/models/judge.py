"""The judge: a small classifier that says which object and which background a 64 x 64 picture shows.

It is trained on renders of the world only, never on generated pictures, and measures the tiny models in
evaluations and browser tests. This module knows no world; class names come with the weights.
"""

import itertools
import json
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

WEIGHTS = Path(__file__).parent / "tiny" / "judge.safetensors"
PIXELS = 64


class Judge(nn.Module):
    """Five convolutions, one pooling, two heads."""

    def __init__(self, objects: tuple[str, ...], backgrounds: tuple[str, ...], width: int = 24):
        super().__init__()
        self.objects, self.backgrounds = tuple(objects), tuple(backgrounds)
        widths = (3, width, 2 * width, 4 * width, 6 * width)
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU()]
        layers += [
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        ]
        self.features = nn.Sequential(*layers)
        self.object_head = nn.Linear(2 * after, len(objects))
        self.background_head = nn.Linear(2 * after, len(backgrounds))

    def forward(self, pixels: Float[Tensor, "b 3 H W"]) -> tuple[Tensor, Tensor]:
        """Scores of objects and of backgrounds for pictures in [-1, 1]."""
        features = self.features(pixels)
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1)
        return self.object_head(pooled), self.background_head(pooled)

    @torch.no_grad()
    def name(self, pictures: UInt8[Tensor, "b H W 3"]) -> list[tuple[str, str]]:
        """The likeliest (object, background) of every picture; any size, scaled to 64 x 64."""
        pixels = pictures.permute(0, 3, 1, 2).float() / 127.5 - 1
        if pixels.shape[-2:] != (PIXELS, PIXELS):
            pixels = nn.functional.interpolate(
                pixels, size=(PIXELS, PIXELS), mode="bilinear", antialias=True
            )
        objects, backgrounds = (scores.argmax(1).tolist() for scores in self(pixels))
        return [
            (self.objects[o], self.backgrounds[b])
            for o, b in zip(objects, backgrounds, strict=True)
        ]

    def save(self, path: Path = WEIGHTS) -> None:
        """Writes weights in float16, class names in the file's own header."""
        names = {"objects": json.dumps(self.objects), "backgrounds": json.dumps(self.backgrounds)}
        halves = {k: v.half() if v.is_floating_point() else v for k, v in self.state_dict().items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(halves, path, names)

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> "Judge":
        """Reads the judge; raises FileNotFoundError with the command that trains it."""
        if not Path(path).exists():
            raise FileNotFoundError(
                f"the judge's weights {path} are missing; train them with `playground train judge`"
            )
        with safe_open(path, "pt") as file:
            names = {key: tuple(json.loads(text)) for key, text in file.metadata().items()}
            weights = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118 (not a dict)
        judge = cls(names["objects"], names["backgrounds"])
        judge.load_state_dict(weights)
        return judge.eval()
