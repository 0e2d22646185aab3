"""A company that does not exist: its people, what their assistants send, what they ship.

`Company` makes it, `Truth` says what truly happened in it, by arithmetic of its own. Pure: the
same `Shape` gives the same bytes; nothing here opens a file or a database.
"""

from steelyard.demo.company import Company
from steelyard.demo.shape import Shape
from steelyard.demo.truth import Truth

__all__ = ["Company", "Shape", "Truth"]
