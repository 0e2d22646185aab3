"""Steelyard weighs what AI coding assistants return to an engineering organisation."""

__version__ = "0.1.0"
