"""The door for browsers and programs: pages and a JSON API over `metrics.ask`.

A page parses its address into Questions and renders their Answers; no number that the catalogue
defines is computed here. Importing this package loads neither FastAPI nor Altair.
"""
