"""One run of a project, from its beginning to its end."""
