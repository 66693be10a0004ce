#!/bin/sh
# Runs the browser in a network namespace of its own, where not even the loopback is up: the layer below every flag.
# `-c` keeps the user id, so the browser's own sandbox works as before; the pipe to the driver is inherited.
exec unshare -c -n -- "$LONGSHORE_BROWSER_PROGRAM" "$@"
