"""The verbs of the `ionflux` command, by what they are about. `commands` registers them."""
