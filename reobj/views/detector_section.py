"""A detector's configuration as it stands in the settings of views."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from reobj.config import DetectorSection


def section_mapping(section: DetectorSection) -> dict[str, Any]:
    """The section as plain data with every option it has, so that another default is another setting."""
    imperfections = None if section.imperfections is None else dataclasses.asdict(section.imperfections)
    options = {"name": section.name, **dataclasses.asdict(section.options), "imperfections": imperfections}
    if section.propagation is not None:
        options["propagation"] = dataclasses.asdict(section.propagation)
    return json.loads(json.dumps(options))
