"""For large pictures: memory that was freed goes back to the system at once instead of piling up as holes in heaps.

The C library keeps freed blocks of up to 32 MiB in one heap for each thread. A float32 plane of a 4K picture is just
below that, the planes of decoders and encoders too, and they are freed in another order, and in other threads, than
they were taken. Nothing is allocated here.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Final

_M_MMAP_THRESHOLD: Final = -3  # malloc.h
_LARGE_PIXELS: Final = 1 << 22
_LARGE_BYTES: Final = 1 << 20


def return_freed_memory(size: tuple[int, int]) -> None:
    """Give back what is free now; from now on give back blocks of a mebibyte and more when they are freed.

    For the whole process, and only if pictures of `size` (width, height) are larger than four megapixels: clearing the
    pages of each new block costs little beside the work on such a picture, but shows with small ones.
    Does nothing where the C library is not glibc.
    """
    library = _glibc()
    if library is not None and size[0] * size[1] > _LARGE_PIXELS:
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
