CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
CREATE TABLE audit (
	seq BIGINT NOT NULL, 
	at DOUBLE PRECISION NOT NULL, 
	who TEXT NOT NULL, 
	what TEXT NOT NULL, 
	node TEXT NOT NULL, 
	target TEXT NOT NULL, 
	before TEXT, 
	after TEXT, 
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
	sown_at DOUBLE PRECISION NOT NULL, 
	ended_at DOUBLE PRECISION, 
	reason TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE conditions (
	batch TEXT NOT NULL, 
	quantity TEXT NOT NULL, 
	integral DOUBLE PRECISION NOT NULL, 
	covered_s DOUBLE PRECISION NOT NULL, 
	low DOUBLE PRECISION NOT NULL, 
	high DOUBLE PRECISION NOT NULL, 
	PRIMARY KEY (batch, quantity)
);
CREATE TABLE dead_letters (
	seq BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE TABLE deliveries (
	seq BIGINT NOT NULL, 
	what TEXT NOT NULL, 
	node TEXT NOT NULL, 
	point TEXT NOT NULL, 
	at DOUBLE PRECISION NOT NULL, 
	planned DOUBLE PRECISION, 
	delivered DOUBLE PRECISION NOT NULL, 
	unit TEXT NOT NULL, 
	ended TEXT NOT NULL, 
	metered BOOLEAN NOT NULL, 
	by TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE INDEX deliveries_node ON deliveries (node, at);
CREATE TABLE harvests (
	lot TEXT NOT NULL, 
	batch TEXT NOT NULL, 
	at DOUBLE PRECISION NOT NULL, 
	kg DOUBLE PRECISION, 
	waste_kg DOUBLE PRECISION, 
	grade TEXT NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (lot)
);
CREATE INDEX harvests_batch ON harvests (batch, at);
CREATE TABLE heads (
	one INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	hash BYTEA NOT NULL, 
	PRIMARY KEY (one)
);
CREATE TABLE hours (
	seq BIGINT NOT NULL, 
	quantity TEXT NOT NULL, 
	node TEXT NOT NULL, 
	since DOUBLE PRECISION NOT NULL, 
	at DOUBLE PRECISION NOT NULL, 
	mean DOUBLE PRECISION NOT NULL, 
	low DOUBLE PRECISION NOT NULL, 
	high DOUBLE PRECISION NOT NULL, 
	covered_s DOUBLE PRECISION NOT NULL, 
	PRIMARY KEY (seq, quantity)
);
CREATE INDEX hours_node ON hours (node, at);
CREATE TABLE incidents (
	seq BIGINT NOT NULL, 
	at DOUBLE PRECISION NOT NULL, 
	kind TEXT NOT NULL, 
	node TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE INDEX incidents_node ON incidents (node, at);
CREATE TABLE lineage (
	child TEXT NOT NULL, 
	parent TEXT NOT NULL, 
	at DOUBLE PRECISION NOT NULL, 
	plants INTEGER NOT NULL, 
	PRIMARY KEY (child, parent)
);
CREATE INDEX lineage_parent ON lineage (parent);
CREATE TABLE lot_loads (
	point TEXT NOT NULL, 
	at DOUBLE PRECISION NOT NULL, 
	lot TEXT NOT NULL, 
	PRIMARY KEY (point, at)
);
CREATE TABLE lot_uses (
	lot TEXT NOT NULL, 
	batch TEXT NOT NULL, 
	since DOUBLE PRECISION NOT NULL, 
	until DOUBLE PRECISION NOT NULL, 
	amount DOUBLE PRECISION NOT NULL, 
	unit TEXT NOT NULL, 
	PRIMARY KEY (lot, batch)
);
CREATE INDEX lot_uses_batch ON lot_uses (batch, lot);
CREATE TABLE lots (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	supplier TEXT NOT NULL, 
	at DOUBLE PRECISION NOT NULL, 
	amount DOUBLE PRECISION, 
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
	at DOUBLE PRECISION NOT NULL, 
	phase TEXT NOT NULL, 
	by TEXT NOT NULL, 
	PRIMARY KEY (batch, seq)
);
CREATE TABLE placements (
	batch TEXT NOT NULL, 
	level TEXT NOT NULL, 
	since DOUBLE PRECISION NOT NULL, 
	until DOUBLE PRECISION, 
	sites INTEGER NOT NULL, 
	area_m2 DOUBLE PRECISION NOT NULL, 
	PRIMARY KEY (batch, level, since)
);
CREATE TABLE projections (
	one INTEGER NOT NULL, 
	rules INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	PRIMARY KEY (one)
);
CREATE TABLE records (
	seq BIGINT NOT NULL, 
	source INTEGER NOT NULL, 
	origin BIGINT NOT NULL, 
	at DOUBLE PRECISION NOT NULL, 
	kind TEXT NOT NULL, 
	node TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	data TEXT NOT NULL, 
	hash BYTEA NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT records_once UNIQUE (source, origin)
);
CREATE INDEX records_kind ON records (kind, at);
CREATE INDEX records_node ON records (node, at);
CREATE TABLE sources (
	id INTEGER NOT NULL, 
	key VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (key)
);
CREATE TABLE stands (
	batch TEXT NOT NULL, 
	node TEXT NOT NULL, 
	since DOUBLE PRECISION NOT NULL, 
	until DOUBLE PRECISION, 
	PRIMARY KEY (batch, node, since)
);
CREATE INDEX stands_node ON stands (node, since);
CREATE TABLE uses (
	batch TEXT NOT NULL, 
	resource TEXT NOT NULL, 
	subsystem TEXT NOT NULL, 
	amount DOUBLE PRECISION NOT NULL, 
	metered DOUBLE PRECISION NOT NULL, 
	PRIMARY KEY (batch, resource, subsystem)
);
INSERT INTO alembic_version VALUES ('0002');
INSERT INTO audit VALUES (1, 1700000001.0, 'person:aca37edf2965466b929404cf790a1071', 'batch_started', 'level', 'b1', NULL, 'sha256:1', '', 'done');
INSERT INTO audit VALUES (4, 1700000004.0, 'recipe', 'phase_changed', 'level', 'b1', 'germination', 'vegetative', '', 'done');
INSERT INTO audit VALUES (5, 1700000005.0, 'person:aca37edf2965466b929404cf790a1071', 'batch_harvested', 'level', 'b1', NULL, '2.4', '', 'done');
INSERT INTO batches VALUES ('b1', 'Basil', 'basil', NULL, 'basil', 'sha256:1', 40, 'harvested', 1700000001.0, 1700000005.0, NULL);
INSERT INTO dead_letters VALUES (6, 'data is list, not an object');
INSERT INTO deliveries VALUES (2, 'shot', 'circuit', '', 1700000002.0, 20.0, 19.5, 'L', 'done', True, 'schedule');
INSERT INTO deliveries VALUES (3, 'dose', 'tank', 'tank.dosing_pump_a', 1700000003.0, 12.0, 12.0, 'mL', 'done', False, 'controller');
INSERT INTO harvests VALUES ('b1.5', 'b1', 1700000005.0, 2.4, NULL, '', '');
INSERT INTO heads VALUES (1, 6, '\x0599fcce5a435f107314f7b86dacfc8042f41d6220e08024baf25c9d4f838c1e'::bytea);
INSERT INTO lots VALUES ('b1.5', 'harvest', 'Basil', '', 1700000005.0, 2.4, 'kg');
INSERT INTO people VALUES ('person:aca37edf2965466b929404cf790a1071', 'user:anna');
INSERT INTO phases VALUES ('b1', 4, 1700000004.0, 'vegetative', 'recipe');
INSERT INTO placements VALUES ('b1', 'level', 1700000001.0, 1700000005.0, 0, 0.0);
INSERT INTO projections VALUES (1, 1, 6);
INSERT INTO records VALUES (1, 1, 1, 1700000001.0, 'batch_started', 'level', 'info', '{"batch":"b1","by":"person:aca37edf2965466b929404cf790a1071","crop":"basil","node":"level","plants":40,"recipe":"basil","severity":"info","title":"Basil","version":"sha256:1"}', '\x524f6280f4129ac95a3639f3244258d1065c3bb0f903921fade52135fb85b4da'::bytea);
INSERT INTO records VALUES (2, 1, 2, 1700000002.0, 'shot_ended', 'circuit', 'info', '{"by":"schedule","delivered_l":19.5,"delivered_s":300.0,"end":"done","metered":true,"node":"circuit","planned_l":20.0,"planned_s":300.0,"severity":"info","shot":"s1"}', '\x207fd70a97a22c710c7613ea81fa1e09481e2a8d584a3bd3d395c29d72474b1e'::bytea);
INSERT INTO records VALUES (3, 1, 3, 1700000003.0, 'dose_ended', 'tank', 'info', '{"by":"controller","delivered_ml":12.0,"dose":"d1","end":"done","node":"tank","planned_ml":12.0,"point":"tank.dosing_pump_a","severity":"info"}', '\x9172b7e22157eb8b6ff709b4545d85627f7e0d18ef554365a69b71ee5ee2038b'::bytea);
INSERT INTO records VALUES (4, 1, 4, 1700000004.0, 'phase_changed', 'level', 'info', '{"batch":"b1","by":"recipe","node":"level","phase":"vegetative","severity":"info","title":"Basil","was":"germination"}', '\x720dd559d4b46626e6492d101bd59219890dc8b5ee41e04bbd9d7e4fff2a179f'::bytea);
INSERT INTO records VALUES (5, 1, 5, 1700000005.0, 'batch_harvested', 'level', 'info', '{"batch":"b1","by":"person:aca37edf2965466b929404cf790a1071","kg":2.4,"node":"level","severity":"info","title":"Basil"}', '\x28121f861bad67abb1c91ba5ab1a9be2791d946e2ce01d40460c53d8d987ad40'::bytea);
INSERT INTO records VALUES (6, 1, 6, 1700000006.0, 'odd', '', '', '{"data":[1,2]}', '\x0599fcce5a435f107314f7b86dacfc8042f41d6220e08024baf25c9d4f838c1e'::bytea);
INSERT INTO sources VALUES (1, 'journal-one');
INSERT INTO stands VALUES ('b1', 'level', 1700000001.0, 1700000005.0);
INSERT INTO uses VALUES ('', 'nutrient_ml', '', 12.0, 0.0);
INSERT INTO uses VALUES ('', 'water_l', 'irrigation', 19.5, 19.5);
