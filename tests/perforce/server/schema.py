"""Tables of the server.  Columns follow the product's journal: names are in the product's words, revisions
are numbers, dates are epoch seconds, text is BLOB (see the package), start revisions of integrations are
exclusive (0: none).

`head` repeats the highest revision of every file and is kept by triggers, whoever writes `rev`; it is what
makes sizes, files and dirs of a large stream cheap.
"""

VERSION = 2

SCHEMA = """
CREATE TABLE config (name BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE counter (name BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE "key" (name BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;
-- scope: 0 everyone, 1 user, 2 group
CREATE TABLE property (name BLOB, seq INTEGER, scope INTEGER, who BLOB, value BLOB, date INTEGER, user BLOB,
    PRIMARY KEY (name, seq, scope, who)) WITHOUT ROWID;

CREATE TABLE user (user BLOB PRIMARY KEY, type INTEGER NOT NULL DEFAULT 0, email BLOB, jobView BLOB,
    updateDate INTEGER, accessDate INTEGER, fullName BLOB, password BLOB, passDate INTEGER NOT NULL DEFAULT
    0,
    reset INTEGER NOT NULL DEFAULT 0, strong INTEGER NOT NULL DEFAULT 1, authMethod BLOB) WITHOUT ROWID;
CREATE TABLE review (user BLOB, seq INTEGER, depotFile BLOB, PRIMARY KEY (user, seq)) WITHOUT ROWID;
-- host '' means every host; state 0 good, 1 expired on request, 2 logged out
CREATE TABLE ticket (user BLOB, hash BLOB, host BLOB, issued INTEGER, expires INTEGER,
    state INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (user, hash)) WITHOUT ROWID;
-- limits and timeouts: NULL unset, -1 unlimited
CREATE TABLE "group" (name BLOB PRIMARY KEY, description BLOB, maxResults INTEGER, maxScanRows INTEGER,
    maxLockTime INTEGER, maxOpenFiles INTEGER, maxMemory INTEGER, timeout INTEGER, idleTimeout INTEGER,
    passTimeout INTEGER, ldapConfig BLOB, ldapQuery BLOB, ldapUserAttr BLOB, ldapDnAttr BLOB) WITHOUT ROWID;
-- kind: 0 user, 1 subgroup, 2 owner
CREATE TABLE member ("group" BLOB, name BLOB, kind INTEGER, PRIMARY KEY ("group", kind, name)) WITHOUT ROWID;
CREATE INDEX member_name ON member (name, kind);
-- perm as written ('write', '=read', ...); flag '' or '-'
CREATE TABLE protect (seq INTEGER PRIMARY KEY, perm BLOB, isGroup INTEGER, name BLOB, host BLOB, flag BLOB,
    depotFile BLOB, comment BLOB);

-- type: 98 branch 'b', 99 client 'c', 100 depot 'd', 108 label 'l', 115 stream 's'
-- kind: the client's Type (writeable, readonly, ...) or the depot's Type (local, stream, ...)
CREATE TABLE domain (type INTEGER, name BLOB, owner BLOB, updateDate INTEGER, accessDate INTEGER,
    description BLOB, options BLOB, host BLOB, root BLOB, altRoot1 BLOB, altRoot2 BLOB, submitOptions BLOB,
    lineEnd BLOB, stream BLOB, streamAtChange BLOB, serverId BLOB, kind BLOB, backup BLOB, address BLOB,
    suffix BLOB, map BLOB, streamDepth BLOB, revision BLOB, PRIMARY KEY (type, name)) WITHOUT ROWID;
CREATE INDEX domain_stream ON domain (stream) WHERE stream IS NOT NULL;
-- kind: 0 View, 1 ChangeView, 2 SpecMap; flag '', '-', '+', '&'; left is the depot (or source) side.
-- A stream client has its generated lines here as well, renewed whenever they are asked for.
CREATE TABLE view (type INTEGER, name BLOB, kind INTEGER, seq INTEGER, flag BLOB, "left" BLOB, "right" BLOB,
    comment BLOB, PRIMARY KEY (type, name, kind, seq)) WITHOUT ROWID;
-- parent is 'none' for a mainline; change is the one of the current template; owner, dates, description and
-- options are in the stream's domain row
CREATE TABLE stream (stream BLOB PRIMARY KEY, parent BLOB, type BLOB, title BLOB, change INTEGER,
    parentView BLOB, baseParent BLOB, copyChange INTEGER, mergeChange INTEGER, highChange INTEGER,
    hash INTEGER, status INTEGER) WITHOUT ROWID;
-- the last `streams` record of a deleted stream, as JSON, for streams -a
CREATE TABLE deletedStream (stream BLOB PRIMARY KEY, record BLOB) WITHOUT ROWID;
CREATE INDEX stream_parent ON stream (parent);
-- kind: 0 Paths, 1 Remapped, 2 Ignored, 3 Components; type: share isolate import import+ import& exclude;
-- "left" the view path (Ignored: the pattern), "right" the depot path with its @change or the remap target
CREATE TABLE template (name BLOB, change INTEGER, kind INTEGER, seq INTEGER, type BLOB, "left" BLOB,
    "right" BLOB, comment BLOB, PRIMARY KEY (name, change, kind, seq)) WITHOUT ROWID;
-- a label's files
CREATE TABLE label (name BLOB, depotFile BLOB, rev INTEGER, PRIMARY KEY (name, depotFile)) WITHOUT ROWID;

-- status: 0 pending, 1 submitted; shelved: 1 while files of it are shelved; type: public, restricted
CREATE TABLE change (change INTEGER PRIMARY KEY, client BLOB, user BLOB, date INTEGER, status INTEGER,
    shelved INTEGER NOT NULL DEFAULT 0, type BLOB, path BLOB, oldChange INTEGER, description BLOB,
    importer BLOB, identity BLOB, stream BLOB, updateDate INTEGER, accessDate INTEGER);
CREATE INDEX change_user ON change (user, change);
CREATE INDEX change_client ON change (client, change);
CREATE INDEX change_old ON change (oldChange) WHERE oldChange IS NOT NULL;
CREATE TABLE job (job BLOB PRIMARY KEY, form BLOB) WITHOUT ROWID;
CREATE TABLE fix (job BLOB, change INTEGER, date INTEGER, status BLOB, client BLOB, user BLOB,
    PRIMARY KEY (job, change)) WITHOUT ROWID;
CREATE INDEX fix_change ON fix (change);

-- action: add edit delete branch integrate import purge move/delete move/add archive; size NULL if unknown
CREATE TABLE rev (depotFile BLOB, rev INTEGER, type BLOB, action BLOB, change INTEGER, date INTEGER,
    modTime INTEGER, digest BLOB, size INTEGER, lazy INTEGER NOT NULL DEFAULT 0, lbrFile BLOB, lbrRev BLOB,
    lbrType BLOB, PRIMARY KEY (depotFile, rev)) WITHOUT ROWID;
CREATE INDEX rev_change ON rev (change);
-- live: 0 if the head's action means "not there" (delete, move/delete, purge, archive)
CREATE TABLE head (depotFile BLOB PRIMARY KEY, rev INTEGER, change INTEGER, size INTEGER, live INTEGER,
    lazy INTEGER, type BLOB, action BLOB, date INTEGER) WITHOUT ROWID;
CREATE TABLE have (client BLOB, depotFile BLOB, clientFile BLOB, rev INTEGER, type BLOB, time INTEGER,
    PRIMARY KEY (client, depotFile)) WITHOUT ROWID;
CREATE TABLE working (client BLOB, depotFile BLOB, clientFile BLOB, user BLOB, haveRev INTEGER,
    workRev INTEGER, virtual INTEGER NOT NULL DEFAULT 0, type BLOB, action BLOB, change INTEGER,
    modTime INTEGER, locked INTEGER NOT NULL DEFAULT 0, digest BLOB, size INTEGER, tampered INTEGER,
    clientType BLOB, movedFile BLOB, status INTEGER, PRIMARY KEY (client, depotFile)) WITHOUT ROWID;
CREATE INDEX working_file ON working (depotFile);
CREATE INDEX working_change ON working (change);
-- how: the product's number (semantics: 0 merge from .. 15 moved into); one row per direction
CREATE TABLE integed (toFile BLOB, fromFile BLOB, startFromRev INTEGER, endFromRev INTEGER,
    startToRev INTEGER, endToRev INTEGER, how INTEGER, change INTEGER,
    PRIMARY KEY (toFile, fromFile, startFromRev, endFromRev, startToRev, endToRev, how)) WITHOUT ROWID;
CREATE INDEX integed_from ON integed (fromFile);
CREATE INDEX integed_change ON integed (change);
-- resolves of opened files (shelf 0) and of shelved ones (shelf: the change); state: 0 pending, 1 resolved
CREATE TABLE resolve (client BLOB, shelf INTEGER NOT NULL DEFAULT 0, toFile BLOB, fromFile BLOB,
    startFromRev INTEGER, endFromRev INTEGER, startToRev INTEGER, endToRev INTEGER, how INTEGER,
    state INTEGER, baseFile BLOB, baseRev INTEGER, type BLOB, change INTEGER,
    PRIMARY KEY (client, shelf, toFile, fromFile, startFromRev, type)) WITHOUT ROWID;
-- shelved revisions (revsh) and their open state (workingx)
CREATE TABLE shelf (change INTEGER, depotFile BLOB, rev INTEGER, type BLOB, action BLOB, date INTEGER,
    modTime INTEGER, digest BLOB, size INTEGER, lazy INTEGER NOT NULL DEFAULT 0, lbrFile BLOB, lbrRev BLOB,
    lbrType BLOB, PRIMARY KEY (change, depotFile)) WITHOUT ROWID;
CREATE INDEX shelf_file ON shelf (depotFile);
CREATE TABLE workingx (change INTEGER, depotFile BLOB, client BLOB, clientFile BLOB, user BLOB,
    haveRev INTEGER, workRev INTEGER, virtual INTEGER NOT NULL DEFAULT 0, type BLOB, action BLOB,
    modTime INTEGER, locked INTEGER NOT NULL DEFAULT 0, digest BLOB, size INTEGER, movedFile BLOB,
    PRIMARY KEY (change, depotFile)) WITHOUT ROWID;

"""

ABSENT = ("delete", "move/delete", "purge", "archive")

_ABSENT_SQL = ", ".join(f"x'{name.encode().hex()}'" for name in ABSENT)

_HEAD = f"""INSERT OR REPLACE INTO head SELECT depotFile, rev, change, size, action NOT IN ({_ABSENT_SQL}),
lazy, type,
        action, date FROM rev WHERE depotFile = %s.depotFile ORDER BY rev DESC LIMIT 1;"""

TRIGGERS = f"""
CREATE TRIGGER rev_insert AFTER INSERT ON rev BEGIN {_HEAD % "NEW"} END;
CREATE TRIGGER rev_update AFTER UPDATE ON rev BEGIN
    DELETE FROM head WHERE depotFile = OLD.depotFile; {_HEAD % "OLD"} {_HEAD % "NEW"} END;
CREATE TRIGGER rev_delete AFTER DELETE ON rev BEGIN
    DELETE FROM head WHERE depotFile = OLD.depotFile; {_HEAD % "OLD"} END;
"""

# For bulk loading: drop the triggers, fill rev, then run FILL_HEADS and TRIGGERS again.
DROP_TRIGGERS = "DROP TRIGGER rev_insert; DROP TRIGGER rev_update; DROP TRIGGER rev_delete;"
FILL_HEADS = f"""DELETE FROM head;
INSERT INTO head SELECT depotFile, MAX(rev), change, size, action NOT IN ({_ABSENT_SQL}), lazy, type, action,
date
    FROM rev GROUP BY depotFile;
"""

SCHEMA += TRIGGERS
