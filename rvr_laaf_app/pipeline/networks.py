"""Which networks can estimate depth on this machine, for choosing one. Loads none of them."""

from __future__ import annotations

from dataclasses import dataclass

from rvr_laaf_app.estimate import model_store
from rvr_laaf_app.estimate.base import DEFAULT_ESTIMATOR


@dataclass(frozen=True, slots=True)
class NetworkChoice:
    """A network by its name; licence and source are those of one that the user installed, else empty."""

    name: str
    licence: str = ""
    source: str = ""

    @property
    def installed(self) -> bool:
        """True if the user installed it; False for one of the program's own."""
        return bool(self.source)


def networks() -> tuple[NetworkChoice, ...]:
    """Return the program's own networks, the default one first, then those that the user installed, by name."""
    own = (NetworkChoice(DEFAULT_ESTIMATOR), NetworkChoice("rvr-better"))
    return (*own, *(NetworkChoice(net.name, net.licence, net.source) for net in model_store.installed()))
