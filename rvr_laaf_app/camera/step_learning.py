"""Learning what the steps of a lens are worth, within a session: each call of `gphoto_steps` goes through it.

So every call keeps its deadline, what is seen is shown, and the user can stop it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rvr_laaf_app.camera.base import LiveFrame, NotOffered
from rvr_laaf_app.camera.gphoto_steps import LearnedSizes, SizedLens, learn_sizes

if TYPE_CHECKING:
    from rvr_laaf_app.camera.connection import Connection
    from rvr_laaf_app.camera.gphoto_drives import LensDrive


class _Reached:
    """A camera with a lens of several sizes of steps, reached through its connection."""

    def __init__(self, connection: Connection, camera: SizedLens) -> None:
        self._connection, self._camera = connection, camera

    @property
    def lens_drive(self) -> LensDrive | None:
        """The make's drive."""
        return self._camera.lens_drive

    def use_drive(self, drive: LensDrive) -> None:
        """Drive by these sizes from now on."""
        self._camera.use_drive(drive)

    def nudge(self, size: int, *, to_far: bool) -> None:
        """Make one step of a size."""
        self._connection.call(lambda: self._camera.nudge(size, to_far=to_far))

    def live_frame(self) -> LiveFrame:
        """Return a new picture, and show it."""
        return self._connection.look()


def learn_steps(connection: Connection, cancel: threading.Event | None) -> LearnedSizes:
    """Learn the sizes where the lens stands and use them; its ends, counted in the old ones, are not known any more.

    Raises NotOffered where all steps are alike, CameraError if nothing could be told, Cancelled.
    """
    camera = connection.camera
    if connection.lens_or_refuse().drive.sizes == "" or not hasattr(camera, "lens_drive"):
        raise NotOffered("the steps of this lens are all alike: there is nothing to learn", where=camera.info.name)
    with connection.cancelled_by(cancel):
        learned = learn_sizes(_Reached(connection, camera))  # type: ignore[arg-type]  # it has what a SizedLens has
    connection.renew_lens()
    return learned
