"""The stages of the pipeline in nodes: made from parameters, put down and taken up again."""
