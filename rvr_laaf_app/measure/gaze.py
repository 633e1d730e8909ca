"""How well a map says where people look: CC, NSS and AUC as in the MIT saliency benchmark (Bylinskii et al. 2019).

A map is [h, w]; fixations are (x, y) in shares of the picture. NumPy only; knows neither networks nor files.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLUR = 24 / 800  # of the picture's width: about one degree of the visual field in the set-up of OSIE
Map = NDArray[np.floating]


def fixation_density(places: NDArray[np.floating], size: tuple[int, int], *, aspect: float) -> NDArray[np.float64]:
    """Return the share of looking [rows, columns] from fixations [n, 2], blurred by BLUR; aspect = width / height."""
    rows, columns = size
    x, y = (np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows
    gx = np.exp(-0.5 * ((x - places[:, :1]) / BLUR) ** 2)
    gy = np.exp(-0.5 * ((y - places[:, 1:]) / (BLUR * aspect)) ** 2)
    density = np.einsum("ny,nx->yx", gy, gx).astype(np.float64)
    return np.asarray(density / max(float(density.sum()), 1e-12), np.float64)


def correlation(map_: Map, density: Map) -> float:
    """Return CC: the linear correlation of a map and the share of looking, 0 for a map without contrast."""
    a, b = map_ - map_.mean(), density - density.mean()
    bottom = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / bottom if bottom > 0 else 0.0


def scanpath_saliency(map_: Map, places: NDArray[np.floating]) -> float:
    """Return NSS: the mean of the map at the fixations, in its own deviations above its mean."""
    spread = float(map_.std())
    return float(((_at(map_, places) - map_.mean()) / spread).mean()) if spread > 0 else 0.0


def auc_judd(map_: Map, places: NDArray[np.floating]) -> float:
    """Return the area under the curve of fixations found over area taken, as the threshold falls (Judd et al. 2009)."""
    at, everywhere = np.sort(_at(map_, places)), np.sort(map_, axis=None)
    # Cells of equal value are taken together: a flat map is chance, 0.5.
    levels = np.unique(at)[::-1]
    found = 1.0 - np.searchsorted(at, levels, side="left") / at.size
    taken = 1.0 - np.searchsorted(everywhere, levels, side="left") / everywhere.size
    curve_x, curve_y = np.concatenate([[0.0], taken, [1.0]]), np.concatenate([[0.0], found, [1.0]])
    return float(np.trapezoid(curve_y, curve_x))


def _at(map_: Map, places: NDArray[np.floating]) -> NDArray[np.float64]:
    rows, columns = map_.shape
    x = np.clip((places[:, 0] * columns).astype(int), 0, columns - 1)
    y = np.clip((places[:, 1] * rows).astype(int), 0, rows - 1)
    return np.asarray(map_[y, x], np.float64)
