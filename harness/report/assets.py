"""Styles and scripts of the report: our own, and the libraries that installed Python packages bring."""

from __future__ import annotations

import base64
from importlib.resources import files
from pathlib import Path

from harness.errors import BackendError
from harness.report.writing import write_page

FOLDER = "assets"
OWN = Path(__file__).parent / "assets"
LIBRARIES = {"itables": ("html/dt_bundle.js", "html/dt_bundle.css"), "plotly": ("package_data/plotly.min.js",)}
"""By package, the files that are taken from it: tables that sort, filter and search; plots."""


def write_assets(output: Path) -> None:
    """Write every style and script that the pages load, next to them: a report needs no network.

    The library of tables is a module, and no browser imports modules from a file; so it travels as text that the page
    imports. Raises `BackendError` without the packages that bring the libraries, `StoreError` if the folder cannot be
    written.
    """
    script, style = (_text("itables", name) for name in LIBRARIES["itables"])
    encoded = base64.b64encode(script.encode("utf-8")).decode("ascii")
    texts = {
        "tables.js": f'window.tableLibrary = "data:text/javascript;base64,{encoded}";\n',
        "tables.css": style,
        "plots.js": _text("plotly", *LIBRARIES["plotly"]),
        **{path.name: path.read_text(encoding="utf-8") for path in OWN.iterdir() if path.suffix in (".css", ".js")},
    }
    for name, text in texts.items():
        path = output / FOLDER / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_page(path, text)


def _text(package: str, name: str) -> str:
    try:
        return files(package).joinpath(name).read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise BackendError(
            f"the report needs {name} of {package}, which is not installed; pip install '.[report]'"
        ) from error
