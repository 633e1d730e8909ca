"""The shape of a focus pull: how much of the way is done after a share of its frames."""

from __future__ import annotations

from rvr_laaf_app.document.project import Ease


def eased(share: float, ease: Ease) -> float:
    """Return the share of the way, 0..1 and never falling, for a share of the time 0..1.

    "linear" is even in disparity, so the blur changes evenly (rvr-laaf.txt, section 5); "in" starts gently, "out" ends
    gently, "in_out" does both.
    """
    t = min(max(share, 0.0), 1.0)
    if ease == "in":
        return t * t
    if ease == "out":
        return 1.0 - (1.0 - t) * (1.0 - t)
    if ease == "in_out":
        return t * t * (3.0 - 2.0 * t)
    return t
