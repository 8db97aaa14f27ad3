"""Check that every language says exactly what English says.

Usage: ``python scripts/check_translations.py [FOLDER]`` (default: the integration's translations).
Prints one line for each difference and exits 1 when there is any: a missing or superfluous key, a
placeholder that differs, an empty text, a missing language.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "custom_components/vfarm/translations"
LANGUAGES = ("de", "es", "fr", "nl")


def texts(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted path and the text of every leaf of a translation tree."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from texts(value, f"{path}.{key}" if path else key)
    else:
        yield path, str(node)


def placeholders(text: str) -> frozenset[str]:
    """Return the names in braces that Home Assistant fills in.

    Raises ValueError when the braces do not match.
    """
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def load(path: Path) -> dict[str, str]:
    """Read one language as a flat mapping of dotted path to text; a doubled key is refused."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            doubled = sorted({key for key, _ in pairs if [k for k, _ in pairs].count(key) > 1})
            raise ValueError(f"key given twice: {', '.join(doubled)}")
        return table

    return dict(texts(json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=unique)))


def differences(folder: Path, languages: tuple[str, ...] = LANGUAGES) -> list[str]:
    """Return what is wrong with the languages in ``folder``, one sentence each."""
    problems: list[str] = []
    tables: dict[str, dict[str, str]] = {}
    for language in ("en", *languages):
        path = folder / f"{language}.json"
        try:
            tables[language] = load(path)
        except FileNotFoundError:
            problems.append(f"{language}: {path.name} is missing")
        except ValueError as error:
            problems.append(f"{language}: {error}")
    english = tables.get("en", {})
    for language, table in tables.items():
        problems += [f"{language}: {key} is missing" for key in english.keys() - table.keys()]
        problems += [
            f"{language}: {key} is not in English" for key in table.keys() - english.keys()
        ]
        for key in table.keys() & english.keys():
            if english[key].strip() and not table[key].strip():
                problems.append(f"{language}: {key} is empty")
            try:
                here, there = placeholders(table[key]), placeholders(english[key])
            except ValueError as error:
                problems.append(f"{language}: {key}: {error}")
                continue
            if here != there:
                problems.append(f"{language}: {key} has {sorted(here)}, English {sorted(there)}")
    return sorted(problems)


def main(arguments: list[str]) -> int:
    """Check the folder named in ``arguments`` or the integration's own."""
    folder = Path(arguments[0]) if arguments else FOLDER
    if not folder.exists() and not (FOLDER.parent / "manifest.json").exists():
        print("no integration here yet, so nothing to compare")
        return 0
    problems = differences(folder)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
