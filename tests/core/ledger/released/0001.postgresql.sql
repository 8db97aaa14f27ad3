CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
CREATE TABLE dead_letters (
	seq BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE TABLE heads (
	one INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	hash BYTEA NOT NULL, 
	PRIMARY KEY (one)
);
CREATE TABLE people (
	token VARCHAR(64) NOT NULL, 
	person TEXT NOT NULL, 
	PRIMARY KEY (token), 
	UNIQUE (person)
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
INSERT INTO alembic_version VALUES ('0001');
INSERT INTO dead_letters VALUES (6, 'data is list, not an object');
INSERT INTO heads VALUES (1, 6, '\xb920b6d59b87122eb5cdb5199640cca69b769c3e55c13711d7fb32b5cd500a0a'::bytea);
INSERT INTO people VALUES ('person:c467145e98b7445b9da6b86874b98cb8', 'user:anna');
INSERT INTO records VALUES (1, 1, 1, 1700000001.0, 'batch_started', 'level', 'info', '{"batch":"b1","by":"person:c467145e98b7445b9da6b86874b98cb8","crop":"basil","node":"level","plants":40,"recipe":"basil","severity":"info","title":"Basil","version":"sha256:1"}', '\xe3f39bddb1df98a840f7470b029994bd73511c2fc946f72ceaff6896dae04edf'::bytea);
INSERT INTO records VALUES (2, 1, 2, 1700000002.0, 'shot_ended', 'circuit', 'info', '{"by":"schedule","delivered_l":19.5,"delivered_s":300.0,"end":"done","metered":true,"node":"circuit","planned_l":20.0,"planned_s":300.0,"severity":"info","shot":"s1"}', '\x19cfc4e66cbf481379d4ec3135fbf0b60ba3a74c98c41278a9595694135342d7'::bytea);
INSERT INTO records VALUES (3, 1, 3, 1700000003.0, 'dose_ended', 'tank', 'info', '{"by":"controller","delivered_ml":12.0,"dose":"d1","end":"done","node":"tank","planned_ml":12.0,"point":"tank.dosing_pump_a","severity":"info"}', '\xb81d00e1dd2a2dda8712ab0bc97f4c63f2f9159ea8519e100121010fbff60201'::bytea);
INSERT INTO records VALUES (4, 1, 4, 1700000004.0, 'phase_changed', 'level', 'info', '{"batch":"b1","by":"recipe","node":"level","phase":"vegetative","severity":"info","title":"Basil","was":"germination"}', '\xcc804e56773bde3931213457b4cc79cb1ac9bed86921de61d4fa2b148c3f548b'::bytea);
INSERT INTO records VALUES (5, 1, 5, 1700000005.0, 'batch_harvested', 'level', 'info', '{"batch":"b1","by":"person:c467145e98b7445b9da6b86874b98cb8","kg":2.4,"node":"level","severity":"info","title":"Basil"}', '\x098465d8af5dcb1d98e62b1555bb23b4eade018459bea45f601edfa12de221b2'::bytea);
INSERT INTO records VALUES (6, 1, 6, 1700000006.0, 'odd', '', '', '{"data":[1,2]}', '\xb920b6d59b87122eb5cdb5199640cca69b769c3e55c13711d7fb32b5cd500a0a'::bytea);
INSERT INTO sources VALUES (1, 'journal-one');
