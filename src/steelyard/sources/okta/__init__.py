"""Okta: people, their managers where they can be recognised, their groups."""
