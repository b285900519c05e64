"""Where records are: a `Store` for each of pipestat's back ends, see `store`."""
