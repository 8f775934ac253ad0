#!/usr/bin/env bash
# Installs what reobj needs beside ROS 2, in an image of it. /ws/src/reobj has the files that say what.
set -euo pipefail
cd /ws

apt-get update
apt-get install -y --no-install-recommends \
    python3-colcon-common-extensions python3-pip python3-pytest python3-rosdep
[ -e /etc/ros/rosdep/sources.list.d/20-default.list ] || rosdep init
rosdep update --rosdistro "$ROS_DISTRO"
# No screen is in a container: RViz is left out.
rosdep install --rosdistro "$ROS_DISTRO" --from-paths src/reobj src/reobj/reobj_msgs \
    --ignore-src --skip-keys rviz2 -y
rm -rf /var/lib/apt/lists/*

# --user: beside Ubuntu's own packages, none of which is replaced.
export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_NO_CACHE_DIR=1
python3 -m pip install --user -r src/reobj/requirements-ros.txt
# For `reobj evaluate`. By itself it asks for the desktop build of OpenCV, which breaks the headless one.
python3 -m pip install --user --no-deps trackeval==1.3.0 pycocotools tabulate
