"""A test case with a server, a stream depot and workspaces with real files, shared by test_files_*.py."""

import os
import shutil
import tempfile

from servercase import ServerCase
from wireclient import Client, Result

MAINLINE = "allsubmit unlocked notoparent nofromparent"


class FileCase(ServerCase):
    """self.ws is the workspace `ws` of //demo/main; more are made with workspace()."""

    @classmethod
    def prepare(cls) -> None:
        cls.room = tempfile.mkdtemp(prefix="files-")
        cls.addClassCleanup(shutil.rmtree, cls.room, True)
        cls.good("depot", "-i",
                 stdin="Depot: demo\nOwner: super\nType: stream\nStreamDepth: //demo/1\nMap: demo/...\n")
        cls.good("depot", "-i", stdin="Depot: depot\nOwner: super\nType: local\nMap: depot/...\n")
        cls.stream("main", "mainline", "none", ["share ..."])
        cls.ws = cls.workspace("ws", "//demo/main")

    @classmethod
    def stream(cls, name: str, kind: str, parent: str, paths: list[str], extra: str = "",
               force: bool = False) -> Result:
        loose = kind in ("mainline", "virtual")
        options = MAINLINE if loose else "allsubmit unlocked toparent fromparent"
        lines = "".join(f"\t{path}\n" for path in paths)
        return cls.good("stream", *(["-f"] if force else []), "-i",
                        stdin=f"Stream: //demo/{name}\nOwner: super\nName: {name}\n"
                        f"Parent: {parent}\nType: {kind}\nOptions: {options}"
                        f" mergedown\nPaths:\n{lines}{extra}")

    @classmethod
    def workspace(cls, name: str, stream: str | None = None, view: list[str] = (), user: str = "super",
                  options: str = "noallwrite noclobber nocompress unlocked nomodtime normdir",
                  extra: str = "",
                  tagged: bool = True) -> "Workspace":
        root = f"{cls.room}/{name}"
        os.makedirs(root, exist_ok=True)
        place = f"Stream: {stream}\n" if stream else "View:\n" + "".join(f"\t{line}\n" for line in view)
        made = Workspace(cls.server.client(user=user, client=name, cwd=root, tagged=tagged), root)
        made.good("client", "-i",
                  stdin=f"Client: {name}\nOwner: {user}\nRoot: {root}\nOptions: {options}\n{extra}{place}")
        return made

    def assertMessages(self, result: Result, *texts: str) -> None:
        self.assertEqual([message.text for message in result.messages], list(texts))


class Workspace:
    """A client with its folder: runs commands and makes files."""

    def __init__(self, client: Client, root: str):
        self.client, self.root, self.name = client, root, client.client

    def run(self, *args: str, stdin: str | None = None) -> Result:
        return self.client.run(*args, stdin=stdin)

    def plain(self, *args: str, stdin: str | None = None) -> Result:
        tagged, self.client.tagged = self.client.tagged, False
        try:
            return self.client.run(*args, stdin=stdin)
        finally:
            self.client.tagged = tagged

    def good(self, *args: str, stdin: str | None = None) -> Result:
        """A command that must not fail."""
        result = self.run(*args, stdin=stdin)
        if result.errors or not result.released:
            raise AssertionError(f"{args}: {result.messages}")
        return result

    def path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def write(self, name: str, content: str | bytes = "text\n") -> str:
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.chmod(path, 0o644)
        with open(path, "wb") as out:
            out.write(content.encode() if isinstance(content, str) else content)
        return path

    def read(self, name: str) -> bytes:
        with open(self.path(name), "rb") as file:
            return file.read()

    def exists(self, name: str) -> bool:
        return os.path.lexists(self.path(name))

    def add(self, *names: str, content: str | bytes = "text\n", submit: bool = True) -> None:
        """Adds files of some content, and submits them."""
        for name in names:
            self.write(name, content)
        self.good("add", *[self.path(name) for name in names])
        if submit:
            self.good("submit", "-d", f"add {' '.join(names)}")

    def change(self, name: str, content: str | bytes) -> int:
        """Edits and submits one file; the change."""
        self.good("edit", self.path(name))
        self.write(name, content)
        return self.submit(f"change {name}")

    def submit(self, description: str = "work") -> int:
        result = self.good("submit", "-d", description)
        return int(result.records[-1]["submittedChange"])

    def files(self, *args: str) -> list[str]:
        """depotFile#rev action of `files`."""
        return [f"{r['depotFile']}#{r['rev']} {r['action']}" for r in self.run("files", *args).records]
