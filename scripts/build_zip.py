"""Build ``dist/vfarm.zip``: the integration with the core copied in, complete by itself.

Usage: ``python scripts/build_zip.py [OUTPUT]`` (default ``dist/vfarm.zip``).

The root of the archive is the content of ``custom_components/vfarm``. The core lies below it as
``vfarm_core/`` and the shell's imports of it are made relative, so nothing has to be installed
beside Home Assistant. Blueprints, where there are any, lie in ``blueprints/``. The same sources
give the same bytes.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
SHELL = PurePosixPath("custom_components/vfarm")
CORE = "vfarm_core"

# The command line needs packages that Home Assistant does not have.
LEFT_OUT_OF_CORE = frozenset({"cli"})
NOT_ON_HOME_ASSISTANT = frozenset({"typer", "rich", "click"})

LEFT_OUT = frozenset({"__pycache__", "node_modules", "tests"})
LEFT_OUT_SUFFIXES = frozenset({".pyc", ".pyo", ".map"})

# Calls that take a module's name as text; a rewritten import statement would not reach it.
IMPORTS_BY_NAME = frozenset({"import_module", "__import__", "find_spec", "files", "get_data"})

# The earliest time that the format can hold.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)


class BuildError(Exception):
    """The archive would not work; the text says which file and why."""


def build(root: Path, output: Path) -> list[str]:
    """Write the archive of the checkout ``root`` to ``output``; return the names in it.

    Raises BuildError when the versions differ or a module could not be imported from the archive.
    """
    check_versions(root)
    content = contents(root)
    output.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content[name])
    return sorted(content)


def check_versions(root: Path) -> str:
    """Return the version that wheel, core and manifest agree on; raise BuildError otherwise."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    manifest = json.loads((root / SHELL / "manifest.json").read_text(encoding="utf-8"))
    core = re.search(
        r'^__version__ = "([^"]+)"$',
        (root / CORE / "__init__.py").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    versions = {
        "pyproject.toml": project["version"],
        f"{SHELL}/manifest.json": manifest.get("version"),
        f"{CORE}/__init__.py": core[1] if core else None,
    }
    if len(set(versions.values())) != 1:
        listed = ", ".join(f"{file} {version}" for file, version in versions.items())
        raise BuildError(f"the versions differ: {listed}")
    return str(project["version"])


def contents(root: Path) -> dict[str, bytes]:
    """Return every file of the archive: its name there and its bytes."""
    content: dict[str, bytes] = {}
    for path, data in tree(root / SHELL):
        content[str(path)] = relative_to_core(data, path) if path.suffix == ".py" else data
    for path, data in tree(root / CORE):
        if path.parts[0] in LEFT_OUT_OF_CORE:
            continue
        if path.suffix == ".py":
            check_core_module(data, path)
        content[f"{CORE}/{path}"] = data
    if (root / "blueprints").is_dir():
        content |= {f"blueprints/{path}": data for path, data in tree(root / "blueprints")}
    content["LICENSE"] = (root / "LICENSE").read_bytes()
    check_relative_imports(content)
    return content


def tree(folder: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield the files of ``folder`` that are shipped: path within it and bytes."""
    for path in sorted(folder.rglob("*")):
        inside = PurePosixPath(path.relative_to(folder).as_posix())
        if (
            path.is_file()
            and not LEFT_OUT & set(inside.parts)
            and not any(part.startswith(".") for part in inside.parts)
            and inside.suffix not in LEFT_OUT_SUFFIXES
        ):
            yield inside, path.read_bytes()


def is_core(module: str | None) -> bool:
    """Tell whether a dotted name is the core or a part of it."""
    return module is not None and (module == CORE or module.startswith(f"{CORE}."))


def relative_to_core(source: bytes, path: PurePosixPath) -> bytes:
    """Make the imports of the core relative in a module of the shell.

    ``path`` is the module's place below the integration's folder. Everything else, comments and
    line breaks included, stays as it is. Raises BuildError for what cannot be said relatively.
    """
    tree_ = ast.parse(source, str(path))
    dots = "." * len(path.parts)
    starts = line_starts(source)
    edits: list[tuple[int, int, bytes]] = []
    for node in ast.walk(tree_):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and is_core(node.module):
            start, end = span(node, starts)
            head = re.match(rb"from(?:\s|\\\r?\n)+(?=vfarm_core\b)", source[start:end])
            if head is None:
                raise BuildError(f"{path}:{node.lineno}: this import is written in an unusual way")
            edits.append((start + head.end(), start + head.end(), dots.encode()))
        elif isinstance(node, ast.Import) and any(is_core(alias.name) for alias in node.names):
            start, end = span(node, starts)
            statements = [plain_import(alias, dots, path, node.lineno) for alias in node.names]
            edits.append((start, end, "; ".join(statements).encode()))
    for start, end, text in sorted(edits, reverse=True):
        source = source[:start] + text + source[end:]
    check_no_absolute_import(source, path)
    return source


def plain_import(alias: ast.alias, dots: str, path: PurePosixPath, line: int) -> str:
    """Return the statement that does the same as ``import alias`` with the core beside us."""
    renamed = f" as {alias.asname}" if alias.asname else ""
    if not is_core(alias.name):
        return f"import {alias.name}{renamed}"
    parent, _, name = alias.name.rpartition(".")
    if parent and not alias.asname:
        raise BuildError(
            f"{path}:{line}: 'import {alias.name}' has no relative form; "
            f"write 'from {parent} import {name}'"
        )
    return f"from {dots}{parent} import {name}{renamed}"


def line_starts(source: bytes) -> list[int]:
    """Return the offset in bytes at which each line begins, as the parser counts lines."""
    starts = [0]
    starts += [match.end() for match in re.finditer(rb"\r\n|\r|\n", source)]
    return starts


def span(node: ast.stmt, starts: list[int]) -> tuple[int, int]:
    """Return where a statement begins and ends, as offsets in bytes."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (
        starts[node.lineno - 1] + node.col_offset,
        starts[node.end_lineno - 1] + node.end_col_offset,
    )


def check_no_absolute_import(source: bytes, path: PurePosixPath) -> None:
    """Raise BuildError when a module still asks for the core as if it were installed."""
    for node in ast.walk(ast.parse(source, str(path))):
        if (
            (isinstance(node, ast.ImportFrom) and node.level == 0 and is_core(node.module))
            or (isinstance(node, ast.Import) and any(is_core(a.name) for a in node.names))
            or (isinstance(node, ast.Call) and imports_core_by_name(node))
        ):
            raise BuildError(
                f"{path}:{node.lineno}: the core is imported by an absolute name, "
                "which the archive does not have"
            )


def imports_core_by_name(call: ast.Call) -> bool:
    """Tell whether a call such as ``import_module("vfarm_core.farm")`` names the core in text."""
    function = call.func
    name = (
        function.attr
        if isinstance(function, ast.Attribute)
        else function.id
        if isinstance(function, ast.Name)
        else ""
    )
    return name in IMPORTS_BY_NAME and any(
        isinstance(argument, ast.Constant)
        and isinstance(argument.value, str)
        and is_core(argument.value)
        for argument in call.args
    )


def check_core_module(source: bytes, path: PurePosixPath) -> None:
    """Raise BuildError when a module of the core needs what the archive leaves out."""
    shown = PurePosixPath(CORE) / path
    check_no_absolute_import(source, shown)
    for node in ast.walk(ast.parse(source, str(shown))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.partition(".")[0] in NOT_ON_HOME_ASSISTANT:
                raise BuildError(f"{shown}:{node.lineno}: {name} is not there in Home Assistant")


def check_relative_imports(content: Mapping[str, bytes]) -> None:
    """Raise BuildError when a relative import leads to a module that is not in the archive."""
    names = {PurePosixPath(name) for name in content}
    folders = {parent for name in names for parent in name.parents}
    for name in sorted(names):
        if name.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(content[str(name)], str(name))):
            if not isinstance(node, ast.ImportFrom) or node.level == 0:
                continue
            if node.level > len(name.parts):
                raise BuildError(f"{name}:{node.lineno}: the import leads out of the archive")
            target = name.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            if target not in folders and target.with_name(f"{target.name}.py") not in names:
                raise BuildError(f"{name}:{node.lineno}: {target} is not in the archive")


def main(arguments: list[str]) -> int:
    """Build the archive and say what is in it."""
    output = Path(arguments[0]) if arguments else ROOT / "dist" / "vfarm.zip"
    try:
        names = build(ROOT, output)
    except BuildError as error:
        print(f"build_zip: {error}", file=sys.stderr)
        return 1
    print(f"{output}: {len(names)} files, {output.stat().st_size / 1024:.0f} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
