"""Numbers that stand for words in journals, as the published database schema has them."""

ACTIONS = ("add", "edit", "delete", "branch", "integrate", "import", "purge", "move/delete", "move/add",
           "archive")
MAP_FLAGS = {0: "", 1: "-", 2: "+", 5: "&"}
HAVE_MAP, CHANGE_MAP = 3, 4
DEPOT_TYPES = ("local", "remote", "spec", "stream", "archive", "unload", "tangent", "graph", "extension",
               "trait")
STREAM_TYPES = ("mainline", "release", "development", "virtual", "task", "task", "sparserel", "sparsedev")
PATH_TYPES = {0: "share", 1: "isolate", 2: "import", 3: "exclude", 6: "import+", 7: "import&"}
REMAP_PATH, IGNORE_PATH = 4, 5
RESOLVE_TYPES = {16: "branch", 17: "branch", 18: "delete", 19: "delete", 20: "filetype", 21: "filetype",
                 22: "move", 23: "move"}

BRANCH, CLIENT, DEPOT, LABEL, STREAM = 98, 99, 100, 108, 115

# Switches of a domain, lowest bit first: (clear, set).
OPTIONS = {
    CLIENT: (("noallwrite", "allwrite"), ("noclobber", "clobber"), ("nocompress", "compress"),
             ("unlocked", "locked"), ("nomodtime", "modtime"), ("normdir", "rmdir")),
    STREAM: (("allsubmit", "ownersubmit"), ("unlocked", "locked"), ("notoparent", "toparent"),
             ("nofromparent", "fromparent"), ("mergedown", "mergeany")),
    LABEL: (("unlocked", "locked"), ("noautoreload", "autoreload")),
    BRANCH: (("unlocked", "locked"),),
}

# Permissions are sets of rights; a level is a level's right with all that it implies.
LEVELS = {0x01: "list", 0x03: "read", 0x0F: "open", 0x1F: "write", 0x23: "review", 0xBF: "admin",
          0xFF: "super"}
RIGHTS = {0x02: "=read", 0x04: "=branch", 0x08: "=open", 0x10: "=write", 0x20: "review", 0x100: "owner"}


def word(words: tuple, code: int, fallback: str) -> str:
    return words[code] if 0 <= code < len(words) else fallback


def options(domain: int, bits: int) -> str | None:
    """The Options field of a domain; None for one that has none."""
    switches = OPTIONS.get(domain)
    return switches and " ".join(pair[bits >> place & 1] for place, pair in enumerate(switches))


def permission(code: int) -> str:
    """A protection mode; an unknown set of rights becomes the highest level within it."""
    if code in LEVELS or code in RIGHTS:
        return LEVELS.get(code) or RIGHTS[code]
    within = [level for level in LEVELS if level & code == level]
    return LEVELS[max(within)] if within else "list"
