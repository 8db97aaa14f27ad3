"""A grower's own recipes are saved one version after the other, and none is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.recipes.cress import ORIGIN, changed, cress_text
from vfarm_core.recipes import shelf
from vfarm_core.recipes.errors import RecipeError
from vfarm_core.recipes.formats.document import to_document
from vfarm_core.recipes.library import catalogue, load_shipped
from vfarm_core.recipes.load import load_file, load_recipe

GREEN = "phases[1]"


def warmer(degrees: float) -> str:
    return changed(f"{GREEN}.climate.air_temperature.day", degrees)


def test_the_first_version_is_the_text_as_it_was_given(tmp_path: Path) -> None:
    text = "# mine\n" + cress_text()
    saved = shelf.save(tmp_path / "recipes", text)
    assert saved.written
    assert Path(saved.file or "").read_text() == text
    assert saved.recipe == load_recipe(text)
    assert catalogue(tmp_path / "recipes").get("cress") == saved.recipe


def test_the_next_version_knows_its_parent_and_the_older_file_is_kept(tmp_path: Path) -> None:
    first = shelf.save(tmp_path, "# mine\n" + cress_text())
    second = shelf.save(tmp_path, "# mine\n" + warmer(21), changelog=["warmer by day"])
    assert second.recipe.parent == first.recipe.version
    assert second.recipe.changelog == ("warmer by day",)
    assert [c.path for c in second.changes] == ["phases.green.climate.air_temperature.day"]
    written = Path(second.file or "")
    assert load_file(written) == second.recipe
    assert written.read_text().startswith("# mine\n"), "what its author wrote is kept"
    assert load_file(second.replaced or "") == first.recipe
    assert [(v.recipe.version, v.current) for v in shelf.versions(tmp_path, "cress")] == [
        (second.recipe.version, True),
        (first.recipe.version, False),
    ]


def test_a_copy_of_a_version_that_is_edited_does_not_repeat_its_changelog(tmp_path: Path) -> None:
    shelf.save(tmp_path, cress_text())
    second = shelf.save(tmp_path, warmer(21), changelog=["warmer"])
    copy = Path(second.file or "").read_text().replace("day: 21", "day: 22")
    third = shelf.save(tmp_path, copy, changelog=["warmer still"])
    assert third.recipe.parent == second.recipe.version
    assert third.recipe.changelog == ("warmer still",)
    assert len(shelf.versions(tmp_path, "cress")) == 3


def test_plain_values_are_saved_too_and_a_shipped_recipe_is_the_parent(tmp_path: Path) -> None:
    basil = load_shipped("basil_sweet")
    document = to_document(basil)
    document["phases"][0]["climate"]["air_temperature"]["value"] = "25 °C"
    saved = shelf.save(tmp_path, document)
    assert saved.recipe.parent == basil.version
    assert catalogue(tmp_path).get("basil_sweet") == saved.recipe
    assert shelf.find(tmp_path, f"basil_sweet@{basil.short_version}") == basil


def test_the_same_once_more_is_no_version(tmp_path: Path) -> None:
    first = shelf.save(tmp_path, cress_text())
    again = shelf.save(tmp_path, "# a remark\n" + cress_text(), changelog=["nothing"])
    assert not again.written
    assert again.recipe == first.recipe
    assert len(list(tmp_path.rglob("*.yaml"))) == 1


@pytest.mark.parametrize(
    ("document", "paths"),
    [
        (changed(f"{GREEN}.days", -3), {f"{GREEN}.days"}),
        (
            changed(f"{GREEN}.climate.vpd", {"day": 3, **ORIGIN}),
            {f"{GREEN}.climate.vpd.day", f"{GREEN}.climate.humidity"},
        ),
        ("{", {""}),
        ({"id": "x", "when": object()}, {""}),
    ],
)
def test_what_is_wrong_is_refused_and_writes_nothing(
    tmp_path: Path, document: object, paths: set[str]
) -> None:
    shelf.save(tmp_path, cress_text())
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(RecipeError) as caught:
        shelf.save(tmp_path, document)  # type: ignore[arg-type]
    assert {p.path for p in caught.value.problems} & paths
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_two_who_edit_the_same_version_do_not_write_over_each_other(tmp_path: Path) -> None:
    first = shelf.save(tmp_path, cress_text())
    shelf.save(tmp_path, warmer(21), based_on=first.recipe.short_version)
    with pytest.raises(RecipeError) as caught:
        shelf.save(tmp_path, warmer(23), based_on=first.recipe.version)
    assert [p.code for p in caught.value.problems] == ["moved_on"]


def test_a_file_keeps_its_name_and_another_recipe_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(cress_text())
    assert shelf.save(tmp_path, warmer(21)).file == str(tmp_path / "mine.yaml")
    (tmp_path / "kale.yaml").write_text(cress_text().replace("id: cress", "id: other"))
    saved = shelf.save(tmp_path, cress_text().replace("id: cress", "id: kale"))
    assert saved.file == str(tmp_path / "kale_2.yaml")
    assert set(catalogue(tmp_path).recipes) > {"cress", "other", "kale"}


def test_a_broken_file_that_stands_in_the_way_is_kept(tmp_path: Path) -> None:
    (tmp_path / "cress.yaml").write_text("id: [")
    saved = shelf.save(tmp_path, cress_text())
    assert Path(saved.replaced or "").read_text() == "id: ["
    assert catalogue(tmp_path).problems == ()


def test_a_disk_that_refuses_leaves_the_version_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shelf.save(tmp_path, cress_text())

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shelf.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        shelf.save(tmp_path, warmer(21))
    assert catalogue(tmp_path).get("cress") == first.recipe
    assert [p.name for p in tmp_path.rglob(".*")] == [], "nothing half written is left"


def test_versions_that_batches_hold_are_known_and_found(tmp_path: Path) -> None:
    pinned = load_recipe(warmer(21))
    saved = shelf.save(tmp_path, cress_text())
    known = shelf.versions(tmp_path, "cress", [pinned])
    assert [v.recipe.version for v in known] == [saved.recipe.version, pinned.version]
    assert shelf.find(tmp_path, f"cress@{pinned.version[:8]}", [pinned]) == pinned
    assert shelf.find(tmp_path, "cress", [pinned]) == saved.recipe


@pytest.mark.parametrize("name", ["mango", "cress@ffff", "../cress", "cress@"])
def test_what_is_not_there_is_told_with_what_is(tmp_path: Path, name: str) -> None:
    shelf.save(tmp_path, cress_text())
    if name == "cress@":
        assert shelf.find(tmp_path, name).id == "cress"
        return
    with pytest.raises(RecipeError) as caught:
        shelf.find(tmp_path, name)
    assert "cress" in caught.value.problems[0].accepted
