"""Each claim of quality that is not backed is named: a copy of the checkout is broken, and seen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.check_quality import EVIDENCE, RULES, main, problems

ROOT = Path(__file__).resolve().parents[3]
SHELL = Path("custom_components/vfarm")

type Edit = Callable[[str, str, str], None]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of everything the check reads."""
    root = tmp_path_factory.mktemp("checkout")
    leave = shutil.ignore_patterns("__pycache__", "frontend", "vendor", "images", "library")
    for folder in (str(SHELL), "vfarm_core", "tests/integration", "docs"):
        shutil.copytree(ROOT / folder, root / folder, ignore=leave)
    for file in (
        *("pyproject.toml", "README.md", ".ci/run"),
        *("scripts/lint", "scripts/test", "scripts/check_coverage.py"),
    ):
        (root / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, root / file)
    (root / "tests/core").mkdir()
    shutil.copy(ROOT / "tests/core/test_docs.py", root / "tests/core/test_docs.py")
    return root


@pytest.fixture
def edit(copy: Path) -> Iterator[Edit]:
    """Return a way to change one text in a file of the copy; it is undone afterwards."""
    before: dict[Path, str] = {}

    def change(path: str, old: str, new: str) -> None:
        file = copy / path
        text = file.read_text(encoding="utf-8")
        before.setdefault(file, text)
        assert old in text, f"{path} has no {old}"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    yield change
    for file, text in before.items():
        file.write_text(text, encoding="utf-8")


@pytest.fixture
def edit_json(copy: Path) -> Iterator[Callable[[str, Callable[[Any], object]], None]]:
    """Return a way to change what a JSON file of the copy holds; it is undone afterwards."""
    before: dict[Path, str] = {}

    def change(path: str, how: Callable[[Any], object]) -> None:
        file = copy / SHELL / path
        text = file.read_text(encoding="utf-8")
        before.setdefault(file, text)
        tree = json.loads(text)
        how(tree)
        file.write_text(json.dumps(tree), encoding="utf-8")

    yield change
    for file, text in before.items():
        file.write_text(text, encoding="utf-8")


def test_what_is_claimed_here_is_backed(copy: Path) -> None:
    assert problems(copy) == []
    assert main([str(copy)]) == 0


def test_every_evidence_is_that_of_a_rule() -> None:
    assert EVIDENCE.keys() <= RULES
    assert len(RULES) == 54


@pytest.mark.parametrize(
    ("path", "old", "new", "problem"),
    [
        ("quality_scale.yaml", "  brands: done\n", "", "brands: not in the file"),
        (
            "quality_scale.yaml",
            "  brands: done\n",
            "  brands: done\n  beauty: done\n",
            "beauty: no rule of the scale",
        ),
        (
            "quality_scale.yaml",
            "  brands: done\n",
            "  brands: almost\n",
            "brands: 'almost' is no status",
        ),
        (
            "quality_scale.yaml",
            "    comment: No HTTP.\n",
            "",
            "inject-websession: exempt without a comment",
        ),
        (
            "quality_scale.yaml",
            "alembic",
            "another",
            "dependency-transparency: says nothing of alembic",
        ),
        (
            "light.py",
            "PARALLEL_UPDATES = 0",
            "",
            "parallel-updates: done, but light.py has no PARALLEL_UPDATES",
        ),
        (
            "light.py",
            "entry: VfarmConfigEntry",
            "entry: ConfigEntry",
            "strict-typing: done, but light.py: async_setup_entry does not take a VfarmConfigEntry",
        ),
        (
            "engine.py",
            "from __future__ import annotations\n",
            "from __future__ import annotations\n\nimport aiohttp\n",
            "inject-websession: exempt, but engine.py has import aiohttp",
        ),
        (
            "button.py",
            'translation_key="emergency_stop"',
            'translation_key="great_stop"',
            "entity-translations: done, but entity.button.great_stop has no text",
        ),
        (
            "targets.py",
            "        translation_domain=DOMAIN, translation_key=key,",
            "        translation_domain=DOMAIN,",
            "exception-translations: done, but targets.py:65: an error without a translation key",
        ),
        (
            "issues.py",
            '"entity_vanished"',
            '"entity_fled"',
            "repair-issues: done, but issues.entity_fled has no text",
        ),
        (
            "services.yaml",
            "run_shot:\n",
            "run_flood:\n",
            "icon-translations: done, but services.run_flood has no icon",
        ),
        (
            "triggers.yaml",
            "shot_failed:",
            "shot_missed:",
            "icon-translations: done, but triggers.shot_missed has no text",
        ),
        (
            "conditions.yaml",
            "is_stopped:",
            "is_halted:",
            "icon-translations: done, but conditions.is_halted has no icon",
        ),
    ],
)
def test_a_broken_integration_is_named(
    copy: Path, edit: Edit, path: str, old: str, new: str, problem: str
) -> None:
    edit(f"{SHELL}/{path}", old, new)
    assert problem in problems(copy)


@pytest.mark.parametrize(
    ("path", "old", "new", "problem"),
    [
        (
            "pyproject.toml",
            "\nstrict = true",
            "\nstrict = false",
            "strict-typing: done, but mypy is not strict",
        ),
        (
            "scripts/lint",
            "--python-version 3.14 custom_components/vfarm",
            "--version",
            "strict-typing: done, but scripts/lint does not check the types of the integration",
        ),
        (
            "scripts/check_coverage.py",
            "LEAST = 95.0",
            "LEAST = 80.0",
            "test-coverage: done, but scripts/check_coverage.py does not ask for 95 %",
        ),
        (
            "scripts/test",
            '    "$python" scripts/check_coverage.py "$report"',
            '    # "$python" scripts/check_coverage.py "$report"',
            "test-coverage: done, but scripts/test does not measure coverage",
        ),
        (
            ".ci/run",
            "stage scripts/test all\n",
            "stage scripts/test core\n",
            "test-coverage: done, but .ci/run does not run scripts/test",
        ),
        (
            "scripts/check_coverage.py",
            '"custom_components/vfarm/flows/"',
            '"custom_components/vfarm/flaws/"',
            "config-flow-test-coverage: done, but scripts/check_coverage.py does not ask for all of"
            " flows/",
        ),
        (
            "docs/home-assistant.md",
            "## Removing it",
            "## Farewell",
            "docs-removal-instructions: done, but docs/home-assistant.md has no ^## Removing it",
        ),
        (
            "tests/integration/test_lifecycle.py",
            "async def test_unloading_leaves_nothing_behind",
            "async def unloading_leaves_nothing_behind",
            "config-entry-unloading: done, but tests/integration/test_lifecycle.py has no"
            " test_unloading_leaves_nothing_behind that expects something",
        ),
        (
            "tests/integration/test_lifecycle.py",
            "async def test_unloading_leaves_nothing_behind",
            "@pytest.mark.skip\nasync def test_unloading_leaves_nothing_behind",
            "config-entry-unloading: done, but tests/integration/test_lifecycle.py has no"
            " test_unloading_leaves_nothing_behind that expects something",
        ),
        (
            "vfarm_core/control/requests.py",
            'Refusal("level_unknown"',
            'Refusal("level_unheard"',
            "exception-translations: done, but exceptions.level_unheard of control/requests.py has"
            " no text",
        ),
    ],
)
def test_broken_tests_documents_and_settings_are_named(
    copy: Path, edit: Edit, path: str, old: str, new: str, problem: str
) -> None:
    edit(path, old, new)
    assert problem in problems(copy)


def test_a_test_that_expects_nothing_backs_nothing(copy: Path, edit: Edit) -> None:
    path = "tests/integration/test_diagnostics.py"
    source = (copy / path).read_text(encoding="utf-8")
    begin = source.index("async def test_diagnostics_of_a_level")
    end = source.index("async def test_system_health")
    edit(
        path, source[begin:end], "async def test_diagnostics_of_a_level() -> None:\n    pass\n\n\n"
    )
    assert (
        f"diagnostics: done, but {path} has no test_diagnostics_of_a_level that expects something"
        in problems(copy)
    )


@pytest.mark.parametrize(
    ("path", "how", "problem"),
    [
        (
            "translations/nl.json",
            lambda t: t["exceptions"].pop("not_running"),
            "nl: exceptions.not_running.message is missing",
        ),
        (
            "translations/fr.json",
            lambda t: t.update(more="x"),
            "fr: more is not in English",
        ),
        (
            "translations/en.json",
            lambda t: t["exceptions"].update(never_said={"message": "x"}),
            "exception-translations: done, but exceptions.never_said is not used",
        ),
        (
            "translations/en.json",
            lambda t: t["issues"].update(never_raised={"title": "x"}),
            "repair-issues: done, but issues.never_raised is not used",
        ),
        (
            "translations/en.json",
            lambda t: t["entity"]["sensor"].update(hardware_perfume={"name": "x"}),
            "entity-translations: done, but entity.sensor.hardware_perfume is not used",
        ),
        (
            "icons.json",
            lambda t: t["entity"]["sensor"].pop("dli"),
            "icon-translations: done, but entity.sensor.dli has neither an icon nor a device class",
        ),
        (
            "icons.json",
            lambda t: t["services"].update(fly={"service": "mdi:bird"}),
            "icon-translations: done, but services.fly has an icon and is not there",
        ),
    ],
)
def test_texts_and_icons_too_many_or_too_few_are_named(
    copy: Path,
    edit_json: Callable[[str, Callable[[Any], object]], None],
    path: str,
    how: Callable[[Any], object],
    problem: str,
) -> None:
    edit_json(path, how)
    assert problem in problems(copy)
