"""Turn training checkpoints of depth-from-focus networks into published weights, manifest entries and cards.

    python -m rvr_laaf_app.training.train_dff_publish --checkpoint RUN/last.safetensors --name depth-from-focus-1 \
        --role depth-from-focus --role depth-from-focus-focus-volume --card CARD.md

The averaged weights are published. The card is written by a person; without --card an existing one is kept.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save

from rvr_laaf_app.nets.depth_from_focus_nets import DffConfig, DffNet, build
from rvr_laaf_app.stack.depth_from_focus_net import NET
from rvr_laaf_app.training.loop import load_checkpoint

LICENCE = "Same licence as the program. Trained from nothing."
DATA = (
    "Rendered focal stacks with exact depth (training.focal_scenes): drawn textures, and crops of photographs of "
    "research sets and demonstrations as textures (OSIE MIT; BSDS500, ImageNet samples, rooms: research terms). No "
    "output of another network was used."
)


def trained(checkpoint: Path) -> DffNet:
    """Return the averaged network of a training checkpoint."""
    with safe_open(checkpoint, "pt") as file:
        facts = json.loads(file.metadata()["facts"])
    net = build(DffConfig(**facts["config"]))
    load_checkpoint(checkpoint, nets={"average": net}, optimizer=None)
    return net.eval().requires_grad_(False)


def publish(net: DffNet, *, folder: Path, name: str, roles: list[str], card: str | None = None) -> Path:
    """Write `folder/name.safetensors`, its entry and roles in the manifest and its card; return the weights' path."""
    folder.mkdir(parents=True, exist_ok=True)
    floats = {key: value.contiguous() for key, value in net.state_dict().items() if value.is_floating_point()}
    data = save(floats, {"net": NET, "config": json.dumps(dataclasses.asdict(net.config), sort_keys=True)})
    path = folder / f"{name}.safetensors"
    _replace(path, data)
    manifest = folder / "manifest.json"
    listing = json.loads(manifest.read_text()) if manifest.exists() else {"roles": {}, "checkpoints": {}}
    listing["roles"].update(dict.fromkeys(roles, name))
    listing["checkpoints"][name] = {
        "file": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "net": NET,
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
    """Publish one checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--role", action="append", required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--card", type=Path, default=None)
    o = parser.parse_args()
    card = None if o.card is None else o.card.read_text()
    path = publish(trained(o.checkpoint), folder=o.models, name=o.name, roles=o.role, card=card)
    print(f"{path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
