"""What flows hand to the faces when it is about people: a value that only a receipt can make."""

from gateway.accountability import Released, released_chunks

__all__ = ["Released", "released_chunks"]
