"""The terminal's face: speaks to flows, holds no rule. Heavy imports stand inside commands: help is quick."""
