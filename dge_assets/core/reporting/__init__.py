"""Scores as people read them: pictures, sentences, tables, the report's page and the release's card."""
