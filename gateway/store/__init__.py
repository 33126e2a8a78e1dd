"""Takes: pseudonymised batches, permission masks; a Permit.

Gives: a Relation of permitted columns and people; snapshots and releases by reference; one person's rows on request.
Never: a query without a Permit; a raw batch; a column or a person that is not permitted now.
"""

from gateway.store.compaction import Rewritten
from gateway.store.connection import Limits
from gateway.store.errors import QueryRefused
from gateway.store.persons import ErasedRows
from gateway.store.relation import StoreRelation
from gateway.store.store import Store
from gateway.store.writing import StoreSession

__all__ = ["ErasedRows", "Limits", "QueryRefused", "Rewritten", "Store", "StoreRelation", "StoreSession"]
