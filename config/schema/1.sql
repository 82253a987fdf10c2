-- bardo's record. One file, several processes; every write is BEGIN IMMEDIATE.
-- Times are milliseconds since the epoch, UTC; 0 where something has not happened.

-- Facts about the server: 'id' marks our containers on an Engine that several share.
CREATE TABLE IF NOT EXISTS server (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS user (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	admin INTEGER NOT NULL DEFAULT 0,
	created_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS ssh_key (
	fingerprint TEXT PRIMARY KEY, -- SHA256:…
	user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	type TEXT NOT NULL, -- ssh-ed25519 …
	comment TEXT NOT NULL,
	created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ssh_key_user ON ssh_key (user_id);

-- The row of a destroyed app stays, for its lives. An app that is made under its name later
-- is another row, and shares nothing with it.
CREATE TABLE IF NOT EXISTS app (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	created_at INTEGER NOT NULL,
	destroyed_at INTEGER NOT NULL DEFAULT 0,
	provisional INTEGER NOT NULL DEFAULT 0, -- made by a push that hasn't succeeded yet
	deploy_branch TEXT NOT NULL DEFAULT '', -- '': the first of main, master that is pushed
	last_life INTEGER NOT NULL DEFAULT 0, -- the highest number given out
	live INTEGER NOT NULL DEFAULT 0, -- the life that serves; 0 none
	slot INTEGER UNIQUE, -- the proxy's backend; NULL none
	port INTEGER UNIQUE, -- of proxy.ports; NULL none
	subnet INTEGER UNIQUE -- which /27 of network.pool; NULL none
);

-- What a build made. tag is bardo/APP:…; a tag never moves, and several tags may name one image.
CREATE TABLE IF NOT EXISTS image (
	app_id INTEGER NOT NULL REFERENCES app (id),
	tag TEXT NOT NULL, -- bardo/APP:12 hex of the commit, -2 … for a rebuild
	image_id TEXT NOT NULL, -- sha256:…
	commit_id TEXT NOT NULL,
	tree TEXT NOT NULL,
	build_settings TEXT NOT NULL, -- what else decides what a build makes
	created_at INTEGER NOT NULL,
	PRIMARY KEY (app_id, tag)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS image_tree ON image (app_id, tree, build_settings);

CREATE TABLE IF NOT EXISTS life (
	app_id INTEGER NOT NULL REFERENCES app (id),
	number INTEGER NOT NULL,
	state TEXT NOT NULL,
	commit_id TEXT NOT NULL DEFAULT '',
	version TEXT NOT NULL DEFAULT '',
	tag TEXT NOT NULL DEFAULT '',
	image_id TEXT NOT NULL DEFAULT '',
	config TEXT NOT NULL DEFAULT '', -- frozen, JSON (builder/plan.h)
	user TEXT NOT NULL,
	key TEXT NOT NULL, -- fingerprint, '' on the host
	source TEXT NOT NULL, -- push, revive, rebuild
	ref TEXT NOT NULL DEFAULT '', -- the branch that it moves; '' none
	url TEXT NOT NULL DEFAULT '',
	reason TEXT NOT NULL DEFAULT '', -- why it failed
	created_at INTEGER NOT NULL,
	live_at INTEGER NOT NULL DEFAULT 0,
	ended_at INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (app_id, number)
) WITHOUT ROWID;
-- The lives that somebody still has to do something about.
CREATE INDEX IF NOT EXISTS life_unfinished ON life (app_id, number)
	WHERE state NOT IN ('live', 'retired', 'failed');

CREATE INDEX IF NOT EXISTS life_tag ON life (app_id, tag);

CREATE TABLE IF NOT EXISTS phase (
	app_id INTEGER NOT NULL,
	life INTEGER NOT NULL,
	position INTEGER NOT NULL,
	name TEXT NOT NULL,
	ms INTEGER NOT NULL,
	PRIMARY KEY (app_id, life, position)
) WITHOUT ROWID;

-- Containers that a life has or is about to have: a row is written before the Engine is
-- asked and removed after the container and its server are gone, so that an address is
-- given to one container at a time.
CREATE TABLE IF NOT EXISTS container (
	app_id INTEGER NOT NULL REFERENCES app (id),
	life INTEGER NOT NULL,
	process TEXT NOT NULL,
	position INTEGER NOT NULL, -- 1, 2, 3 … within the process
	host INTEGER NOT NULL, -- last part of the address in the app's /27
	PRIMARY KEY (app_id, life, process, position),
	UNIQUE (app_id, host)
) WITHOUT ROWID;
