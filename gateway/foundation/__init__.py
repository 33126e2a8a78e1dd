"""What every room stands on: clock, identifiers, errors, settings, database, files, logs; no rules."""
