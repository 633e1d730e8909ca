"""`rvr-laaf models`: list, install and remove the depth networks that `--estimator` can name."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.cli.progress import run_with_progress
from rvr_laaf_app.core.errors import CheckpointError, UsageError
from rvr_laaf_app.jobs.job import Job, Progress

if TYPE_CHECKING:
    from rvr_laaf_app.estimate.model_store import Fill, Offer, StoredFile
    from rvr_laaf_app.estimate.net_files import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the shipped network, installed ones, and what the hub offers")
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    install = actions.add_parser("install", help="install a public network from a folder or from the hub")
    install.add_argument("source", metavar="FOLDER_OR_NAME", help="a local folder, or a name that `models list` shows")
    install.add_argument("--name", metavar="NAME", help="the name to install a folder under (default: the folder's)")
    install.add_argument(
        "--output",
        choices=["disparity", "distance"],
        help="what the network's numbers are, where its settings tell it wrongly",
    )
    install.add_argument("--yes", action="store_true", help="do not ask: size and licence are accepted")
    remove = actions.add_parser("remove", help="delete an installed network")
    remove.add_argument("name", metavar="NAME")


def run(arguments: argparse.Namespace) -> int:
    """List, install or remove."""
    if arguments.action == "install":
        _install(arguments.source, name=arguments.name, output=arguments.output, agreed=arguments.yes)
    elif arguments.action == "remove":
        _remove(arguments.name)
    else:
        _list(as_json=arguments.json)
    return 0


def _list(*, as_json: bool) -> None:
    from rvr_laaf_app.estimate.model_hub import CATALOGUE
    from rvr_laaf_app.estimate.model_store import installed

    nets = installed()
    names = {net.name for net in nets}
    rows = _shipped()
    rows += [
        {"name": n.name, "state": "installed", "bytes": n.bytes, "licence": n.licence, "from": n.source} for n in nets
    ]
    rows += [
        {"name": o.name, "state": "on the hub", "bytes": o.bytes, "licence": o.licence, "from": o.source}
        for o in (entry.offer for entry in CATALOGUE.values())
        if o.name not in names
    ]
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['name']:<26} {row['state']:<11} {row['bytes'] / 1e6:>7.1f} MB  {row['licence']}")
        print(f"{'':<26} {row['from']}")


def _shipped() -> list[dict[str, Any]]:
    """Return the networks of the program itself, one row for each part that one plays."""
    from rvr_laaf_app.estimate.checkpoints import models_folder

    manifest = models_folder() / "manifest.json"
    try:
        listing = json.loads(manifest.read_bytes())
        entries = {role: (name, listing["checkpoints"][name]) for role, name in listing["roles"].items()}
        return [
            {
                "name": role,
                "state": "shipped",
                "bytes": int(entry["bytes"]),
                "licence": str(entry["licence"]),
                "from": name,
            }
            for role, (name, entry) in entries.items()
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"the list of weights is damaged ({error!r})", where=manifest) from error


def _install(source: str, *, name: str | None, output: Output | None, agreed: bool) -> None:
    from rvr_laaf_app.estimate.base import RESERVED_NAMES
    from rvr_laaf_app.estimate.model_store import check_name
    from rvr_laaf_app.estimate.net_files import LIBRARY

    offer, fill, expected = _offer(source, name)
    check_name(offer.name, taken=RESERVED_NAMES)
    print(f"{offer.name}: {offer.bytes / 1e6:.1f} MB, licence: {offer.licence}")
    print(f"from {offer.source}")
    _ask(agreed)
    run_with_progress(_install_job(offer, fill, expected, output), "install")
    print(f"installed; use it with --estimator {offer.name}")
    if not _has_library():
        print(f"note: to run, it needs an optional package: pip install {LIBRARY}", file=sys.stderr)


def _offer(source: str, name: str | None) -> tuple[Offer, Fill, tuple[StoredFile, ...]]:
    from rvr_laaf_app.estimate.model_hub import CATALOGUE, download_of
    from rvr_laaf_app.estimate.model_store import copy_of, offer_of

    if source in CATALOGUE and not Path(source).is_dir():
        net = CATALOGUE[source]
        if name:
            raise UsageError("a network of the hub keeps its name", remedy="Leave --name out.")
        return net.offer, download_of(net, base=_hub()), net.files
    folder = Path(source)
    if not folder.exists():
        raise UsageError(
            f"{source!r} is neither a folder nor a network that the hub offers",
            remedy=f"On the hub: {', '.join(CATALOGUE)}.",
        )
    return offer_of(folder, name), copy_of(folder), ()


def _hub() -> str:
    """Return the hub's address: $RVR_HUB for a mirror of the same layout."""
    import os

    from rvr_laaf_app.estimate.model_hub import HUB

    return (os.environ.get("RVR_HUB") or HUB).rstrip("/")


def _ask(agreed: bool) -> None:
    if agreed:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("nothing was installed: nobody could be asked", remedy="Add --yes to accept size and licence.")
    print("Install it? [y/N] ", end="", flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was installed")


def _install_job(offer: Offer, fill: Fill, expected: tuple[StoredFile, ...], output: Output | None) -> Job[None]:
    from rvr_laaf_app.estimate.model_store import install_steps

    for done, total in install_steps(offer, fill, expected=expected, output=output):
        yield Progress(done, total, f"{done / 1e6:.1f} of {total / 1e6:.1f} MB")


def _has_library() -> bool:
    from importlib.util import find_spec

    return find_spec("transformers") is not None


def _remove(name: str) -> None:
    from rvr_laaf_app.estimate.base import ESTIMATORS
    from rvr_laaf_app.estimate.model_store import remove

    if name in tuple(ESTIMATORS):
        raise CheckpointError(f"{name!r} is shipped with the program and stays")
    net = remove(name)
    print(f"{name} removed" + (f" ({net.bytes / 1e6:.1f} MB)" if net else ""))
