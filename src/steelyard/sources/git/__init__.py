"""Commits and rework out of any git repository on disk, by git itself."""
