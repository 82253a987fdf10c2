-- What owners set, who may do what, and what happened.

-- Rights beside server admins'. may_create: may make apps of their own.
ALTER TABLE user ADD COLUMN may_create INTEGER NOT NULL DEFAULT 0;
-- A key for CI: it pushes and nothing else.
ALTER TABLE ssh_key ADD COLUMN deploy_only INTEGER NOT NULL DEFAULT 0;

CREATE TABLE role (
	app_id INTEGER NOT NULL REFERENCES app (id) ON DELETE CASCADE,
	user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	role TEXT NOT NULL, -- owner, deploy, read
	PRIMARY KEY (app_id, user_id)
) WITHOUT ROWID;
CREATE INDEX role_user ON role (user_id);

ALTER TABLE app ADD COLUMN locked_at INTEGER NOT NULL DEFAULT 0; -- apps:lock: nothing deploys
ALTER TABLE app ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0; -- ps:stop: the live life rests
ALTER TABLE app ADD COLUMN stable INTEGER NOT NULL DEFAULT 0; -- the life marked as safe; 0 none
ALTER TABLE app ADD COLUMN locked_by TEXT NOT NULL DEFAULT ''; -- the user who locked it

-- Apps without the proxy: the /27 in which a life is proved, NULL none, and where HAProxy
-- has all of proxy.ports, a port of proxy.published.
ALTER TABLE app ADD COLUMN inside INTEGER;
ALTER TABLE app ADD COLUMN published INTEGER;
CREATE UNIQUE INDEX app_inside ON app (inside);
CREATE UNIQUE INDEX app_published ON app (published);

-- What its repository, logs, lock, network and volumes are called: the name that it was
-- made with, for ever, so that a new name moves nothing. Where that was taken, with .2 …
ALTER TABLE app ADD COLUMN handle TEXT NOT NULL DEFAULT '';
UPDATE app SET handle = name;
CREATE UNIQUE INDEX app_handle ON app (handle);
-- Who made it: a user's id, 0 the host's shell, -1 a user that was removed.
ALTER TABLE app ADD COLUMN made_by INTEGER NOT NULL DEFAULT -1;

-- The container's name on the Engine: one that runs keeps it when its app is renamed.
ALTER TABLE container ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE container SET name = 'bardo.' || (SELECT name FROM app WHERE id = app_id) || '.' ||
	process || '.' || life || '.' || position;
CREATE UNIQUE INDEX container_name ON container (name);
-- It is being stopped, to be made again: one that still runs then counts as gone.
ALTER TABLE container ADD COLUMN leaving INTEGER NOT NULL DEFAULT 0;

-- A tag is one app's alone, whatever the apps are called by now.
CREATE UNIQUE INDEX image_tag ON image (tag);
DROP INDEX life_tag;
CREATE INDEX life_tag ON life (tag, app_id);

-- In the tables below app_id 0 is every app: what is set with --global.

-- Environment variables (config:set).
CREATE TABLE variable (
	app_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (app_id, name)
) WITHOUT ROWID;

-- What FAMILY:set sets: apps, builder, builder-dockerfile, git, logs, network, ps …
CREATE TABLE property (
	app_id INTEGER NOT NULL,
	family TEXT NOT NULL,
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (app_id, family, name)
) WITHOUT ROWID;

-- How many containers a process type has; without a row: web 1, others 0.
CREATE TABLE scale (
	app_id INTEGER NOT NULL,
	process TEXT NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (app_id, process)
) WITHOUT ROWID;

-- Lists of things that an owner adds and removes, in the order of adding. What text means
-- is the kind's own: 'mount' "SOURCE:PATH[:OPTIONS]",
-- 'option' "--shm-size 64m" (docker-options), 'network' a shared network's name.
-- part narrows it: a mount's phases, an option's phase; process: '' every one.
CREATE TABLE listed (
	id INTEGER PRIMARY KEY,
	app_id INTEGER NOT NULL,
	kind TEXT NOT NULL,
	part TEXT NOT NULL DEFAULT '',
	process TEXT NOT NULL DEFAULT '',
	text TEXT NOT NULL,
	UNIQUE (app_id, kind, part, process, text)
);

-- What a process type may use and is kept for it; process '' is every one without its own.
CREATE TABLE resource (
	app_id INTEGER NOT NULL,
	process TEXT NOT NULL,
	kind TEXT NOT NULL, -- limit, reserve
	name TEXT NOT NULL, -- cpu, memory, memory-swap, …
	value TEXT NOT NULL,
	PRIMARY KEY (app_id, process, kind, name)
) WITHOUT ROWID;

-- The address of who asked for it; '' on the host.
ALTER TABLE life ADD COLUMN peer TEXT NOT NULL DEFAULT '';

-- What happened, newest last; of each kind events.keep rows stay.
CREATE TABLE event (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at INTEGER NOT NULL,
	kind TEXT NOT NULL, -- command, deploy, login, refusal, stranger
	user TEXT NOT NULL, -- '' a stranger
	key TEXT NOT NULL, -- fingerprint, '' on the host
	peer TEXT NOT NULL, -- the client's address, '' on the host
	app_id INTEGER NOT NULL, -- 0 none, or none that there is
	app TEXT NOT NULL, -- its name by then, '' none
	what TEXT NOT NULL, -- the verb, without values: "config:set KEY", "lives:revive 3"
	status INTEGER NOT NULL, -- exit status
	text TEXT NOT NULL -- one line: why it failed, or what came of it
);
CREATE INDEX event_kind ON event (kind, id);

-- Commands that change something and haven't ended yet; an id is never used again. Each
-- holds the byte of its id in locks/commands as long as it lives.
CREATE TABLE underway (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at INTEGER NOT NULL,
	user TEXT NOT NULL,
	key TEXT NOT NULL,
	peer TEXT NOT NULL,
	app_id INTEGER NOT NULL,
	app TEXT NOT NULL,
	what TEXT NOT NULL
);
CREATE INDEX event_app ON event (app_id, id);
-- Which app answers for a name; '*.example.org' is every name of one more label. Names of
-- app 0 are the server's: each app without names of its own has APP.NAME.
CREATE TABLE domain (
	name TEXT PRIMARY KEY,
	app_id INTEGER NOT NULL,
	position INTEGER NOT NULL -- the app's first is in its URL
) WITHOUT ROWID;
CREATE INDEX domain_app ON domain (app_id);

-- Which port of proxy.ports leads to which port of the app's web containers, in the order
-- of adding. An app without rows has its own port (app.port), led to where web listens.
CREATE TABLE port (
	id INTEGER PRIMARY KEY,
	app_id INTEGER NOT NULL,
	scheme TEXT NOT NULL, -- http
	host_port INTEGER NOT NULL UNIQUE,
	container_port INTEGER NOT NULL -- 0: where web listens
);
CREATE INDEX port_app ON port (app_id, id);

-- The host's ports that lives without the proxy have, or may have again when they are fallen
-- back to: those of the live ones and of those that are unfinished, whatever is set by now.
CREATE VIEW held_port (app_id, port) AS
SELECT l.app_id, json_extract(p.value, '$.host')
FROM (
	SELECT app_id, config FROM life WHERE state NOT IN ('live', 'retired', 'failed')
	UNION ALL
	SELECT app_id, config FROM app JOIN life ON app_id = id AND number = live
) l, json_each(CASE WHEN json_valid(l.config) THEN l.config ELSE '{}' END, '$.publish') p;

-- The proxy's backend for each container port that an app maps beside web's own.
CREATE TABLE backend (
	app_id INTEGER NOT NULL,
	container_port INTEGER NOT NULL,
	slot INTEGER NOT NULL UNIQUE,
	PRIMARY KEY (app_id, container_port)
) WITHOUT ROWID;

-- Networks that apps share, a /27 of network.pool each. user_id: who made it, as app.made_by;
-- user is that one's name.
CREATE TABLE shared_network (
	name TEXT PRIMARY KEY,
	subnet INTEGER NOT NULL UNIQUE,
	user TEXT NOT NULL,
	user_id INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	internal INTEGER NOT NULL -- it has no way out of the host
) WITHOUT ROWID;
