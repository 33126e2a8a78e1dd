"""Takes: a segment's YAML definition, and a Relation that a Permit opened.

Gives: the fields it asks for, the query of its members, and for one person which conditions hold and why.
Never: who a member is; text put together into SQL; an expression language.
"""

from gateway.segmentation.definition import SegmentDefinition, definition_digest
from gateway.segmentation.evaluation import evaluate, explain
from gateway.segmentation.fields import fields_of
from gateway.segmentation.loading import load_segment
from gateway.segmentation.query import build_query

__all__ = [
    "SegmentDefinition",
    "build_query",
    "definition_digest",
    "evaluate",
    "explain",
    "fields_of",
    "load_segment",
]
