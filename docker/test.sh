#!/usr/bin/env bash
# Runs all tests of the workspace /ws, those with launch files among them; fails when one of them does.
set -eo pipefail
cd /ws
source install/setup.bash
export OMP_NUM_THREADS=2
colcon test --base-paths src/reobj src/reobj/reobj_msgs --packages-select reobj_ros \
    --event-handlers console_direct+
colcon test-result --verbose
