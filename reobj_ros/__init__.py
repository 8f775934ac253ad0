"""The ROS 2 nodes of reobj. They wire topics to ``reobj``; the algorithms are there."""
