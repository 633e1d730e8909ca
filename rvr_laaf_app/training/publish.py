"""Turn a training checkpoint into published weights: safetensors with the config in its header, manifest and card.

    python -m rvr_laaf_app.training.publish --checkpoint FOLDER/last.safetensors --data DATA --number 1 --card CARD.md

The averaged weights are published, with the range of their raw disparity on training photographs, so that the program
can map it to 0..1 in one fixed way. The card is written by a person (figures with the commands that gave them); without
--card an existing one is kept. The program reads nothing but the manifest and the files that it names.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from rvr_laaf_app.nets.rvr_net import BETTER, RvrConfig, RvrNet, luma_of, slice_grid, to_input, working_size
from rvr_laaf_app.training.data_photos import RankedPhoto, load_ranked, plain_view
from rvr_laaf_app.training.loop import load_checkpoint

LICENCE = "Same licence as the program. The encoder started from EfficientNet-Lite (Apache-2.0)."
DATA = (
    "Relative depth ranked by eye, for this project, on photographs of research sets and demonstrations (OSIE MIT; "
    "BSDS500, ImageNet samples, rooms: research terms; frames of public demo clips, those under non-commercial terms "
    "left out); silhouettes on the same photographs by MediaPipe selfie segmentation (Apache-2.0); scenes composed of "
    "their crops and cut-outs with exact disparity; focal slices of a light-field camera (LFSD, research terms); Poly "
    "Haven HDR maps (CC0) and OpenEXR samples (BSD). No output of another depth network was used."
)


def publish(net: RvrNet, *, folder: Path, name: str, role: str, card: str | None = None) -> Path:
    """Write `folder/name.safetensors`, its entry in the manifest and its card; return the path of the weights."""
    header = {"net": "rvr", "config": json.dumps(dataclasses.asdict(net.config), sort_keys=True)}
    words = {"licence": LICENCE, "data": DATA}
    return put_in_place(net, header, folder=folder, name=name, role=role, words=words, card=card)


def put_in_place(
    net: torch.nn.Module,
    header: dict[str, str],
    *,
    folder: Path,
    name: str,
    role: str,
    words: dict[str, str],
    card: str | None = None,
) -> Path:
    """Write the weights of any network of ours with this header, its entry (with `words`) and its card."""
    folder.mkdir(parents=True, exist_ok=True)
    floats = {key: value.detach().contiguous() for key, value in net.state_dict().items() if value.is_floating_point()}
    data = save(floats, header)
    path = folder / f"{name}.safetensors"
    _replace(path, data)

    manifest = folder / "manifest.json"
    listing = json.loads(manifest.read_text()) if manifest.exists() else {"roles": {}, "checkpoints": {}}
    listing["roles"][role] = name
    listing["checkpoints"][name] = {
        "file": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "net": header["net"],
        "card": f"{name}.md",
        **words,
    }
    _replace(manifest, (json.dumps(listing, indent=2, sort_keys=True) + "\n").encode())
    if card is not None:
        _replace(folder / f"{name}.md", card.encode())
    return path


@torch.inference_mode()
def calibrated(net: RvrNet, photos: list[RankedPhoto]) -> RvrConfig:
    """The network's config with the ends of raw disparity as usual on these photographs.

    Training fixes neither shift nor scale of the raw map. The 2nd percentile of a usual photograph goes to 0.1, its
    98th to 0.9; what lies beyond in another is pressed into the soft ends.
    """
    net.eval()
    lows, highs = [], []
    for photo in photos:
        height, width = photo.rgb.shape[:2]
        view = plain_view(photo, size=working_size(width, height, long_side=net.config.work_long_side))
        x = to_input(torch.from_numpy(view.rgb)[None])
        low, high = np.percentile(slice_grid(net(x).grid, luma_of(x)).numpy(), (2, 98))
        lows.append(low)
        highs.append(high)
    # Between the usual and the widest photograph: few are pressed, most still fill the range.
    low, high = float(np.percentile(lows, 25)), float(np.percentile(highs, 75))
    return dataclasses.replace(net.config, disparity_low=round(low, 4), disparity_high=round(high, 4))


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(data)
    os.replace(partial, path)


def main() -> None:
    """Publish the averaged network of a training checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--name", default="rvr-fast")
    parser.add_argument("--number", type=int, default=1)
    parser.add_argument("--role", default="rvr")
    parser.add_argument("--better", action="store_true", help="the checkpoint is of the larger size")
    parser.add_argument(
        "--light-gain", type=float, default=1.0, help="times the stops of lost light that it was taught"
    )
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--card", type=Path, default=None)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    net = RvrNet(BETTER if options.better else RvrConfig())
    facts = load_checkpoint(options.checkpoint, nets={"average": net}, optimizer=None)
    photos = load_ranked(options.data / "photos" / "ordinal_depth.json", "train")
    net.config = calibrated(net, photos[::8])
    brightest = net.config.max_boost_stops * options.light_gain
    net.config = dataclasses.replace(net.config, max_boost_stops=round(brightest, 4))
    card = None if options.card is None else options.card.read_text()
    path = publish(net, folder=options.models, name=f"{options.name}-{options.number}", role=options.role, card=card)
    print(f"{path} ({path.stat().st_size} bytes) from {options.checkpoint}: {facts}")


if __name__ == "__main__":
    main()
