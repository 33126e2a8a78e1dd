"""The HTTP face: RFC 9457 problems, API keys with scopes, identifiers in bodies only; holds no rule."""
