"""Any instance segmenter that was exported to ONNX, with ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reobj.detection.findings import FindingLimits, to_instances
from reobj.detection.onnx.onnx_image import letterboxed
from reobj.detection.onnx.onnx_layouts import Wanted, findings_of
from reobj.detection.onnx.onnx_session import OnnxSession
from reobj.detection.warm_up import warm_up
from reobj.devices import resolve_device
from reobj.errors import InputError, ModelError, mismatch
from reobj.types import Frame, Instances

_SIDE = 640  #: what YOLO is trained with
_MULTIPLE = 32  #: the coarsest stride of the usual networks


@dataclass(frozen=True, slots=True)
class OnnxConfig(FindingLimits):
    """Which model, and which of its findings count.

    Attributes:
        model: path of the .onnx file, whose outputs are laid out as docs/detectors.md says.
        label_file: names of its classes, one a line, the first that of class 0; those of the file's metadata
            when empty.
        input_size: longer side in pixels, a multiple of 32, that a model of no fixed size sees; 0 for 640.
    """

    model: str = ""
    label_file: str = ""
    input_size: int = 0

    def __post_init__(self) -> None:
        FindingLimits.__post_init__(self)  # a class with slots has no super() without arguments
        if self.input_size < 0 or self.input_size % _MULTIPLE:
            raise InputError(mismatch("input_size", f"a multiple of {_MULTIPLE}", self.input_size))


class OnnxDetector:
    """Runs a model on each frame.

    Args:
        config: model and limits.
        device: as for ``resolve_device``.

    Raises:
        ConfigError: the package onnxruntime is not installed.
        ModelError: no model, one that cannot be used, or one whose classes have no names.
        InputError: ``labels`` has a name that the model does not know.
        DeviceError: no such device.
    """

    def __init__(self, config: OnnxConfig, device: str = "auto") -> None:
        if not config.model:
            raise ModelError(mismatch("detector.model", "the path of an .onnx file", "none"))
        path = Path(config.model).expanduser()
        self._config = config
        self._session = OnnxSession(path, resolve_device(device))
        self._names = _names(config, self._session)
        self._wanted = Wanted(config.wanted(self._names), config)
        self._size = self._session.spec.size
        if self._size is None and self._session.spec.batched:
            self._size = (config.input_size or _SIDE,) * 2
        warm_up(self.detect, path.name, self._session.place)

    def detect(self, frame: Frame) -> Instances:
        """Instances by descending score; a pixel that two of them claim goes to the better one.

        Raises:
            ModelError: the model fails, or gives something else than it should.
        """
        seen = letterboxed(frame.colour, self._size)
        found = findings_of(self._session.run(seen.pixels), frame, seen, self._wanted)
        wanted, config = self._wanted.classes, self._config
        return to_instances(found, self._names, wanted, config, frame.height, frame.width)


def _names(config: OnnxConfig, session: OnnxSession) -> tuple[str, ...]:
    """Of the classes, from the file or from the model. Raises ModelError where nobody knows them."""
    if not config.label_file:
        if names := session.class_names():
            return names
        expected = "names in its metadata, or detector.label_file"
        raise ModelError(mismatch(f"classes of {config.model}", expected, "neither"))
    try:
        text = Path(config.label_file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"label_file {config.label_file}: cannot be read: {error}") from error
    return tuple(line.strip() for line in text.rstrip().splitlines())  # an empty first line is a class too
