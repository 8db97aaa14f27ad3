CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
CREATE TABLE audit (
	seq INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	who TEXT NOT NULL, 
	what TEXT NOT NULL, 
	node TEXT NOT NULL, 
	target TEXT NOT NULL, 
	"before" TEXT, 
	"after" TEXT, 
	why TEXT NOT NULL, 
	result TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_who ON audit (who, at);
CREATE TABLE batches (
	id TEXT NOT NULL, 
	title TEXT NOT NULL, 
	crop TEXT NOT NULL, 
	cultivar TEXT, 
	recipe TEXT NOT NULL, 
	version TEXT NOT NULL, 
	plants INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	sown_at DOUBLE NOT NULL, 
	ended_at DOUBLE, 
	reason TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE conditions (
	batch TEXT NOT NULL, 
	quantity TEXT NOT NULL, 
	integral DOUBLE NOT NULL, 
	covered_s DOUBLE NOT NULL, 
	low DOUBLE NOT NULL, 
	high DOUBLE NOT NULL, 
	PRIMARY KEY (batch, quantity)
);
CREATE TABLE dead_letters (
	seq INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE TABLE deliveries (
	seq INTEGER NOT NULL, 
	what TEXT NOT NULL, 
	node TEXT NOT NULL, 
	point TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	planned DOUBLE, 
	delivered DOUBLE NOT NULL, 
	unit TEXT NOT NULL, 
	ended TEXT NOT NULL, 
	metered BOOLEAN NOT NULL, 
	"by" TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE INDEX deliveries_node ON deliveries (node, at);
CREATE TABLE harvests (
	lot TEXT NOT NULL, 
	batch TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	kg DOUBLE, 
	waste_kg DOUBLE, 
	grade TEXT NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (lot)
);
CREATE INDEX harvests_batch ON harvests (batch, at);
CREATE TABLE heads (
	one INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (one)
);
CREATE TABLE hours (
	seq INTEGER NOT NULL, 
	quantity TEXT NOT NULL, 
	node TEXT NOT NULL, 
	since DOUBLE NOT NULL, 
	at DOUBLE NOT NULL, 
	mean DOUBLE NOT NULL, 
	low DOUBLE NOT NULL, 
	high DOUBLE NOT NULL, 
	covered_s DOUBLE NOT NULL, 
	PRIMARY KEY (seq, quantity)
);
CREATE INDEX hours_node ON hours (node, at);
CREATE TABLE incidents (
	seq INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	kind TEXT NOT NULL, 
	node TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE INDEX incidents_node ON incidents (node, at);
CREATE TABLE lineage (
	child TEXT NOT NULL, 
	parent TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	plants INTEGER NOT NULL, 
	PRIMARY KEY (child, parent)
);
CREATE INDEX lineage_parent ON lineage (parent);
CREATE TABLE lot_loads (
	point TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	lot TEXT NOT NULL, 
	PRIMARY KEY (point, at)
);
CREATE TABLE lot_uses (
	lot TEXT NOT NULL, 
	batch TEXT NOT NULL, 
	since DOUBLE NOT NULL, 
	until DOUBLE NOT NULL, 
	amount DOUBLE NOT NULL, 
	unit TEXT NOT NULL, 
	PRIMARY KEY (lot, batch)
);
CREATE INDEX lot_uses_batch ON lot_uses (batch, lot);
CREATE TABLE lots (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	supplier TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	amount DOUBLE, 
	unit TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE people (
	token VARCHAR(64) NOT NULL, 
	person TEXT NOT NULL, 
	PRIMARY KEY (token), 
	UNIQUE (person)
);
CREATE TABLE phases (
	batch TEXT NOT NULL, 
	seq BIGINT NOT NULL, 
	at DOUBLE NOT NULL, 
	phase TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	PRIMARY KEY (batch, seq)
);
CREATE TABLE placements (
	batch TEXT NOT NULL, 
	level TEXT NOT NULL, 
	since DOUBLE NOT NULL, 
	until DOUBLE, 
	sites INTEGER NOT NULL, 
	area_m2 DOUBLE NOT NULL, 
	PRIMARY KEY (batch, level, since)
);
CREATE TABLE projections (
	one INTEGER NOT NULL, 
	rules INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	PRIMARY KEY (one)
);
CREATE TABLE records (
	seq INTEGER NOT NULL, 
	source INTEGER NOT NULL, 
	origin BIGINT NOT NULL, 
	at DOUBLE NOT NULL, 
	kind TEXT NOT NULL, 
	node TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	data TEXT NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT records_once UNIQUE (source, origin)
);
CREATE INDEX records_kind ON records (kind, at);
CREATE INDEX records_node ON records (node, at);
CREATE TABLE sources (
	id INTEGER NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE ("key")
);
CREATE TABLE stands (
	batch TEXT NOT NULL, 
	node TEXT NOT NULL, 
	since DOUBLE NOT NULL, 
	until DOUBLE, 
	PRIMARY KEY (batch, node, since)
);
CREATE INDEX stands_node ON stands (node, since);
CREATE TABLE uses (
	batch TEXT NOT NULL, 
	resource TEXT NOT NULL, 
	subsystem TEXT NOT NULL, 
	amount DOUBLE NOT NULL, 
	metered DOUBLE NOT NULL, 
	PRIMARY KEY (batch, resource, subsystem)
);
INSERT INTO alembic_version VALUES ('0002');
INSERT INTO audit VALUES (1, 1700000001.0, 'person:c76834f014bc4a01a5370f5300d85124', 'batch_started', 'level', 'b1', NULL, 'sha256:1', '', 'done');
INSERT INTO audit VALUES (4, 1700000004.0, 'recipe', 'phase_changed', 'level', 'b1', 'germination', 'vegetative', '', 'done');
INSERT INTO audit VALUES (5, 1700000005.0, 'person:c76834f014bc4a01a5370f5300d85124', 'batch_harvested', 'level', 'b1', NULL, '2.4', '', 'done');
INSERT INTO batches VALUES ('b1', 'Basil', 'basil', NULL, 'basil', 'sha256:1', 40, 'harvested', 1700000001.0, 1700000005.0, NULL);
INSERT INTO dead_letters VALUES (6, 'data is list, not an object');
INSERT INTO deliveries VALUES (2, 'shot', 'circuit', '', 1700000002.0, 20.0, 19.5, 'L', 'done', True, 'schedule');
INSERT INTO deliveries VALUES (3, 'dose', 'tank', 'tank.dosing_pump_a', 1700000003.0, 12.0, 12.0, 'mL', 'done', False, 'controller');
INSERT INTO harvests VALUES ('b1.5', 'b1', 1700000005.0, 2.4, NULL, '', '');
INSERT INTO heads VALUES (1, 6, X'3718174782c379509f9862708c43877ad008c13073d443fcfb8f0a4d3f6bc0f4');
INSERT INTO lots VALUES ('b1.5', 'harvest', 'Basil', '', 1700000005.0, 2.4, 'kg');
INSERT INTO people VALUES ('person:c76834f014bc4a01a5370f5300d85124', 'user:anna');
INSERT INTO phases VALUES ('b1', 4, 1700000004.0, 'vegetative', 'recipe');
INSERT INTO placements VALUES ('b1', 'level', 1700000001.0, 1700000005.0, 0, 0.0);
INSERT INTO projections VALUES (1, 1, 6);
INSERT INTO records VALUES (1, 1, 1, 1700000001.0, 'batch_started', 'level', 'info', '{"batch":"b1","by":"person:c76834f014bc4a01a5370f5300d85124","crop":"basil","node":"level","plants":40,"recipe":"basil","severity":"info","title":"Basil","version":"sha256:1"}', X'055c84e7f2aefcfdf7c4afd14a422f583be49af3d0c92842fce9cbc0220874ea');
INSERT INTO records VALUES (2, 1, 2, 1700000002.0, 'shot_ended', 'circuit', 'info', '{"by":"schedule","delivered_l":19.5,"delivered_s":300.0,"end":"done","metered":true,"node":"circuit","planned_l":20.0,"planned_s":300.0,"severity":"info","shot":"s1"}', X'2899ace196f3feda90698fa8f364b04554971900862ad4190f2dc4965e7cc77d');
INSERT INTO records VALUES (3, 1, 3, 1700000003.0, 'dose_ended', 'tank', 'info', '{"by":"controller","delivered_ml":12.0,"dose":"d1","end":"done","node":"tank","planned_ml":12.0,"point":"tank.dosing_pump_a","severity":"info"}', X'62737c893a311c6dbb584bf4c14217937ca44602d41df95b2cd3cacd753c1eb4');
INSERT INTO records VALUES (4, 1, 4, 1700000004.0, 'phase_changed', 'level', 'info', '{"batch":"b1","by":"recipe","node":"level","phase":"vegetative","severity":"info","title":"Basil","was":"germination"}', X'7a5477fda01a01ff6bb6486b6b487c370702efd99d5a09e06703cd04c3058c1c');
INSERT INTO records VALUES (5, 1, 5, 1700000005.0, 'batch_harvested', 'level', 'info', '{"batch":"b1","by":"person:c76834f014bc4a01a5370f5300d85124","kg":2.4,"node":"level","severity":"info","title":"Basil"}', X'dabef6f219bd06a0eab48adbb3eba53724aa75399312fd2c092925bb6fbd3493');
INSERT INTO records VALUES (6, 1, 6, 1700000006.0, 'odd', '', '', '{"data":[1,2]}', X'3718174782c379509f9862708c43877ad008c13073d443fcfb8f0a4d3f6bc0f4');
INSERT INTO sources VALUES (1, 'journal-one');
INSERT INTO stands VALUES ('b1', 'level', 1700000001.0, 1700000005.0);
INSERT INTO uses VALUES ('', 'nutrient_ml', '', 12.0, 0.0);
INSERT INTO uses VALUES ('', 'water_l', 'irrigation', 19.5, 19.5);
