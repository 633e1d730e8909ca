"""What an action and a need are: the two values that every feature's table is made of. No table itself, no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from rvr_laaf_app.app.session import Session

MenuName = Literal["File", "Edit", "View", "Clip", "Focus", "Lens", "Depth", "Camera", "Window", "Help"]
MENUS: Final[tuple[MenuName, ...]] = (
    "File",
    "Edit",
    "View",
    "Clip",
    "Focus",
    "Lens",
    "Depth",
    "Camera",
    "Window",
    "Help",
)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the user can do: id, English text, menu, usual keys as Qt reads them, and what must be there for it.

    needs: id of a Need. section: where in the menu; lower is higher up, and a line stands between two sections.
    submenu: English title of the menu inside the menu that it stands in. group: exclusive, checkable actions;
    toggle: checkable by itself; icon: a name of resources/icons; words: what else one may type to find it.
    """

    id: str
    text: str
    menu: MenuName
    keys: tuple[str, ...] = ()
    needs: str = "clip"
    section: int = 50
    submenu: str = ""
    group: str = ""
    toggle: bool = False
    icon: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides whether an action is possible. selected: id of the selected target."""

    session: Session
    selected: str | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What must be there for an action. reason: what to say when it is not (English, what to do about it).

    met: None when only a feature of the window can tell (see ui.features.Feature.met).
    """

    id: str
    reason: str
    met: Callable[[Situation], bool] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """What one feature adds to what the user can do."""

    actions: tuple[Action, ...]
    needs: tuple[Need, ...] = ()
