"""Only the light branch learns, and it learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from rvr_laaf_app.nets.rvr_net import RvrConfig, RvrNet, to_input
from rvr_laaf_app.training import train_light
from rvr_laaf_app.training.data_hdr import Exposed, add_glow
from rvr_laaf_app.training.publish import publish
from rvr_laaf_app.training.start_weights import finished


def small_net() -> RvrNet:
    torch.manual_seed(0)
    return RvrNet(RvrConfig(widths=(16, 16, 16, 16), exposure=8))


def lamp(stops: float) -> Exposed:
    rgb = np.full((64, 64, 3), 40, np.uint8)
    lost = np.zeros((64, 64, 3), np.float32)
    rgb[20:36, 24:40] = 255
    lost[20:36, 24:40] = stops
    return Exposed(rgb, lost, np.ones(lost.shape, bool))


def test_only_the_light_branch_learns() -> None:
    net = small_net()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    optimizer = torch.optim.AdamW(train_light.only_light(net), lr=1e-2)
    batch = [lamp(3.0), lamp(3.0)]
    errors = []
    for _ in range(12):
        boost = train_light.lost_light(net, to_input(torch.from_numpy(np.stack([e.rgb for e in batch]))))
        loss = train_light.stops_error(boost, *train_light.truth(batch, boost))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        errors.append(float(loss.detach()))
    assert errors[-1] < 0.7 * errors[0]
    for name, value in net.state_dict().items():
        same = torch.equal(value, before[name])
        assert same or name.split(".")[0] in train_light.LIGHT_PARTS, name


def test_what_is_unknown_does_not_count() -> None:
    known = lamp(2.0)
    unknown = Exposed(known.rgb, known.stops, np.zeros(known.stops.shape, bool))
    boost = torch.zeros(2, 3, 64, 64)
    wanted, counts = train_light.truth([known, unknown], boost)
    assert counts[0].sum() == 16 * 16 * 3
    assert counts[1].sum() == 0
    # Huber with its bend at 0.2 stop: two stops missing cost 1.9
    assert abs(float(train_light.stops_error(boost, wanted, counts)) - 1.9) < 1e-5


def test_published_weights_can_be_trained_on(tmp_path: Path) -> None:
    net = small_net()
    path = publish(net, folder=tmp_path, name="rvr-test", role="rvr")
    again = finished(path)
    for name, value in again.state_dict().items():
        assert torch.equal(value, net.state_dict()[name]), name


def test_glows_rise_inside_what_clips() -> None:
    dark = np.full((96, 128, 3), 0.05, np.float32)
    found = 0
    for seed in range(12):
        light = add_glow(dark, np.random.default_rng(seed)).max(2)
        assert light.shape == (96, 128)
        assert np.isfinite(light).all()
        found += bool(light.max() > 2.0 and ((light > 1.0) & (light < 0.9 * light.max())).any())
    assert found >= 6
