"""The archive that Home Assistant gets: complete by itself, and refused when it would not work."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from scripts.build_zip import BuildError, build, check_core_module, check_versions, relative_to_core

ROOT = Path(__file__).resolve().parents[3]


def rewritten(source: str, path: str = "sensor.py") -> str:
    return relative_to_core(source.encode(), PurePosixPath(path)).decode()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a small checkout with a shell, a core and things that must not be shipped."""
    files = {
        "pyproject.toml": '[project]\nname = "vfarm-core"\nversion = "1.2.3"\n',
        "LICENSE": "free\n",
        "vfarm_core/__init__.py": '"""Core."""\n\n__version__ = "1.2.3"\n',
        "vfarm_core/py.typed": "",
        "vfarm_core/farm/__init__.py": "",
        "vfarm_core/farm/nodes.py": "from .. import __version__\n\nZONE = 'zone'\n",
        "vfarm_core/recipes/library/basil.yaml": "id: basil\n",
        "vfarm_core/cli/__init__.py": "import typer\n",
        "vfarm_core/__pycache__/x.pyc": "",
        "custom_components/vfarm/__init__.py": "from vfarm_core.farm.nodes import ZONE\n",
        "custom_components/vfarm/flows/zone.py": "from vfarm_core.farm.nodes import ZONE\n",
        "custom_components/vfarm/manifest.json": json.dumps({"version": "1.2.3"}),
        "custom_components/vfarm/brand/icon.png": "png",
        "custom_components/vfarm/.hidden": "",
        "custom_components/vfarm/flows/__pycache__/y.pyc": "",
        "blueprints/automation/vfarm/alarm.yaml": "blueprint:\n",
    }
    for name, text in files.items():
        path = tmp_path / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "checkout"


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.py", "from vfarm_core import x\n", "from .vfarm_core import x\n"),
        (
            "a.py",
            "from vfarm_core.farm.nodes import Farm\n",
            "from .vfarm_core.farm.nodes import Farm\n",
        ),
        ("flows/a.py", "from vfarm_core.farm import x\n", "from ..vfarm_core.farm import x\n"),
        ("a/b/c.py", "from vfarm_core.farm import x\n", "from ...vfarm_core.farm import x\n"),
        ("a.py", "import vfarm_core\n", "from . import vfarm_core\n"),
        ("a/b.py", "import vfarm_core as core\n", "from .. import vfarm_core as core\n"),
        (
            "a.py",
            "import vfarm_core.farm.nodes as n\n",
            "from .vfarm_core.farm import nodes as n\n",
        ),
        ("a.py", "import os, vfarm_core as c\n", "import os; from . import vfarm_core as c\n"),
        ("a.py", "from vfarm_core \\\n    import x\n", "from .vfarm_core \\\n    import x\n"),
        (
            "a.py",
            "from vfarm_core.farm import (\n    a,  # why\n    b,\n)\n",
            "from .vfarm_core.farm import (\n    a,  # why\n    b,\n)\n",
        ),
        (
            "a.py",
            "def f():\n    µ = 'µ'; from vfarm_core import x; import vfarm_core\n",
            "def f():\n    µ = 'µ'; from .vfarm_core import x; from . import vfarm_core\n",
        ),
        (
            "a.py",
            "if TYPE_CHECKING:\n    from vfarm_core.farm import x\n",
            "if TYPE_CHECKING:\n    from .vfarm_core.farm import x\n",
        ),
        ("a.py", "from vfarm_core_extra import x\n", "from vfarm_core_extra import x\n"),
        ("a.py", "from .vfarm_core import x\n", "from .vfarm_core import x\n"),
        ("a.py", "text = 'from vfarm_core import x'\n", "text = 'from vfarm_core import x'\n"),
        ("a.py", "from vfarm_core import x\r\ny = 1\r\n", "from .vfarm_core import x\r\ny = 1\r\n"),
    ],
)
def test_imports_of_the_core_become_relative_and_nothing_else_changes(
    path: str, before: str, after: str
) -> None:
    assert rewritten(before, path) == after
    ast.parse(after)


def test_an_import_without_relative_form_is_refused_with_the_way_to_write_it() -> None:
    with pytest.raises(BuildError, match=r"a\.py:2: .*from vfarm_core\.farm import nodes"):
        rewritten("import os\nimport vfarm_core.farm.nodes\n", "a.py")


@pytest.mark.parametrize(
    "call",
    [
        "importlib.import_module('vfarm_core.farm')",
        "__import__('vfarm_core')",
        "resources.files('vfarm_core.recipes')",
    ],
)
def test_an_import_by_name_is_refused(call: str) -> None:
    with pytest.raises(BuildError, match=r"a\.py:1: .*absolute"):
        rewritten(f"x = {call}\n", "a.py")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("from vfarm_core.farm import x\n", "absolute"),
        ("import typer\n", "typer is not there"),
        ("def f():\n    from rich.table import Table\n", "rich.table is not there"),
    ],
)
def test_a_core_module_that_needs_what_is_left_out_is_refused(source: str, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        check_core_module(source.encode(), PurePosixPath("farm/nodes.py"))


def test_archive_holds_shell_core_and_blueprints_only(checkout: Path, tmp_path: Path) -> None:
    names = build(checkout, tmp_path / "vfarm.zip")
    assert names == [
        "LICENSE",
        "__init__.py",
        "blueprints/automation/vfarm/alarm.yaml",
        "brand/icon.png",
        "flows/zone.py",
        "manifest.json",
        "vfarm_core/__init__.py",
        "vfarm_core/farm/__init__.py",
        "vfarm_core/farm/nodes.py",
        "vfarm_core/py.typed",
        "vfarm_core/recipes/library/basil.yaml",
    ]
    with zipfile.ZipFile(tmp_path / "vfarm.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("flows/zone.py") == b"from ..vfarm_core.farm.nodes import ZONE\n"


def test_same_sources_give_the_same_bytes(checkout: Path, tmp_path: Path) -> None:
    build(checkout, tmp_path / "one.zip")
    for path in checkout.rglob("*.py"):
        path.touch()
    build(checkout, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", '[project]\nname = "vfarm-core"\nversion = "1.2.4"\n'),
        ("custom_components/vfarm/manifest.json", '{"version": "1.2.2"}'),
        ("custom_components/vfarm/manifest.json", "{}"),
        ("vfarm_core/__init__.py", '__version__ = "2.0.0"\n'),
        ("vfarm_core/__init__.py", ""),
    ],
)
def test_versions_that_differ_are_refused(checkout: Path, file: str, text: str) -> None:
    assert check_versions(checkout) == "1.2.3"
    (checkout / file).write_text(text, encoding="utf-8")
    with pytest.raises(BuildError, match="the versions differ"):
        build(checkout, checkout / "dist" / "vfarm.zip")
    assert not (checkout / "dist" / "vfarm.zip").exists()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("from vfarm_core.cli import main\n", "vfarm_core/cli is not in the archive"),
        ("from vfarm_core.soil import x\n", "vfarm_core/soil is not in the archive"),
        ("from ....above import x\n", "leads out of the archive"),
    ],
)
def test_imports_of_what_is_not_shipped_are_refused(
    checkout: Path, source: str, words: str
) -> None:
    (checkout / "custom_components/vfarm/flows/zone.py").write_text(source, encoding="utf-8")
    with pytest.raises(BuildError, match=words):
        build(checkout, checkout / "dist" / "vfarm.zip")


def test_core_of_the_real_archive_imports_without_this_checkout(tmp_path: Path) -> None:
    names = build(ROOT, tmp_path / "vfarm.zip")
    with zipfile.ZipFile(tmp_path / "vfarm.zip") as archive:
        # The shell's own __init__ needs Home Assistant; an empty parent stands in its place.
        folder = tmp_path / "archive"
        archive.extractall(folder)
    (folder / "__init__.py").write_text("", encoding="utf-8")
    modules = [
        ".".join(("archive", *PurePosixPath(name).with_suffix("").parts))
        for name in names
        if name.startswith("vfarm_core/") and name.endswith(".py")
    ]
    program = (
        "import importlib, sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in {'vfarm_core', 'typer', 'rich', 'numpy', 'scipy'}:\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        f"for module in {modules!r}:\n"
        "    importlib.import_module(module)\n"
        "from archive.vfarm_core.recipes.library import shipped\n"
        "assert len(shipped()) >= 5\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(modules) > 20
