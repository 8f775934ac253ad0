"""What all pages share: how their templates are found and filled."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from reobj.visual.images import jpeg_uri, svg_uri


def page_template(name: str, **filters: Callable[..., object]) -> Template:
    """A template of ``templates/``. Text is escaped; a name that is not given is an error.

    Args:
        name: of the file.
        filters: of this page, beside ``jpeg_uri`` and ``svg_uri``.
    """
    environment = Environment(
        loader=PackageLoader("reobj.visual", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(jpeg_uri=jpeg_uri, svg_uri=svg_uri, **filters)
    return environment.get_template(name)
