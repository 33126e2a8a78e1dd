#!/bin/sh
# Makes the home folder on first use, then runs the command that was asked for.
set -eu
if [ "${1:-}" = serve ] && [ ! -e "$GATEWAY_HOME/vault.sqlite" ]; then
    gateway init
fi
exec gateway "$@"
