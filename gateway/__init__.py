"""Segmentation Gateway: raw customer data in, pseudonymised segments out, every access provable.

The journey stands in ``docs/architecture.md``; the code that walks it stands in ``gateway/flows``.
"""

__version__ = "0.1.0"
