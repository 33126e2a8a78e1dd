"""The commands of ``python -m audit``, one module per topic; each has ``register``."""
