"""What is worked out from the records: batches, what they were given, lots, hours, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_PLACE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables; they are filled when the ledger is opened."""
    op.create_table(
        "projections",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rules", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("crop", sa.Text, nullable=False),
        sa.Column("cultivar", sa.Text),
        sa.Column("recipe", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("plants", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("sown_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("reason", sa.Text),
    )
    op.create_table(
        "placements",
        sa.Column("batch", sa.Text, primary_key=True),
        sa.Column("level", sa.Text, primary_key=True),
        sa.Column("since", sa.Double, primary_key=True),
        sa.Column("until", sa.Double),
        sa.Column("sites", sa.Integer, nullable=False),
        sa.Column("area_m2", sa.Double, nullable=False),
    )
    op.create_table(
        "stands",
        sa.Column("batch", sa.Text, primary_key=True),
        sa.Column("node", sa.Text, primary_key=True),
        sa.Column("since", sa.Double, primary_key=True),
        sa.Column("until", sa.Double),
    )
    op.create_index("stands_node", "stands", ["node", "since"])
    op.create_table(
        "phases",
        sa.Column("batch", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
    )
    op.create_table(
        "lineage",
        sa.Column("child", sa.Text, primary_key=True),
        sa.Column("parent", sa.Text, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("plants", sa.Integer, nullable=False),
    )
    op.create_index("lineage_parent", "lineage", ["parent"])
    op.create_table(
        "lots",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("supplier", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("amount", sa.Double),
        sa.Column("unit", sa.Text, nullable=False),
    )
    op.create_table(
        "lot_uses",
        sa.Column("lot", sa.Text, primary_key=True),
        sa.Column("batch", sa.Text, primary_key=True),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("amount", sa.Double, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
    )
    op.create_index("lot_uses_batch", "lot_uses", ["batch", "lot"])
    op.create_table(
        "lot_loads",
        sa.Column("point", sa.Text, primary_key=True),
        sa.Column("at", sa.Double, primary_key=True),
        sa.Column("lot", sa.Text, nullable=False),
    )
    op.create_table(
        "harvests",
        sa.Column("lot", sa.Text, primary_key=True),
        sa.Column("batch", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("kg", sa.Double),
        sa.Column("waste_kg", sa.Double),
        sa.Column("grade", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("harvests_batch", "harvests", ["batch", "at"])
    op.create_table(
        "uses",
        sa.Column("batch", sa.Text, primary_key=True),
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("subsystem", sa.Text, primary_key=True),
        sa.Column("amount", sa.Double, nullable=False),
        sa.Column("metered", sa.Double, nullable=False),
    )
    op.create_table(
        "conditions",
        sa.Column("batch", sa.Text, primary_key=True),
        sa.Column("quantity", sa.Text, primary_key=True),
        sa.Column("integral", sa.Double, nullable=False),
        sa.Column("covered_s", sa.Double, nullable=False),
        sa.Column("low", sa.Double, nullable=False),
        sa.Column("high", sa.Double, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("seq", _PLACE, primary_key=True, autoincrement=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("point", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("planned", sa.Double),
        sa.Column("delivered", sa.Double, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("ended", sa.Text, nullable=False),
        sa.Column("metered", sa.Boolean, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
    )
    op.create_index("deliveries_node", "deliveries", ["node", "at"])
    op.create_table(
        "hours",
        sa.Column("seq", _PLACE, primary_key=True, autoincrement=False),
        sa.Column("quantity", sa.Text, primary_key=True),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("mean", sa.Double, nullable=False),
        sa.Column("low", sa.Double, nullable=False),
        sa.Column("high", sa.Double, nullable=False),
        sa.Column("covered_s", sa.Double, nullable=False),
    )
    op.create_index("hours_node", "hours", ["node", "at"])
    op.create_table(
        "audit",
        sa.Column("seq", _PLACE, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
    )
    op.create_index("audit_at", "audit", ["at"])
    op.create_index("audit_who", "audit", ["who", "at"])
    op.create_table(
        "incidents",
        sa.Column("seq", _PLACE, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
    )
    op.create_index("incidents_node", "incidents", ["node", "at"])
