"""Low-rank additions to a model's weights: loaded by name, mixed by live weights, or merged in.

A LoRA adds weight * B A x to a layer's answer (Hu et al., arXiv 2106.09685, sec. 4.1); peft holds
the matrices and diffusers reads the many layouts that files have. A weight of 0 switches a LoRA off
altogether, so the answer is the plain one, to the bit. Whether a file fits is found out before the
model is touched. Knows no streams: they say which weights hold, once a step, and it costs nothing
while these stay the same.
"""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import Tensor

from playground.models.part_files import first_line, quiet
from playground.models.recipes import folder_for, found

FILE = "pytorch_lora_weights.safetensors"
Mixture = tuple[tuple[str, float], ...]  # (name, weight) pairs; what is not named is off


class Loras:
    """The LoRAs of one U-Net and its text encoders."""

    def __init__(self, unet: Any, encoders: dict[str, Any]) -> None:
        self._unet, self._encoders = unet, encoders
        self._layers: dict[str, set[str]] = {"unet": set(), **{name: set() for name in encoders}}
        self._in_unet: Mixture = ()
        self._in_text: Mixture = ()

    @classmethod
    def of_parts(cls, parts: dict[str, Any]) -> "Loras":
        """For the parts of a pipeline by their names."""
        names = [name for name in ("text_encoder", "text_encoder_2") if parts.get(name) is not None]
        return cls(parts["unet"], {name: parts[name] for name in names})

    @property
    def names(self) -> tuple[str, ...]:
        """Those that were added and can be mixed."""
        return tuple(sorted(set().union(*self._layers.values())))

    def add(self, source: Any, name: str | None = None) -> str:
        """Load one, switched off, and give its name.

        `source` is a .safetensors file, a folder or hub name with `pytorch_lora_weights.safetensors`, or
        a dictionary of tensors. Raises FileNotFoundError for what is not there, ValueError for what does
        not fit; the model is then as before.
        """
        name = name or _name_of(source)
        if name in self.names or not name or "." in name:
            raise ValueError(
                f"LoRA name must be another one than {', '.join(self.names) or 'none'} and without "
                f"dots, got {name!r}; give one with name="
            )
        with quiet():
            self._load(_loader(self._encoders), source, name)
        mixtures, self._in_unet, self._in_text = (self._in_unet, self._in_text), None, None
        self.use(mixtures[0])
        self.use_for_text(mixtures[1])
        return name

    def fuse(self, source: Any, weight: float | int = 1.0) -> None:
        """Merge one into the weights for good: as fast as without it."""
        from diffusers.loaders.lora_base import fuse_text_encoder_lora
        from diffusers.utils import recurse_remove_peft_layers

        if self.names:
            raise ValueError(f"LoRAs must be fused before live ones are added, got {self.names}")
        name = self.add(source, "fused")
        for part, network in self._networks():
            if name in self._layers[part]:
                _turn(network, ((name, weight),))
                fuse_text_encoder_lora(network, adapter_names=[name])  # works for any network
                recurse_remove_peft_layers(network)
                if hasattr(network, "peft_config"):
                    del network.peft_config
                network._hf_peft_config_loaded = False
                self._layers[part].clear()

    def use(self, mixture: Mixture) -> None:
        """Let the U-Net answer with these weights from now on."""
        if mixture == self._in_unet:
            return
        _turn(self._unet, _heard(mixture, self._layers["unet"]), self._layers["unet"])
        self._in_unet = mixture

    def use_for_text(self, mixture: Mixture) -> None:
        """Let the text encoders answer with these weights from now on."""
        if mixture == self._in_text:
            return
        for part, encoder in self._encoders.items():
            _turn(encoder, _heard(mixture, self._layers[part]), self._layers[part])
        self._in_text = mixture

    def key_for_text(self) -> Mixture:
        """What embeddings depend on besides the text."""
        known = set().union(*(self._layers[part] for part in self._encoders))
        return _heard(self._in_text or (), known)

    def _networks(self) -> list[tuple[str, Any]]:
        return [("unet", self._unet), *self._encoders.items()]

    def _load(self, loader: Any, source: Any, name: str) -> None:
        state, alphas, metadata = _state_of(loader, source, self._unet.config)
        parts = {part: _layers_of(state, part) for part, _ in self._networks()}
        _check_fit(parts, dict(self._networks()), name)
        more = {"network_alphas": alphas, "metadata": metadata, "adapter_name": name}
        if parts["unet"]:
            loader.load_lora_into_unet(state, unet=self._unet, **more)
        for part, encoder in self._encoders.items():
            if parts[part]:
                loader.load_lora_into_text_encoder(state, text_encoder=encoder, prefix=part, **more)
        for part, network in self._networks():
            network.eval()
            self._layers[part] |= {name} if parts[part] else set()


def _loader(encoders: dict[str, Any]) -> Any:
    from diffusers.loaders import StableDiffusionLoraLoaderMixin, StableDiffusionXLLoraLoaderMixin

    is_xl = "text_encoder_2" in encoders
    return StableDiffusionXLLoraLoaderMixin if is_xl else StableDiffusionLoraLoaderMixin


def _name_of(source: Any) -> str:
    stem = "lora" if isinstance(source, dict) else Path(str(source)).stem
    return stem.replace(".", "_")


def _state_of(loader: Any, source: Any, config: Any) -> tuple[dict[str, Tensor], Any, Any]:
    """Tensors, scales and notes of a LoRA, under diffusers' names."""
    source = dict(source) if isinstance(source, dict) else str(_file_of(source))
    try:
        return loader.lora_state_dict(
            source,
            unet_config=config,
            local_files_only=True,
            use_safetensors=True,
            return_lora_metadata=True,
        )
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"LoRA {str(source)!r:.200} cannot be read: {first_line(error)}; fetch it again"
        ) from error


def _file_of(source: Any) -> Path:
    path = Path(str(source)).expanduser()
    if path.is_file() and path.suffix == ".safetensors":
        return path
    if (path / FILE).is_file():
        return path / FILE
    known = found(str(source), FILE) if str(source).count("/") == 1 else None
    if known is None:
        raise FileNotFoundError(
            f"LoRA must be a .safetensors file, or a folder or hub name with {FILE} on this machine, "
            f"got {str(source)!r}; nothing is downloaded unasked, files of the hub belong into "
            f"{folder_for('owner/name')}"
        )
    return known


def _layers_of(state: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    """The tensors for one network, under peft's names."""
    from diffusers.utils import (
        convert_state_dict_to_diffusers,
        convert_state_dict_to_peft,
        convert_unet_state_dict_to_peft,
    )

    own = {
        key.removeprefix(f"{part}."): value
        for key, value in state.items()
        if key.startswith(f"{part}.")
    }
    if not own or any("lora_A" in key for key in own):
        return own
    if part == "unet":
        return convert_unet_state_dict_to_peft(own)
    return convert_state_dict_to_peft(convert_state_dict_to_diffusers(own))


def _check_fit(parts: dict[str, dict[str, Tensor]], networks: dict[str, Any], name: str) -> None:
    """Raise ValueError for layers that the networks do not have or have in another size."""
    count, misfits = 0, []
    for part, tensors in parts.items():
        modules = dict(networks[part].named_modules())
        for key, value in tensors.items():
            for mark, axis in ((".lora_A.", 1), (".lora_B.", 0)):
                if mark in key:
                    count += 1
                    misfits += _misfit(modules, part, key.split(mark)[0], value.shape[axis], axis)
    if not count:
        raise ValueError(f"LoRA must hold layers of a unet or text encoder, got {name!r} without")
    if misfits:
        raise ValueError(
            f"LoRA must fit the model, got {name!r} with {len(misfits)} of {count} matrices that do "
            f"not, such as {misfits[0]}; it was made for another architecture"
        )


def _misfit(modules: dict[str, Any], part: str, layer: str, width: int, axis: int) -> list[str]:
    module = modules.get(layer, modules.get(layer.removeprefix("text_model.")))
    if module is None:
        return [f"{part}.{layer}, which the model does not have"]
    has = getattr(module, "base_layer", module).weight.shape[axis]
    return [] if has == width else [f"{part}.{layer} of width {width} where the model has {has}"]


def _heard(mixture: Mixture, known: set[str]) -> Mixture:
    return tuple((name, weight) for name, weight in mixture if name in known and weight != 0)


def _turn(network: Any, heard: Mixture, known: set[str] | None = None) -> None:
    """Set the weights in one network; without any, its layers answer as if there were no LoRA."""
    from diffusers.utils import set_adapter_layers, set_weights_and_activate_adapters

    if known is not None and not known:
        return
    if heard:
        names, weights = zip(*heard, strict=True)
        set_weights_and_activate_adapters(network, list(names), list(weights))
    set_adapter_layers(network, enabled=bool(heard))
