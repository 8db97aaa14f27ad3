CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
CREATE TABLE dead_letters (
	seq INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE TABLE heads (
	one INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (one)
);
CREATE TABLE people (
	token VARCHAR(64) NOT NULL, 
	person TEXT NOT NULL, 
	PRIMARY KEY (token), 
	UNIQUE (person)
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
INSERT INTO alembic_version VALUES ('0001');
INSERT INTO dead_letters VALUES (6, 'data is list, not an object');
INSERT INTO heads VALUES (1, 6, X'38e3e26144ffa8bb9c2ec0f22cc9b04160fdb3000e02cb54737895c70493072f');
INSERT INTO people VALUES ('person:be7e5e3cb7154b45a7c75e820fc57f61', 'user:anna');
INSERT INTO records VALUES (1, 1, 1, 1700000001.0, 'batch_started', 'level', 'info', '{"batch":"b1","by":"person:be7e5e3cb7154b45a7c75e820fc57f61","crop":"basil","node":"level","plants":40,"recipe":"basil","severity":"info","title":"Basil","version":"sha256:1"}', X'ce6b73eaba4ac5d5cb48d14df82d920d08e8fde67711ae3990a6a4f5f071a186');
INSERT INTO records VALUES (2, 1, 2, 1700000002.0, 'shot_ended', 'circuit', 'info', '{"by":"schedule","delivered_l":19.5,"delivered_s":300.0,"end":"done","metered":true,"node":"circuit","planned_l":20.0,"planned_s":300.0,"severity":"info","shot":"s1"}', X'2a4a33aadc17d3ed5036171f354bf6575259efd64abe8410e28f9da4add7e2c8');
INSERT INTO records VALUES (3, 1, 3, 1700000003.0, 'dose_ended', 'tank', 'info', '{"by":"controller","delivered_ml":12.0,"dose":"d1","end":"done","node":"tank","planned_ml":12.0,"point":"tank.dosing_pump_a","severity":"info"}', X'e5c51e296b18a823022c8354d78fedbe609b5daab5c815a0911da633a5363fe5');
INSERT INTO records VALUES (4, 1, 4, 1700000004.0, 'phase_changed', 'level', 'info', '{"batch":"b1","by":"recipe","node":"level","phase":"vegetative","severity":"info","title":"Basil","was":"germination"}', X'0d0b5f2103e901d83c99a613060974a23b339cacdf6654889b2d65fd0954be68');
INSERT INTO records VALUES (5, 1, 5, 1700000005.0, 'batch_harvested', 'level', 'info', '{"batch":"b1","by":"person:be7e5e3cb7154b45a7c75e820fc57f61","kg":2.4,"node":"level","severity":"info","title":"Basil"}', X'9307fe836023bca69864008bee3c8f19ac7f64a3d975df25245c93b2232caba1');
INSERT INTO records VALUES (6, 1, 6, 1700000006.0, 'odd', '', '', '{"data":[1,2]}', X'38e3e26144ffa8bb9c2ec0f22cc9b04160fdb3000e02cb54737895c70493072f');
INSERT INTO sources VALUES (1, 'journal-one');
