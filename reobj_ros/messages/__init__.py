"""Between the types of ``reobj`` and the messages of ROS."""
