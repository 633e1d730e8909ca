"""RVR-LAAF: cinema focus for video that was shot without it. Holds the version and imports nothing heavy."""

from __future__ import annotations

__version__ = "0.1.0"
