# reobj on ROS 2 Lyrical: Ubuntu 26.04, Python 3.14.
#   docker build -f docker/lyrical.Dockerfile -t reobj:lyrical .
#   docker run --rm -it --network host --ipc host reobj:lyrical ros2 launch reobj_ros live.launch.py
FROM ros:lyrical-ros-base

# Another index for pip, such as one that has torch without CUDA, which is a tenth as large.
ARG PIP_EXTRA_INDEX_URL=""

WORKDIR /ws
# First what says what is needed: a change of the code alone then installs nothing anew.
COPY package.xml requirements-ros.txt src/reobj/
COPY reobj_msgs/package.xml src/reobj/reobj_msgs/
COPY docker/install.sh src/reobj/docker/
RUN src/reobj/docker/install.sh

COPY . src/reobj
RUN src/reobj/docker/build.sh

ENTRYPOINT ["/ws/src/reobj/docker/entrypoint.sh"]
CMD ["ros2", "launch", "reobj_ros", "live.launch.py"]
