"""The tables, as they are after the newest migration.

Instants are epoch seconds (UTC) of farm time. `records` is the chained history; everything else is
either about it or worked out from it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

#: A place in the chain. SQLite keeps a table in the order of an INTEGER key, and needs no index.
_PLACE = BigInteger().with_variant(Integer, "sqlite")

#: Journals that fed this ledger, each by the key it was given when it was made.
sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key", String(64), nullable=False, unique=True),
)

#: The history. `origin` is the id of the event in its journal: an event is recorded once.
records = Table(
    "records",
    metadata,
    Column("seq", _PLACE, primary_key=True, autoincrement=False),
    Column("source", Integer, nullable=False),
    Column("origin", BigInteger, nullable=False),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    UniqueConstraint("source", "origin", name="records_once"),
    Index("records_kind", "kind", "at"),
    Index("records_node", "node", "at"),
)

#: One row: the newest record. That a record is missing at the end shows by it.
heads = Table(
    "heads",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

#: Records that could not be understood: kept and chained like all others, but nothing was worked
#: out from them.
dead_letters = Table(
    "dead_letters",
    metadata,
    Column("seq", _PLACE, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
)

#: Who a person is, apart from the history, which knows only the token: forgetting a person leaves
#: the chain whole.
people = Table(
    "people",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("person", Text, nullable=False, unique=True),
)

# -- worked out from the records (`projection.py`): may be deleted and is then made again ---------

#: One row: by which rules, and up to which record, the tables below were worked out.
projections = Table(
    "projections",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("rules", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("crop", Text, nullable=False),
    Column("cultivar", Text),
    Column("recipe", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("plants", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("sown_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("reason", Text),
)

#: Where plants stood: sites and m² of a batch on a level, from when until when.
placements = Table(
    "placements",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("level", Text, primary_key=True),
    Column("since", Double, primary_key=True),
    Column("until", Double),
    Column("sites", Integer, nullable=False),
    Column("area_m2", Double, nullable=False),
)

#: Every node that a batch had to do with: its levels, and the racks, zones, circuits, pumps and
#: reservoirs that served them.
stands = Table(
    "stands",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("node", Text, primary_key=True),
    Column("since", Double, primary_key=True),
    Column("until", Double),
    Index("stands_node", "node", "since"),
)

phases = Table(
    "phases",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("phase", Text, nullable=False),
    Column("by", Text, nullable=False),
)

#: Parts of one batch that became another: splits, and merges.
lineage = Table(
    "lineage",
    metadata,
    Column("child", Text, primary_key=True),
    Column("parent", Text, primary_key=True),
    Column("at", Double, nullable=False),
    Column("plants", Integer, nullable=False),
    Index("lineage_parent", "parent"),
)

#: What came in (seed, nutrient, substrate …) and what went out (harvest).
lots = Table(
    "lots",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("supplier", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("amount", Double),
    Column("unit", Text, nullable=False),
)

#: What of a lot went into a batch, from when until when; 0 where nobody has said how much.
lot_uses = Table(
    "lot_uses",
    metadata,
    Column("lot", Text, primary_key=True),
    Column("batch", Text, primary_key=True),
    Column("since", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("amount", Double, nullable=False),
    Column("unit", Text, nullable=False),
    Index("lot_uses_batch", "batch", "lot"),
)

#: Which lot a dosing pump draws from, since when.
lot_loads = Table(
    "lot_loads",
    metadata,
    Column("point", Text, primary_key=True),
    Column("at", Double, primary_key=True),
    Column("lot", Text, nullable=False),
)

#: What was harvested, as a lot; `kg` is None when nobody weighed it.
harvests = Table(
    "harvests",
    metadata,
    Column("lot", Text, primary_key=True),
    Column("batch", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("kg", Double),
    Column("waste_kg", Double),
    Column("grade", Text, nullable=False),
    Column("note", Text, nullable=False),
    Index("harvests_batch", "batch", "at"),
)

#: What each batch was given by its share, in all; an empty batch: what no batch was there for.
#: `metered` is how much of the amount was measured. `resource` names the unit: energy_kwh,
#: light_mol, water_l, nutrient_ml, ph_ml, co2_s, labour_min.
uses = Table(
    "uses",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    Column("subsystem", Text, primary_key=True),
    Column("amount", Double, nullable=False),
    Column("metered", Double, nullable=False),
)

#: What a batch stood in, of all nodes that served it: the integral of a reading over the time that
#: is known, which makes its mean, and its extremes.
conditions = Table(
    "conditions",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("quantity", Text, primary_key=True),
    Column("integral", Double, nullable=False),
    Column("covered_s", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
)

#: Every shot, dose and fill: planned and delivered, in L or mL.
deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", _PLACE, primary_key=True, autoincrement=False),
    Column("what", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("point", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("planned", Double),
    Column("delivered", Double, nullable=False),
    Column("unit", Text, nullable=False),
    Column("ended", Text, nullable=False),
    Column("metered", Boolean, nullable=False),
    Column("by", Text, nullable=False),
    Index("deliveries_node", "node", "at"),
)

#: Readings of a node over an hour or a part of one: mean, extremes and the seconds that are known.
#: Light is the sum, mol/m².
hours = Table(
    "hours",
    metadata,
    Column("seq", _PLACE, primary_key=True, autoincrement=False),
    Column("quantity", Text, primary_key=True),
    Column("node", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("at", Double, nullable=False),
    Column("mean", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("covered_s", Double, nullable=False),
    Index("hours_node", "node", "at"),
)

#: Who did what to what, why, and what came of it. `who` is a token, an automation or a controller.
audit = Table(
    "audit",
    metadata,
    Column("seq", _PLACE, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("why", Text, nullable=False),
    Column("result", Text, nullable=False),
    Index("audit_at", "at"),
    Index("audit_who", "who", "at"),
)

#: What needed a response, P1 to P4.
incidents = Table(
    "incidents",
    metadata,
    Column("seq", _PLACE, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Index("incidents_node", "node", "at"),
)

#: Every table that is worked out.
DERIVED = (
    batches,
    placements,
    stands,
    phases,
    lineage,
    lots,
    lot_uses,
    lot_loads,
    harvests,
    uses,
    conditions,
    deliveries,
    hours,
    audit,
    incidents,
)
