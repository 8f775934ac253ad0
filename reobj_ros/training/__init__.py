"""What trainer_node is made of."""
