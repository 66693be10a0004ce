"""What Longshore costs, measured against the bare parts it is made of: `make bench`."""
