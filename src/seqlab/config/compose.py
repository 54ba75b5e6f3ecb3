"""From Hydra's composed configuration to the typed one, and back to YAML."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seqlab.config.renamed import present_settings
from seqlab.config.schema import OF_THE_COMMAND, Config
from seqlab.config.validation import validate
from seqlab.errors import ConfigError, near
from seqlab.io.files import replacing

ALIKE = 0.8
"""The similarity, from 0 to 1, above which a name is certainly meant."""
MOST_MEANT = 3
"""Maximum number of keys of other sections that are suggested."""
USUAL_WORDS = {
    **dict.fromkeys(("epochs", "epoch", "num_epochs", "n_epochs"), "trainer.max_epochs"),
    **dict.fromkeys(("learning_rate", "rate"), "optimizer.lr"),
    **dict.fromkeys(("layers", "n_layers", "depth"), "model.num_layers"),
    **dict.fromkeys(("hidden", "hidden_dim", "units", "width"), "model.hidden_size"),
    **dict.fromkeys(("embedding_dim", "embed_size"), "model.embedding_size"),
    **dict.fromkeys(("batch", "bs"), "data.batch_size"),
    **dict.fromkeys(("grad_clip", "clip", "clip_norm"), "trainer.gradient_clip_val"),
    **dict.fromkeys(("early_stopping", "patience"), "callbacks.early_stopping_patience"),
    **dict.fromkeys(("gpus", "num_gpus"), "trainer.devices"),
    **dict.fromkeys(("random_seed", "manual_seed"), "seed"),
    **dict.fromkeys(("optim", "opt"), "optimizer"),
    "dataset": "data",
    "device": "trainer.accelerator",
    "lr_scheduler": "scheduler",
    "steps": "trainer.max_steps",
}
"""Other common names of keys."""


def make_config(composed: DictConfig) -> Config:
    """Return the typed configuration.

    Raises:
        ConfigError: one line for every key that is wrong.
    """
    missing = sorted(OmegaConf.missing_keys(composed))
    if missing:
        raise ConfigError("\n".join(f"{key} must be set; {_explained(key, composed)}" for key in missing))
    raw: Any = OmegaConf.to_container(composed, resolve=True)
    return validate(present_settings(raw, warns=True))


def _explained(key: str, composed: DictConfig) -> str:
    group = key.partition(".")[0]
    choice = OmegaConf.select(composed, f"{group}.name", throw_on_missing=False)
    return f"seqlab config {group}{f'={choice}' if choice else ''} explains it"


def save_config(config: Config, path: Path) -> None:
    """Write the configuration of a run as YAML."""
    settings = config.model_dump(mode="json", exclude=set(OF_THE_COMMAND))
    with replacing(path) as draft:
        OmegaConf.save(OmegaConf.create(settings), draft)


def refuse_unknown(key: str, composed: DictConfig) -> None:
    """Refuse a key that a composed configuration does not have.

    Raises:
        ConfigError: it has not; the message has similar names.
    """
    known = [name for name in keys_of(composed) if not name.startswith("hydra.")]
    if key not in known:
        raise ConfigError(unknown(key, known))


def unknown(key: str, known: Iterable[str], value: str = "") -> str:
    """Return the message for an unknown key: similar names, or the key of another section that is meant.

    Args:
        key: the key, with dots.
        known: all keys of the configuration.
        value: the value that was given.
    """
    names = list(known)
    parent = key.rpartition(".")[0]
    siblings = [name for name in names if name.rpartition(".")[0] == parent]
    siblings = siblings or [name for name in names if "." not in name]
    meant = [] if get_close_matches(key, siblings, cutoff=ALIKE) else _elsewhere(key, names)
    if meant:
        settings = (f"{name}={value}" if value else name for name in meant)
        return f"{key} is unknown; did you mean {' or '.join(settings)}?"
    return f"{key} is unknown; {near(key, siblings)}"


def _elsewhere(key: str, names: Sequence[str]) -> list[str]:
    """Return the few keys of any section with the last word of ``key``, or with another name for it."""
    word = key.rpartition(".")[2]
    if USUAL_WORDS.get(word) in names:
        return [USUAL_WORDS[word]]
    last_words = {name.rpartition(".")[2] for name in names if "." in name}
    word = next(iter(get_close_matches(word, last_words, n=1, cutoff=ALIKE)), "")
    found = [name for name in names if "." in name and name.rpartition(".")[2] == word]
    return found if len(found) <= MOST_MEANT else []


def keys_of(config: DictConfig) -> list[str]:
    """Return every key of the configuration, with dots."""

    def walk(prefix: str, section: Mapping[Any, Any]) -> Iterable[str]:
        for key, value in section.items():
            yield f"{prefix}{key}"
            if isinstance(value, Mapping):
                yield from walk(f"{prefix}{key}.", value)

    plain: Any = OmegaConf.to_container(config)
    return list(walk("", plain))
