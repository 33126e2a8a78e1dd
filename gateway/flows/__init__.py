"""The corridor: one journey a file, in straight lines; the only code that sees several rooms. No rule stands here."""
