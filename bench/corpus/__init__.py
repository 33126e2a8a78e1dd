"""The project's own evaluation set: fictional tables and customer-service notes, made from a seed.

``build`` is for work on the detector, ``frozen`` for reporting only: they share no table template, no header of one
language and kind, no note template and no name in their own lists. Nothing here describes a real person: names are
combined by chance, numbers are random, every domain is reserved by RFC 2606 and every public address by RFC 5737 or
RFC 3849.
"""

from bench.corpus.notes import notes
from bench.corpus.shapes import LabelledColumn, LabelledNote, LabelledTable, Span, Split
from bench.corpus.tables import tables

__all__ = ["LabelledColumn", "LabelledNote", "LabelledTable", "Span", "Split", "notes", "tables"]
