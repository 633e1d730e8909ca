"""Actions of the lens."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Need, Situation, Table
from rvr_laaf_app.app.lens_presets import BUILT_IN

_KEYABLE, _KEYED = "real_lens", "lens_keys"


def _keyable(now: Situation) -> bool:
    return now.session.can_edit and now.session.project.lens.blur_px is None


def _keyed(now: Situation) -> bool:
    return _keyable(now) and bool(now.session.project.lens.f_number_keys)


TABLE: Final = Table(
    actions=(
        Action("lane_lens", "Lens over Time", "View", (), section=40, toggle=True, words="f-number aperture keys"),
        Action("open_lens", "Open the Lens by a Third of a Stop", "Lens", ("Ctrl+Up",), _KEYABLE, section=10,
               words="aperture f-number wider more blur"),
        Action("close_lens", "Close the Lens by a Third of a Stop", "Lens", ("Ctrl+Down",), _KEYABLE, section=10,
               words="aperture f-number smaller less blur"),
        Action("lens_key", "Key the f-number Here", "Lens", ("Ctrl+K",), _KEYABLE, section=20,
               words="keyframe aperture"),
        Action("remove_lens_key", "Remove the f-number Key", "Lens", ("Ctrl+Shift+K",), _KEYED, section=20),
        Action("previous_lens_key", "Previous f-number Key", "Lens", ("Alt+Left",), _KEYED, section=20),
        Action("next_lens_key", "Next f-number Key", "Lens", ("Alt+Right",), _KEYED, section=20),
        Action("clear_lens_keys", "Remove All f-number Keys", "Lens", (), _KEYED, section=20),
        *(
            Action(f"lens_preset_{name}", preset.name, "Lens", (), section=30, submenu="Lens Presets",
                   words="preset lens look")
            for name, preset in BUILT_IN.items()
        ),
        Action("save_lens_preset", "Save as Lens Preset…", "Lens", (), section=30),
    ),
    needs=(
        Need(_KEYABLE, "Choose Blur by: Real lens in the inspector; a plain strength has no f-number.", _keyable),
        Need(_KEYED, "There is no key of the f-number yet: double-click in the lens lane.", _keyed),
    ),
)  # fmt: skip
