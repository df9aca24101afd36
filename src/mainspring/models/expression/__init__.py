"""The expression language of every face: FEEL (DMN 1.5, chapter 10), pure and without dependencies.

text → `lexer` → `parser` → `tree` → `compiler` → `program`; `printer` turns a tree into text again.
"""
