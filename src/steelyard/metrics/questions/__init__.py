"""The questions organisations ask, answered by name: a sentence, panels, intervals.

They ask the catalogue's metrics and nothing else. Importing this loads nothing heavy.
"""

from steelyard.metrics.questions.door import QUESTIONS, answer_question, parse_terms
from steelyard.metrics.questions.panel import Panel, PanelColumn, QuestionAnswer, Terms

__all__ = [
    "QUESTIONS",
    "Panel",
    "PanelColumn",
    "QuestionAnswer",
    "Terms",
    "answer_question",
    "parse_terms",
]
