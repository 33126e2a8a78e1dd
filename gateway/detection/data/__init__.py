"""Word lists for names in texts: one file a language, lines of words under ``[section]`` headings."""
