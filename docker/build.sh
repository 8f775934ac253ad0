#!/usr/bin/env bash
# Builds the workspace /ws.
set -eo pipefail
cd /ws
source "/opt/ros/$ROS_DISTRO/setup.bash"
colcon build --base-paths src/reobj src/reobj/reobj_msgs --cmake-args -DBUILD_TESTING=OFF
