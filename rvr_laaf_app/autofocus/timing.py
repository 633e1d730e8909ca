"""How long the networks and a metric take for one patch on one core, side by side in one run."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np


def measure_times(*, side: int = 512, repeats: int = 200) -> dict[str, float]:
    """Return the least processor time of one patch on one core: the paper's two networks, ours, and Tenengrad [ms]."""
    import torch

    from rvr_laaf_app.autofocus.modern import BlurReader
    from rvr_laaf_app.autofocus.sharpness import tenengrad
    from rvr_laaf_app.nets.autofocus_nets import FocusDiscriminator, StepEstimator, StepEstimatorConfig

    patch = np.random.default_rng(0).random((side, side), dtype=np.float32)
    estimator, discriminator = StepEstimator(StepEstimatorConfig()).eval(), FocusDiscriminator().eval()
    reader = BlurReader()

    def paper() -> None:
        with torch.inference_mode():
            x = torch.from_numpy(patch)[None, None]
            estimator(x).item(), discriminator(x).item()

    works: dict[str, Callable[[], object]] = {
        "paper_both_nets": paper,
        "learned": lambda: reader.read(patch),
        "tenengrad": lambda: tenengrad(patch),
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        least = dict.fromkeys(works, float("inf"))
        for _ in range(repeats):  # by turns: what slows the machine for a while slows all alike
            for name, work in works.items():
                began = time.thread_time()
                work()
                least[name] = min(least[name], time.thread_time() - began)
    finally:
        torch.set_num_threads(threads)
    return {name: round(1000 * seconds, 3) for name, seconds in least.items()}
