#!/usr/bin/env bash
# Runs a command in the workspace /ws.
set -e
source /ws/install/setup.bash
exec "$@"
