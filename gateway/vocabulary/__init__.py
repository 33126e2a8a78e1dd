"""The words that all rooms share: frozen, no I/O, no behaviour beyond validity. Glossary: ``docs/glossary.md``."""
