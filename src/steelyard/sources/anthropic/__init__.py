"""Anthropic's organisation APIs: Claude Code Analytics, Usage & Cost, Claude Enterprise."""
