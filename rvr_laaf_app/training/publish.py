"""Turn a training checkpoint into published weights: safetensors with the config in its header, manifest and card.

    python -m rvr_laaf_app.training.publish --checkpoint FOLDER/best.safetensors --name rvr-light --number 1 \
        --models models --card CARD.md

The averaged weights are published. The card is written by a person (figures with the commands that gave them); without
--card an existing one is kept. The program reads nothing but the manifest and the files that it names.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
from pathlib import Path

from safetensors.torch import save

from rvr_laaf_app.nets.rvr_light_net import RvrLightConfig, RvrLightNet
from rvr_laaf_app.training.loop import load_checkpoint

LICENCE = "Same licence as the program. The encoder started from SqueezeNet 1.0 (BSD-2-Clause)."
DATA = (
    "Relative depth ranked by eye on photographs (OSIE, BSDS500, ImageNet samples, rooms, frames of freely licensed "
    "clips), made for this project; Poly Haven HDR maps (CC0) and OpenEXR samples (BSD). No output of another depth "
    "network was used."
)


def publish(net: RvrLightNet, *, folder: Path, name: str, role: str, card: str | None = None) -> Path:
    """Write `folder/name.safetensors`, its entry in the manifest and its card; return the path of the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    floats = {key: value.detach().contiguous() for key, value in net.state_dict().items() if value.is_floating_point()}
    data = save(floats, {"net": "rvr_light", "config": json.dumps(dataclasses.asdict(net.config), sort_keys=True)})
    path = folder / f"{name}.safetensors"
    _replace(path, data)

    manifest = folder / "manifest.json"
    listing = json.loads(manifest.read_text()) if manifest.exists() else {"roles": {}, "checkpoints": {}}
    listing["roles"][role] = name
    listing["checkpoints"][name] = {
        "file": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "net": "rvr_light",
        "licence": LICENCE,
        "data": DATA,
        "card": f"{name}.md",
    }
    _replace(manifest, (json.dumps(listing, indent=2, sort_keys=True) + "\n").encode())
    if card is not None:
        _replace(folder / f"{name}.md", card.encode())
    return path


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(data)
    os.replace(partial, path)


def main() -> None:
    """Publish the averaged network of a training checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--name", default="rvr-light")
    parser.add_argument("--number", type=int, default=1)
    parser.add_argument("--role", default="rvr")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--card", type=Path, default=None)
    options = parser.parse_args()
    net = RvrLightNet(RvrLightConfig())
    facts = load_checkpoint(options.checkpoint, nets={"average": net}, optimizer=None)
    card = None if options.card is None else options.card.read_text()
    path = publish(net, folder=options.models, name=f"{options.name}-{options.number}", role=options.role, card=card)
    print(f"{path} ({path.stat().st_size} bytes) from {options.checkpoint}: {facts}")


if __name__ == "__main__":
    main()
