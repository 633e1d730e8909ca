"""Actions of depth: estimating and repairing it."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Need, Situation, Table


def _depth_known(now: Situation) -> bool:
    products = now.session.products
    return products is not None and products.meta.done > 0


def _repaired(now: Situation) -> bool:
    return bool(now.session.project.repairs)


_PAINT = "paint brush mask stroke correct fix wrong depth"
_SOURCE = "network estimator better import files sidecar model eyes"
TABLE: Final = Table(
    actions=(
        Action("analyse", "Analyse Depth", "Depth", (), "analysis", section=10),
        Action("depth_source", "Choose Where Depth Comes From…", "Depth", (), "clip", section=10, words=_SOURCE),
        Action("repair_tool", "Repair Depth", "Depth", ("P",), "depth", section=20, toggle=True, words=_PAINT),
        Action("repair_nearer", "Brush Nearer", "Depth", ("Alt+1",), "depth", 30, group="repair_kind", words=_PAINT),
        Action("repair_farther", "Brush Farther", "Depth", ("Alt+2",), "depth", 30, group="repair_kind", words=_PAINT),
        Action("repair_same", "Brush Same Depth as Here", "Depth", ("Alt+3",), "depth", 30, group="repair_kind"),
        Action("sample_depth", "Sample Depth Under the Brush", "Depth", ("Alt+S",), "depth", section=30),
        Action("brush_smaller", "Smaller Brush", "Depth", ("Alt+[",), "depth", section=40),
        Action("brush_larger", "Larger Brush", "Depth", ("Alt+]",), "depth", section=40),
        Action("show_repairs", "Show Repairs in the Picture", "Depth", ("Alt+P",), "clip", section=50, toggle=True),
        Action("previous_repair", "Previous Repair", "Depth", ("Alt+Up",), "repair", section=60),
        Action("next_repair", "Next Repair", "Depth", ("Alt+Down",), "repair", section=60),
        Action("switch_repair", "Switch Repair On or Off", "Depth", ("Alt+O",), "repair", section=60),
        Action("remove_repair", "Remove Repair", "Depth", ("Alt+Del",), "repair", section=60),
        Action("dock_repair", "Depth Repair", "Window", (), "clip", section=20, toggle=True),
    ),
    needs=(
        Need("depth", "The depth of the clip is not analysed yet.", _depth_known),
        Need("repair", "There is no repair of the depth yet. Brush one with Depth › Repair Depth.", _repaired),
    ),
)
