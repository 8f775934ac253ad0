"""Instance segmenters that were exported to ONNX."""
