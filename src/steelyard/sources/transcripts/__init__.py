"""Local session files of Claude Code, Codex and Gemini CLI: `read.read_transcripts`.

A file per assistant says where its files lie, how to recognise them and what a line means;
everything else is shared. Counts and names leave this folder, text never does. Importing this
package imports nothing heavy.
"""
