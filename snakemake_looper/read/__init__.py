"""Files of a project, read: each reader makes a value, and names all that is wrong."""
