"""Answers to pictures and pages: chart specifications, drawn in the page or as PNG and SVG."""
