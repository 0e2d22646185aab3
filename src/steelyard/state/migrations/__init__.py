"""The migrations of the state database, run by `open_state`; a file each under versions/."""
