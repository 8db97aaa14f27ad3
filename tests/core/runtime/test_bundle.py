"""One farm in one file: all of it or nothing, and nothing that is damaged is used."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.runtime.bundles import MADE_AT, DiskJournal, bring, export, on_disk, opened, slices
from tests.core.support import Bench, bench_farm
from vfarm_core.control.inputs import RunShot
from vfarm_core.farm.build import check
from vfarm_core.farm.diff import How
from vfarm_core.farm.remap import Device, RemapError, Renamed, read_table
from vfarm_core.ledger.feed import Feed
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify
from vfarm_core.runtime.bundle import BundleError, contents, open_bundle, write_bundle
from vfarm_core.runtime.journal import Journal
from vfarm_core.runtime.place import Place, install, is_running, look
from vfarm_core.runtime.restore import Plan, Present, plan_import

HOUR = 3600.0


@pytest.fixture
def running(tmp_path: Path) -> Bench:
    """A farm with a batch, an hour after lights-on, whose journal is a file."""
    bench = Bench(bench_farm())
    on_disk(bench, tmp_path / "run" / "journal.db")
    bench.start_batch()
    bench.advance(2 * HOUR)
    return bench


@pytest.fixture
def file(running: Bench, tmp_path: Path) -> Path:
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    (recipes / "mine.yaml").write_text("id: mine\n# ä\n", encoding="utf-8")
    (recipes / "notes.txt").write_text("no recipe", encoding="utf-8")
    return export(running, tmp_path / "farm.zip", recipes=recipes)


def plan(file: Path, present: Present | None = None, **more: object) -> Plan:
    with open_bundle(file) as bundle:
        return plan_import(bundle, present or Present(), more.get("table", {}), more.get("known"))


# -- the file -----------------------------------------------------------------------------------


def test_a_bundle_holds_the_farm_its_memory_its_events_and_the_growers_recipes(
    running: Bench, file: Path
) -> None:
    with open_bundle(file) as bundle:
        assert bundle.farm == running.farm
        assert bundle.memory is not None
        assert bundle.memory.batches == running.runtime.memory.batches
        assert bundle.memory.recipes == running.runtime.memory.recipes
        assert bundle.recipes == {"mine.yaml": "id: mine\n# ä\n"}
        assert bundle.ledger is None
        assert slices(bundle.journal) == slices(running.journal.path)
        events = opened(bundle.journal).events_after(0, 1000)
        assert [e.kind for e in events] == [
            r.kind for r in running.journal.records if r.key is None
        ]
        told = contents(bundle)
        assert told["batches"] == ["batch_1"]
        assert told["pinned_recipes"] == [*running.runtime.memory.recipes]
        assert told["own_recipes"] == ["mine.yaml"]


def test_a_farm_is_exported_while_it_runs_and_goes_on(running: Bench, tmp_path: Path) -> None:
    running.ask(RunShot(circuit="circuit", duration_s=300))
    running.advance(30)
    export(running, tmp_path / "one.zip")
    running.advance(600)
    export(running, tmp_path / "two.zip")
    with open_bundle(tmp_path / "one.zip") as one, open_bundle(tmp_path / "two.zip") as two:
        assert one.memory is not None
        assert two.memory is not None
        assert one.memory.circuits["circuit"].shot is not None
        assert two.memory.circuits["circuit"].shot is None
    assert running.journal.of("shot_ended")


def feed(journal: Journal, path: Path) -> int:
    """Give a ledger what it lacks; how many records it has then, of which none was altered."""
    with closing(Ledger(path)) as ledger:
        going = Feed(journal, ledger)
        while going.once():
            pass
        verdict = verify(ledger)
        assert verdict.intact, verdict.faults
        return verdict.records


def test_the_history_comes_along_and_its_chain_goes_on(running: Bench, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    assert isinstance(running.journal, DiskJournal)
    before = feed(running.journal.file, path)
    running.advance(3 * HOUR)
    untold = running.journal.file.newest() - before
    assert untold > 0
    file = export(running, tmp_path / "farm.zip", ledger=path)
    place = bring(file, tmp_path / "elsewhere")
    # What the history lacked, and that it is elsewhere now.
    after = feed(opened(place.journal), place.ledger)
    assert after == before + untold + 1
    assert feed(running.journal.file, path) == before + untold, "the old one is as it was"


def test_without_a_history_a_new_one_begins_with_what_the_journal_has(
    running: Bench, tmp_path: Path
) -> None:
    assert isinstance(running.journal, DiskJournal)
    before = feed(running.journal.file, tmp_path / "ledger.db")
    place = bring(export(running, tmp_path / "farm.zip"), tmp_path / "elsewhere")
    journal = opened(place.journal)
    assert feed(journal, place.ledger) == before + 1
    journal.close()
    # A later bundle without a history takes none away: it goes on.
    running.advance(3 * HOUR)
    bring(export(running, tmp_path / "later.zip"), tmp_path / "elsewhere")
    assert feed(opened(place.journal), place.ledger) > before + 1


def test_nothing_is_overwritten_unasked_and_nothing_half_written_stays(
    running: Bench, file: Path, tmp_path: Path
) -> None:
    before = file.read_bytes()
    with pytest.raises(BundleError, match="choose another name"):
        export(running, file)
    with pytest.raises(BundleError, match=r"there is no .*nowhere\.db"):
        write_bundle(file, running.farm, tmp_path / "nowhere.db", made_at=MADE_AT, overwrite=True)
    assert file.read_bytes() == before
    export(running, file, overwrite=True)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_a_file_that_is_no_journal_is_not_exported(running: Bench, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db, db:
        db.execute("CREATE TABLE wallet (coins INTEGER)")
    with pytest.raises(BundleError, match=r"journal\.db has wallet in it"):
        write_bundle(tmp_path / "farm.zip", running.farm, other, made_at=MADE_AT)
    assert not (tmp_path / "farm.zip").exists()


# -- what is not trusted ------------------------------------------------------------------------


def rewrite(file: Path, **changed: bytes | None) -> Path:
    """The archive with members replaced, added or (None) left out."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    names = {key.replace("__", "/").replace("_", "."): value for key, value in changed.items()}
    members |= {name: value for name, value in names.items() if value is not None}
    with zipfile.ZipFile(file, "w") as archive:
        for name, value in members.items():
            if names.get(name, value) is not None:
                archive.writestr(name, value)
    return file


def manifest(file: Path) -> dict[str, object]:
    with zipfile.ZipFile(file) as archive:
        found: dict[str, object] = json.loads(archive.read("manifest.json"))
    return found


def refused(file: Path) -> BundleError:
    with pytest.raises(BundleError) as caught, open_bundle(file):
        pass
    return caught.value


def test_a_newer_format_names_the_version_that_reads_it(file: Path) -> None:
    data = {**manifest(file), "format": 2, "vfarm": "9.1", "unheard_of": {}}
    err = refused(rewrite(file, manifest_json=json.dumps(data).encode()))
    assert err.key == "newer"
    assert "9.1" in str(err)
    assert "update vfarm" in str(err)


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"farm_json": b'{"id": "bench"}'}, "farm.json"),
        ({"journal_db": b"SQLite format 3\0 and no more"}, "journal.db"),
        ({"recipes__mine_yaml": b"id: yours\n"}, "recipes/mine.yaml"),
        ({"recipes__mine_yaml": None}, "manifest.json"),
        ({"evil_sh": b"rm"}, "manifest.json"),
        ({"manifest_json": b"{}"}, "manifest.json"),
        ({"manifest_json": b"[1]"}, "manifest.json"),
        ({"manifest_json": b"not json"}, "manifest.json"),
    ],
)
def test_a_damaged_member_is_named(
    file: Path, change: dict[str, bytes | None], member: str
) -> None:
    err = refused(rewrite(file, **change))
    assert err.key == "damaged"
    assert err.params["member"] == member
    assert "export again" in str(err)


def test_a_bit_that_has_tipped_over_is_found(file: Path) -> None:
    data = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        at = archive.getinfo("journal.db").header_offset + 200
    data[at] ^= 4
    file.write_bytes(data)
    assert refused(file).params.get("member") == "journal.db"


@pytest.mark.parametrize("name", ["../../up.yaml", "recipes/../up.yaml", "recipes/a/b.yaml", "x"])
def test_no_member_is_unpacked_outside_of_its_place(file: Path, name: str) -> None:
    data = manifest(file)
    members = {**data["members"], name: {"sha256": "", "size": 1}}  # type: ignore[dict-item]
    data["members"] = members
    err = refused(rewrite(file, manifest_json=json.dumps(data).encode()))
    assert err.params["member"] == name


@pytest.mark.parametrize("content", [b"", b"just text", b"PK\x03\x04 cut off"])
def test_what_is_no_bundle_is_called_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert refused(tmp_path / "file").key == "no_bundle"
    assert refused(tmp_path / "nothing").key == "not_read"


def test_a_journal_that_would_run_something_by_itself_is_refused(
    running: Bench, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(running.journal.path)) as db, db:
        db.execute("CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM slices; END")
    with pytest.raises(BundleError, match="trigger"):
        export(running, tmp_path / "farm.zip")


def test_nor_may_a_history_run_something(running: Bench, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    with closing(sqlite3.connect(ledger)) as db, db:
        db.execute("CREATE TABLE records (seq INTEGER)")
        db.execute("CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM records; END")
    with pytest.raises(BundleError, match="trigger"):
        export(running, tmp_path / "farm.zip", ledger=ledger)


# -- what an import would do --------------------------------------------------------------------


def test_in_an_empty_place_everything_is_added(running: Bench, file: Path) -> None:
    found = plan(file)
    assert not found.refusals
    assert {change.how for change in found.changes if change.what != "memory"} == {How.ADDED}
    added = {(change.what, change.id) for change in found.changes}
    assert {("zone", "zone"), ("batch", "batch_1"), ("own_recipe", "mine.yaml")} <= added
    assert {b.id for b in running.farm.bindings} == {i for w, i in added if w == "binding"}


def test_against_the_farm_that_is_here_only_the_difference_is_told(
    running: Bench, file: Path
) -> None:
    memory = running.runtime.memory
    with open_bundle(file) as bundle:
        same = Present(farm=bundle.farm, memory=bundle.memory, recipes=bundle.recipes)
    assert plan(file, same).changes == ()
    batch = memory.batches["batch_1"]
    here = Present(
        farm=replace(
            running.farm,
            name="Old name",
            zones=(replace(running.farm.zones[0], volume_m3=99.0),),
            bindings=running.farm.bindings[1:],
        ),
        memory=replace(
            same.memory or memory,
            batches={"batch_1": replace(batch, plants=7), "batch_2": replace(batch, id="batch_2")},
        ),
        recipes={"mine.yaml": "id: other\n", "gone.yaml": "id: gone\n"},
    )
    told = {(c.what, c.id): c for c in plan(file, here).changes}
    assert {key: c.how.value for key, c in told.items()} == {
        ("farm", "farm"): "changed",
        ("zone", "zone"): "changed",
        ("binding", running.farm.bindings[0].id): "added",
        ("batch", "batch_1"): "changed",
        ("batch", "batch_2"): "removed",
        ("own_recipe", "mine.yaml"): "changed",
        ("own_recipe", "gone.yaml"): "removed",
    }
    (volume,) = told["zone", "zone"].fields
    assert (volume.name, volume.before) == ("volume_m3", 99.0)
    assert volume.after == running.farm.zones[0].volume_m3
    (plants,) = told["batch", "batch_1"].fields
    assert (plants.name, plants.before, plants.after) == ("plants", 7, batch.plants)


def test_entities_that_do_not_exist_here_are_asked_for_by_the_name_they_had(
    running: Bench, tmp_path: Path
) -> None:
    first, second = running.farm.bindings[:2]
    file = export(running, tmp_path / "farm.zip", entities={first.entity: "sensor.zone_air"})
    here = {b.entity for b in running.farm.bindings} - {first.entity} | {"sensor.air"}
    missing = plan(file, known=here)
    assert [r.key for r in missing.refusals] == ["entity_unknown"]
    assert f"{first.entity} (sensor.zone_air) of {first.id}" in missing.refusals[0].message
    use = next(u for u in missing.entities if u.entity == first.entity)
    assert (use.name, use.points, use.known) == ("sensor.zone_air", (first.id,), False)
    mended = plan(file, known=here, table={first.entity: Renamed(new="sensor.air")})
    assert not mended.refusals
    assert mended.farm.binding[first.id].entity == "sensor.air"
    assert mended.farm.binding[second.id] == second


def test_a_table_that_does_not_fit_is_refused(running: Bench, file: Path) -> None:
    here = {b.entity for b in running.farm.bindings}
    one, two = (running.farm.binding[k].entity for k in ("zone.heater", "level_1.grow_light"))
    wrong = plan(
        file,
        known=here,
        table={
            "sensor.typo": Renamed(new=one),
            one: Renamed(new=two),
            running.farm.bindings[0].entity: Renamed(new="sensor.nowhere"),
        },
    )
    assert sorted(r.key for r in wrong.refusals) == ["farm_wrong", "remap_unknown", "remap_unused"]
    assert "one entity has one master" in " ".join(r.message for r in wrong.refusals)


def test_another_farm_is_not_put_over_the_one_that_is_here(running: Bench, file: Path) -> None:
    other = plan(file, Present(farm=check(replace(running.farm, id="other", name="Other"))))
    assert [r.key for r in other.refusals] == ["other_farm"]


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("old,new\na,b\n", {"a": Renamed(new="b")}),
        ("\ufeffOld, New ,device\r\na,b,\r\nc,d,other\r\n\r\n", None),
        ('{"a": "b"}', {"a": Renamed(new="b")}),
        ('[{"old": "a", "new": "b"}]', {"a": Renamed(new="b")}),
    ],
)
def test_tables_are_csv_or_json(text: str, table: dict[str, Renamed] | None) -> None:
    expected = {"a": Renamed(new="b"), "c": Renamed(new="d", device=Device.OTHER)}
    assert read_table(text) == (expected if table is None else table)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1"),
        ("from,to\na,b\n", "line 1"),
        ("old,new\na\n", "line 2"),
        ("old,new\na,\n", "line 2: an entity has no name"),
        ("old,new\na,b\na,c\n", "line 3: a has a new name already"),
        ("old,new,device\na,b,spare\n", "same, other"),
        ("{", "no JSON"),
        ('{"a": 1}', "a: accepted"),
        ('[{"old": "a"}]', "row 1"),
        ("[1]", "row 1"),
    ],
)
def test_a_table_that_cannot_be_read_names_the_line(text: str, says: str) -> None:
    with pytest.raises(RemapError, match=says):
        read_table(text)


# -- doing it -----------------------------------------------------------------------------------


def test_what_was_there_stays_beside_the_new_place(
    running: Bench, file: Path, tmp_path: Path
) -> None:
    place = bring(file, tmp_path / "elsewhere")
    assert place.farm() == running.farm
    running.advance(5 * HOUR)
    later = export(running, tmp_path / "later.zip")
    with open_bundle(later) as bundle:
        found = plan_import(bundle, look(place), {}, None)
        aside = install(place, bundle, found, at=MADE_AT, by="person")
    assert aside is not None
    assert {"farm.json", "journal.db", "recipes"} <= {p.name for p in aside.iterdir()}
    assert slices(place.journal) == slices(running.journal.path)
    assert slices(aside / "journal.db") != slices(place.journal)


def test_where_the_memory_came_from_is_told_in_the_journal(file: Path, tmp_path: Path) -> None:
    with open_bundle(file) as bundle:
        old = bundle.farm.bindings[0].entity
    place = bring(file, tmp_path / "elsewhere", {old: Renamed(new="sensor.new")})
    (event,) = opened(place.journal).events(kind="farm_imported")
    assert event["node"] == "farm"
    assert event["made_at"] == MADE_AT
    assert event["renamed"] == {old: "sensor.new"}
    assert event["by"] == "person"


def test_nothing_is_put_over_a_farm_that_runs(running: Bench, file: Path, tmp_path: Path) -> None:
    place = bring(file, tmp_path / "elsewhere")
    assert not is_running(place.journal)
    journal = opened(place.journal)
    before = slices(place.journal)
    assert is_running(place.journal)
    with open_bundle(file) as bundle:
        found = plan_import(bundle, look(place), {}, None)
        with pytest.raises(BundleError, match="stop it first"):
            install(place, bundle, found, at=MADE_AT, by="person")
    assert slices(place.journal) == before
    journal.close()
    bring(file, tmp_path / "elsewhere")


def test_a_place_whose_memory_is_lost_can_be_restored(file: Path, tmp_path: Path) -> None:
    place = bring(file, tmp_path / "elsewhere")
    for path in place.folder.glob("journal.db*"):
        path.write_bytes(b"\0garbage" * 500)
    assert look(place).lost
    bring(file, tmp_path / "elsewhere")
    assert not look(place).lost
    assert look(place).memory is not None


def test_a_refused_plan_changes_nothing(running: Bench, file: Path, tmp_path: Path) -> None:
    place = bring(file, tmp_path / "elsewhere")
    before = slices(place.journal)
    with open_bundle(file) as bundle:
        wrong = plan_import(bundle, look(place), {"typo": Renamed(new="x")}, None)
        with pytest.raises(BundleError, match="typo"):
            install(place, bundle, wrong, at=MADE_AT, by="person")
    assert slices(place.journal) == before
    assert [p.name for p in tmp_path.iterdir() if "elsewhere" in p.name] == ["elsewhere"]


def test_a_folder_with_other_things_is_left_alone(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "diary.txt").write_text("…", encoding="utf-8")
    with pytest.raises(BundleError, match=r"diary\.txt"):
        look(Place(folder))
    with pytest.raises(BundleError, match="no folder"):
        look(Place(folder / "diary.txt"))


def test_a_place_of_a_person_who_writes_yaml(running: Bench, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "yaml"
    folder.mkdir()
    (folder / "farm.yaml").write_text(
        "farm:\n  id: bench\n  name: Bench\n  time_zone: UTC\n", encoding="utf-8"
    )
    present = look(Place(folder))
    assert present.farm is not None
    assert present.farm.name == "Bench"
    (folder / "farm.yaml").write_text("- no farm\n", encoding="utf-8")
    with pytest.raises(BundleError, match=r"farm\.yaml"):
        look(Place(folder))


def test_the_unpacked_journal_is_what_was_told(file: Path) -> None:
    with open_bundle(file) as bundle:
        assert opened(bundle.journal).load() == bundle.memory
