"""torchvision's Mask R-CNN: networks, weights, trained folders."""
