"""The maps of two runs become one."""
