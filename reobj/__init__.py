"""reobj: which chair is this? Object instance re-identification for robots.

The algorithms, in plain Python on numpy, torch, scipy and OpenCV. Nothing in
this package imports ROS; the nodes live in ``reobj_ros``.
"""

__version__ = "0.1.0"
