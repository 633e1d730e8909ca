"""Points and boxes in normalised coordinates: origin at the top left, 1 = full width or height.

The centre of pixel x lies at (x + 0.5) / width.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the picture; x and y in 0..1."""

    x: float
    y: float

    def pixel(self, width: int, height: int) -> tuple[int, int]:
        """Return the (column, row) of the pixel that holds this point, always inside the picture."""
        column = min(max(int(self.x * width), 0), width - 1)
        row = min(max(int(self.y * height), 0), height - 1)
        return column, row


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: top left corner (x, y), width and height, all in 0..1 of the picture."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> Point:
        """The middle of the box."""
        return Point(self.x + self.width / 2, self.y + self.height / 2)

    @property
    def area(self) -> float:
        """Share of the picture that the box covers."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    @classmethod
    def around(cls, point: Point, width: float, height: float) -> Box:
        """Return a box of this size centred on `point`, moved inside the picture where needed."""
        return cls(point.x - width / 2, point.y - height / 2, width, height).inside()

    @classmethod
    def from_pixels(cls, x: float, y: float, width: float, height: float, *, picture: tuple[int, int]) -> Box:
        """Make a box from pixels of a picture of size (width, height)."""
        picture_width, picture_height = picture
        return cls(x / picture_width, y / picture_height, width / picture_width, height / picture_height)

    def pixels(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return (x, y, width, height) in pixels, not rounded and not clipped."""
        return self.x * width, self.y * height, self.width * width, self.height * height

    def inside(self) -> Box:
        """Return the box shifted (and only if it is too large, shrunk) so that it lies inside the picture."""
        width, height = min(self.width, 1.0), min(self.height, 1.0)
        return Box(min(max(self.x, 0.0), 1.0 - width), min(max(self.y, 0.0), 1.0 - height), width, height)

    def clipped(self) -> Box:
        """Return the part of the box that lies inside the picture (area 0 if none does)."""
        x0, y0 = min(max(self.x, 0.0), 1.0), min(max(self.y, 0.0), 1.0)
        x1, y1 = min(max(self.x + self.width, 0.0), 1.0), min(max(self.y + self.height, 0.0), 1.0)
        return Box(x0, y0, max(x1 - x0, 0.0), max(y1 - y0, 0.0))

    def scaled(self, factor: float) -> Box:
        """Return the box grown or shrunk about its centre."""
        width, height = self.width * factor, self.height * factor
        centre = self.centre
        return Box(centre.x - width / 2, centre.y - height / 2, width, height)

    def overlap(self, other: Box) -> float:
        """Return intersection over union with `other`, 0..1."""
        x0, y0 = max(self.x, other.x), max(self.y, other.y)
        x1 = min(self.x + self.width, other.x + other.width)
        y1 = min(self.y + self.height, other.y + other.height)
        both = max(x1 - x0, 0.0) * max(y1 - y0, 0.0)
        either = self.area + other.area - both
        return both / either if either > 0 else 0.0


def fit_long_side(size: tuple[int, int], long_side: int, *, multiple: int = 2) -> tuple[int, int]:
    """Return (width, height) with the same aspect, the longer one at most `long_side`, both multiples of `multiple`.

    A picture that is already small enough keeps its size (rounded to the multiple, never below it).
    """
    width, height = size
    scale = min(1.0, long_side / max(width, height))

    def rounded(value: int) -> int:
        return max(multiple, round(value * scale / multiple) * multiple)

    return rounded(width), rounded(height)
