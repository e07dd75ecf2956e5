"""What the tests of integrations share: files A and B of //depot in one workspace, streams with a workspace
each, and short ways to say what flowed."""

from filecase import FileCase
from server.store import Store


def lines(*numbers: int | str) -> str:
    return "".join(f"line {number}\n" for number in numbers)


class IntegCase(FileCase):
    """self.ws is a workspace of //depot; each test has a folder of its own in it, self.here."""

    count = 0

    @classmethod
    def prepare(cls) -> None:
        super().prepare()
        cls.ws = cls.workspace("all", view=["//depot/... //all/..."])

    def setUp(self) -> None:
        type(self).count += 1
        self.here = f"t{self.count:02d}"
        self.addCleanup(self.ws.run, "revert", "-w", "//...")

    def at(self, name: str, where: str = "depot") -> str:
        """A file of the test: its depot path, its name in the workspace ("ws") or its local path
        ("local")."""
        path = f"{self.here}/{name}"
        return {"depot": f"//depot/{path}", "ws": path, "local": self.ws.path(path)}[where]

    def add(self, *names: str, content: str | bytes = lines(1, 2, 3, 4, 5)) -> None:
        self.ws.add(*[self.at(name, "ws") for name in names], content=content)

    def change(self, name: str, content: str | bytes) -> int:
        return self.ws.change(self.at(name, "ws"), content)

    def delete(self, name: str) -> int:
        self.ws.good("delete", self.at(name))
        return self.ws.submit()

    def move(self, source: str, target: str) -> int:
        self.ws.good("edit", self.at(source))
        self.ws.good("move", self.at(source), self.at(target))
        return self.ws.submit()

    def integ(self, source: str, target: str, *options: str):
        return self.ws.plain("integrate", *options, self.at(source), self.at(target))

    def branch(self, source: str, target: str) -> int:
        self.integ(source, target)
        return self.ws.submit()

    def flows(self, name: str) -> list[str]:
        """How each revision of a file came to be, oldest first: `#2 integrate: copy from A#2`."""
        record = next(r for r in self.ws.good("filelog", self.at(name)).records
                      if r["depotFile"] == self.at(name))
        found = []
        for n in range(len([key for key in record if key.startswith("rev")])):
            parts = []
            for m in range(len([key for key in record if key.startswith(f"how{n},")])):
                file = record[f"file{n},{m}"].removeprefix(f"//depot/{self.here}/")
                start, end = record[f"srev{n},{m}"], record[f"erev{n},{m}"]
                first = 1 if start == "#none" else int(start[1:]) + 1
                span = end if f"#{first}" == end else f"#{first},{end}"
                parts.append(f"{record[f'how{n},{m}']} {file}{span}")
            found.append(f"#{record[f'rev{n}']} {record[f'action{n}']}" + (": " + "; ".join(parts) if parts
                                                                           else ""))
        return found[::-1]

    def opened(self) -> list[str]:
        """What is open: `B#1 integrate`."""
        return [f"{r['depotFile'].removeprefix(f'//depot/{self.here}/')}#{r['rev']} {r['action']}"
                for r in self.ws.run("opened").records]

    def texts(self, result) -> list[str]:
        """Messages with the test's folder left out."""
        return [message.text.replace(f"//depot/{self.here}/", "") for message in result.messages]

    def read(self, name: str) -> str:
        return self.ws.run("print", "-q", self.at(name)).text

    @classmethod
    def store(cls) -> Store:
        return Store(cls.server.root)
