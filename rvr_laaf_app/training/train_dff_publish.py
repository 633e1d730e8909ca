"""Turn training checkpoints of depth-from-focus networks into published weights, manifest entries and cards.

    python -m rvr_laaf_app.training.train_dff_publish --checkpoint RUN/last.safetensors --name depth-from-focus-1 \
        --role depth-from-focus --role depth-from-focus-focus-volume --card CARD.md

The averaged weights are published. The card is written by a person; without --card an existing one is kept.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from safetensors import safe_open

from rvr_laaf_app.nets.depth_from_focus_nets import DffConfig, DffNet, build
from rvr_laaf_app.stack.depth_from_focus_net import NET
from rvr_laaf_app.training.loop import load_checkpoint
from rvr_laaf_app.training.publish import put_in_place

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
    header = {"net": NET, "config": json.dumps(dataclasses.asdict(net.config), sort_keys=True)}
    words = {"licence": LICENCE, "data": DATA}
    paths = [put_in_place(net, header, folder=folder, name=name, role=role, words=words, card=card) for role in roles]
    return paths[-1]


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
