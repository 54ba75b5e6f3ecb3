"""A Hydra configuration source for ``seqlab.conf``, whose files seqlab reads itself."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.config_source import ConfigResult
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from seqlab.compat.hydra import ImportlibResourcesConfigSource

PATH = "seqlab.conf"


class SeqlabSource(ImportlibResourcesConfigSource):
    """Files that leave out the defaults of the class that they name."""

    @staticmethod
    def scheme() -> str:
        """Return the scheme of such paths."""
        return "seqlab"

    def load_config(self, config_path: str) -> ConfigResult:
        """Return a file with the defaults of the class that it names."""
        from seqlab.config.packaged import content_of, text_of  # noqa: PLC0415 (Hydra imports this for any app)

        return ConfigResult(
            provider=self.provider,
            path=f"{self.scheme()}://{self.path}",
            config=OmegaConf.create(content_of(config_path)),
            header=self._get_header_dict(text_of(config_path)),
        )


class SeqlabSearchPath(SearchPathPlugin):
    """Reads seqlab's folder with the source above; other Hydra applications keep theirs."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Replace the scheme of seqlab's folder."""
        for place in search_path.get_path():
            if place.path == f"pkg://{PATH}":
                place.path = f"{SeqlabSource.scheme()}://{PATH}"
