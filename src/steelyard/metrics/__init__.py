"""Every number, defined once: a Question in, an Answer out.

Only this room reads facts for people. It compiles declared metrics to SQL and opens no database;
importing it loads nothing heavy.
"""

from steelyard.metrics.answer import Answer, Cell, Column, Coverage, Note
from steelyard.metrics.catalogue import CATALOGUE, describe, metric
from steelyard.metrics.door import ask
from steelyard.metrics.facts import DIMENSIONS
from steelyard.metrics.metric import Metric
from steelyard.metrics.question import Question, parse_arguments, parse_pairs, parse_query

__all__ = [
    "CATALOGUE",
    "DIMENSIONS",
    "Answer",
    "Cell",
    "Column",
    "Coverage",
    "Metric",
    "Note",
    "Question",
    "ask",
    "describe",
    "metric",
    "parse_arguments",
    "parse_pairs",
    "parse_query",
]
