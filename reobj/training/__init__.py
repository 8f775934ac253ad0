"""Learning an encoder from views: sampler, augmentation, trainer, calibration, cross-validation."""
