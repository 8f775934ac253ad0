"""Asks a network about the same pictures again and again."""

from __future__ import annotations

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor
from torchvision.models.detection import MaskRCNN

from reobj.detection.findings import FindingLimits, Findings, to_instances
from reobj.detection.mask_rcnn.torchvision_networks import set_limits
from reobj.detector_training.config import DetectorTrainConfig
from reobj.detector_training.reader import PictureSet
from reobj.detector_training.samples import visible_instances
from reobj.detector_training.scores import DetectionScores, DetectionTally
from reobj.training.data import ahead
from reobj.types import Instances, LabelImage

#: Average precision asks for the unsure findings too; below this hardly any is right.
_LEAST_SCORE = 0.05
_LIMITS = FindingLimits(min_score=_LEAST_SCORE, min_area=0.0)


class DetectorValidator:
    """Measures masks as the detector ``mask_rcnn`` gives them: without overlap, the better one in front.

    Args:
        pictures: of scenes that are not trained on; may have none.
        labels: of the network's classes 1, 2, ...
        config: of the run.
    """

    def __init__(self, pictures: PictureSet, labels: tuple[str, ...], config: DetectorTrainConfig) -> None:
        self._pictures, self._config = pictures, config
        self._names = ("background", *labels)
        count = min(len(pictures), config.max_validation)
        self.rows = np.linspace(0, len(pictures) - 1, count).round().astype(int).tolist() if count else []

    @torch.no_grad()
    def scores(self, network: MaskRCNN, fabric: Fabric) -> DetectionScores:
        """Of the network, which comes back in the mode it was in.

        Raises:
            ScanError: a picture cannot be read.
        """
        training = network.training
        network.eval()
        set_limits(network, _LEAST_SCORE, _LIMITS.max_instances, self._config.size)
        tally = DetectionTally()
        for colour, truth in ahead(self._read, self.rows, self._config.workers):
            image = torch.from_numpy(colour).to(fabric.device).permute(2, 0, 1).float() / 255
            with fabric.autocast():
                found = network([image])[0]
            tally.add(self._instances(found, *truth.ids.shape), truth, *self._truths(colour, truth))
        network.train(training)
        return tally.scores()

    def _read(self, row: int) -> tuple[np.ndarray, LabelImage]:
        scene, frame = self._pictures.pictures[row]
        return scene.read(frame)

    def _instances(self, found: dict[str, Tensor], height: int, width: int) -> Instances:
        findings = Findings(found["boxes"], found["scores"], found["labels"], found["masks"][:, 0])
        wanted = torch.ones(len(self._names), dtype=torch.bool, device=found["boxes"].device)
        return to_instances(findings, self._names, wanted, _LIMITS, height, width)

    def _truths(self, colour: np.ndarray, truth: LabelImage) -> tuple[dict[int, str], dict[int, str]]:
        """Labels of the true instances that are to be found, and of those too small to count."""
        learned = [i for i in np.unique(truth.ids).tolist() if i and truth.labels.get(i) in self._names]
        seen = visible_instances(colour, truth, self._config.exclude)
        large = set(np.unique(truth.ids[seen.label_image > 0]).tolist())
        major = {i: truth.labels[i] for i in learned if i in large}
        return major, {i: truth.labels[i] for i in learned if i not in large}
