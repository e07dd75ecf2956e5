#!/usr/bin/python3
"""Replays captures of real servers: a server is given the state a capture shows, the capture's command is
run, and the
answer must have the capture's fields, order and formats.  The captures are not part of this repository: they
are
read from ../shared/reference/perforce beside it, and everything is skipped where that is absent.

Records of old or partial captures must be contained in ours (`part`); the others must be equal.
"""

import re
import unittest

import tap
from server.dates import parse_date
from server.messages import M
from server.specs import SPECS
from server.store import Store
from wireclient import HERE, Server

CAPTURES = HERE.parents[2] / "shared/reference/perforce/transcripts"
DATE = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d")


def body(name: str) -> str:
    """What the capture shows, without its head."""
    return (CAPTURES / f"{name}.txt").read_text("utf-8").partition("\n---\n")[2]


def records(name: str) -> list[dict[str, str]]:
    """Tagged records: a line that is not a field goes on with the value before; a first key again starts the
    next."""
    found: list[list[list[str]]] = [[]]
    for line in body(name).split("\n"):
        if line.startswith("... "):
            key, _, value = line[4:].partition(" ")
            if found[-1] and key == found[-1][0][0]:
                found.append([])
            found[-1].append([key, value])
        elif found[-1]:
            found[-1][-1][1] += "\n" + line
    text = [[(key, value.rstrip("\n") + ("\n" if "\n" in value and key in TEXTS else "")) for key,
             value in pairs]
            for pairs in found if pairs]
    return [dict(pairs) for pairs in text]


TEXTS = {"Description", "desc"}


def decoded(name: str) -> list[dict[str, str]]:
    """The dictionaries of a -G capture, without their code."""
    lines = body(name).partition("=== decoded")[2].splitlines()[1:]
    found = [eval(line, {"__builtins__": {}}) for line in lines if line.startswith("{")]
    return [{key: value for key, value in record.items() if key != "code"} for record in found]


@unittest.skipUnless(CAPTURES.is_dir(), f"no captures at {CAPTURES}")
class Replay(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)
        self.store = Store(self.server.root)
        self.addCleanup(self.store.close)

    def insert(self, table: str, **columns) -> None:
        with self.store.write():
            self.store.insert(table, **columns)

    def depot(self, name: str = "depot") -> None:
        self.insert("domain", type=100, name=name, kind="local", map=f"{name}/...", updateDate=0,
                    description="")

    def run_as(self, user: str, client: str, *args: str, tagged: bool = True, **options):
        return self.server.client(user=user, client=client, tagged=tagged, **options).run(*args)

    def ours(self, *args: str, user: str = "super", client: str = "ws", **options) -> list[dict]:
        result = self.run_as(user, client, *args, **options)
        self.assertEqual(result.errors, [])
        return result.records

    def part(self, expected: dict, record: dict) -> None:
        self.assertEqual({key: record.get(key) for key in expected}, expected)

    def same_but_dates(self, expected: dict, record: dict) -> None:
        """Equal, except that dates only have the same form."""
        def blur(fields: dict) -> dict:
            return {key: DATE.sub("DATE", value) for key, value in fields.items()}
        self.assertEqual(blur(record), blur(expected))

    # lists

    def test_depots(self):
        for name in ("depots--ztag--1", "depots--ztag--2"):
            (expected,) = records(name)
            self.insert("domain", type=100, name=expected["name"], updateDate=int(expected["time"]),
                        kind=expected["type"], map=expected["map"], description=expected["desc"],
                        streamDepth=expected.get("streamDepth"))
            self.assertIn(expected, self.ours("depots"))

    def test_users(self):
        (expected,) = records("users--ztag--1")
        self.insert("user", user=expected["User"], email=expected["Email"], fullName=expected["FullName"],
                    updateDate=int(expected["Update"]), accessDate=int(expected["Access"]))
        self.assertEqual([r for r in self.ours("users") if r["User"] == expected["User"]], [expected])

    def test_groups(self):
        (expected,) = records("groups--ztag--1")
        self.insert("group", name=expected["group"], description=expected["description"],
                    timeout=int(expected["timeout"]))
        self.insert("member", group=expected["group"], name=expected["user"], kind=0)
        self.assertEqual(self.ours("groups"), [expected])

    def test_clients(self):
        (expected,) = records("clients--ztag--1")
        self.insert("domain", type=99, name=expected["client"], owner=expected["Owner"],
                    host=expected["Host"], description=expected["Description"], root=expected["Root"],
                    options=expected["Options"], submitOptions=expected["SubmitOptions"],
                    lineEnd=expected["LineEnd"], updateDate=int(expected["Update"]),
                    accessDate=int(expected["Access"]))
        (record,) = self.ours("clients")
        self.part(expected, record)

    def test_labels(self):
        (expected,) = records("labels--ztag--1")
        self.insert("domain", type=108, name=expected["label"], owner=expected["Owner"],
                    options=expected["Options"], description=expected["Description"],
                    updateDate=int(expected["Update"]), accessDate=int(expected["Access"]))
        self.assertEqual(self.ours("labels"), [expected])

    def test_branches(self):
        lines = body("branches--plain--1").splitlines()
        for line in lines:
            _, name, date, text = line.split(" ", 3)
            self.insert("domain", type=98, name=name, owner="x", options="unlocked", accessDate=0,
                        updateDate=parse_date(date), description=text.strip("'").removesuffix(" ") + "\n")
        shown = self.run_as("super", "ws", "branches", tagged=False).lines
        self.assertEqual(sorted(shown), sorted(lines))

    def test_counters(self):
        for record in records("counters--ztag--1") + records("counter--ztag--1"):
            self.insert("counter", name=record["counter"], value=record["value"])
            self.assertEqual(self.ours("counters"), [record])
            self.assertEqual(self.ours("counter", record["counter"]), [record])

    def test_counters_plain(self):
        lines = body("counters--plain--1").splitlines()
        for line in lines:
            name, _, value = line.partition(" = ")
            self.insert("counter", name=name, value=value)
        self.assertEqual(self.run_as("super", "ws", "counters", tagged=False).lines, lines)

    def test_counter_s(self):
        value = re.match(r"info: (\d+)\n", body("counter--s--1"))[1]
        self.insert("counter", name="change", value=value)
        (message,) = self.run_as("super", "ws", "counter", "change", tagged=False).messages
        self.assertEqual((message.severity, message.generic, message.text), (1, 0, value))

    def test_protects(self):
        expected = decoded("protects--G--1")
        for seq, row in enumerate(expected):
            self.insert("protect", seq=seq, perm=row["perm"], isGroup=0, name=row["user"], host=row["host"],
                        flag="-" if "unmap" in row else "", depotFile=row["depotFile"])
        self.assertEqual([list(r.items()) for r in self.ours("protects")],
                         [list(r.items()) for r in expected])

    def test_streams(self):
        (expected,) = records("streams--ztag--1")
        depot = expected["Stream"].split("/")[2]
        self.insert("domain", type=100, name=depot, kind="stream", map=f"{depot}/...",
                    streamDepth=f"//{depot}/1")
        client = self.server.client(tagged=False)
        form = client.run("stream", "-t", expected["Type"], "-o", expected["Stream"]).text
        client.run("stream", "-i", stdin=form)
        client.run("stream", "-d", expected["Stream"])
        self.part(expected, self.ours("streams", "-a")[0])

    def test_view_match(self):
        (line,) = body("streams--plain--1").splitlines()
        name = line.split()[1]
        depot = name.split("/")[2] if name.count("/") > 2 else name[2:]
        self.insert("domain", type=100, name=depot, kind="stream", map=f"{depot}/...",
                    streamDepth=f"//{depot}/1")
        client = self.server.client(tagged=False)
        client.run("stream", "-i", stdin=client.run("stream", "-t", "mainline", "-o", name).text)
        self.assertEqual(client.run("streams", "--viewmatch", f"{name}/...").lines, [line])

    def test_monitor(self):
        """the line's layout: number, state, padded user, time, command"""
        for name in ("monitor--plain--1", "monitor--plain--2"):
            for line in body(name).splitlines():
                number, state, user, elapsed, command, *args = line.split(" ", 4)[:3] + line.split()[3:]
                shown = M.MonitorData(id=f"{int(number):5d}", runstate=state, user=f"{user:10}",
                                      elapsed=elapsed, function=command, args=" ".join(args)).render()
                self.assertEqual(shown.rstrip(), line)

    # forms

    def test_client_form(self):
        (expected,) = records("client--ztag--1")
        self.depot(expected["View0"].split("/")[2])
        self.assertEqual(self.ours("client", "-o", expected["Client"], user=expected["Owner"],
                                   client=expected["Client"], host=expected["Host"], cwd=expected["Root"]),
                         [expected])

    def test_depot_form(self):
        (expected,) = records("depot--ztag--2")
        record = self.ours("depot", "-o", expected["Depot"], user=expected["Owner"])[0]
        expected["StreamDepth"] = f"//{expected['Depot']}/1"
        self.same_but_dates(expected, record)

    def test_group_form(self):
        (expected,) = records("group--ztag--1")
        (record,) = self.ours("group", "-o", expected["Group"])
        self.assertEqual(list(record.items()), list(expected.items()))

    def test_user_form(self):
        (expected,) = records("user--ztag--1")
        host = expected["Email"].partition("@")[2]
        self.run_as(expected["User"], host, "users")
        (record,) = self.ours("user", "-o", user=expected["User"], client=host)
        self.same_but_dates(expected, record)
        self.assertEqual(list(record), list(expected))

    def test_branch_form(self):
        (expected,) = records("branch--ztag--1")
        self.depot()
        record = self.ours("branch", "-o", expected["Branch"], user=expected["Owner"])[0]
        self.assertEqual([key for key in record], list(expected))
        self.part({key: expected[key] for key in expected if key != "View0"}, record)

    def test_change_forms(self):
        for expected in records("change--ztag--1") + decoded("change--G--1"):
            (record,) = self.ours("change", "-o", user=expected["User"], client=expected["Client"])
            record.pop("specFormatted", None)
            expected.pop("specFormatted", None)
            self.assertEqual(list(record.items()), list(expected.items()))

    def test_change_with_files(self):
        (expected,) = records("change--ztag--2")
        number = int(expected["Change"])
        self.insert("change", change=number, client=expected["Client"], user=expected["User"], status=0,
                    shelved=0, date=parse_date(expected["Date"]), type=expected["Type"],
                    description=expected["Description"])
        self.insert("fix", job=expected["Jobs0"], change=number)
        for key in ("Files0", "Files1"):
            self.insert("working", client=expected["Client"], depotFile=expected[key], change=number,
                        action="edit")
        (record,) = self.ours("change", "-o", str(number), user=expected["User"], client=expected["Client"])
        self.assertEqual(list(record.items()), list(expected.items()))

    def test_plain_form(self):
        """an old server's stream client: every field it has, in its order, with its values"""
        text = body("client--plain--2")
        expected = SPECS["client"].parse(text)
        stream = expected["Stream"]
        depot = stream.split("/")[2]
        self.insert("domain", type=100, name=depot, kind="stream", map=f"{depot}/...",
                    streamDepth=f"//{depot}/1")
        client = self.server.client(user=expected["Owner"], tagged=False, host=expected["Host"])
        client.run("stream", "-i", stdin=client.run("stream", "-t", "mainline", "-o", stream).text)
        self.assertEqual(client.run("client", "-i", stdin=text).infos,
                         [f"Client {expected['Client']} saved."])
        shown = client.run("client", "-o", expected["Client"]).text
        values = SPECS["client"].parse(shown)
        for key in expected:
            if key not in ("Update", "Access"):
                self.assertEqual(values[key], expected[key], key)
        def fields(form: str) -> list[str]:
            return [f for f in re.findall(r"^([A-Z]\w+):", form, re.M) if f in expected]
        self.assertEqual(fields(shown), fields(text))

    # info and login

    def test_info_lines(self):
        """the labels, and their order, of a plain server"""
        def labels(lines: list[str]) -> list[str]:
            return [line.partition(":")[0] for line in lines]
        self.depot()
        with self.store.write():
            self.store.insert("config", name="serverid", value="master.1")
        client = self.server.client(tagged=False)
        client.run("client", "-i", stdin=client.run("client", "-o").text)
        self.assertEqual(labels(client.run("info").lines), labels(body("info--plain--2").splitlines()))

    def test_info_record(self):
        (expected,) = records("info--ztag--1")
        (record,) = self.ours("info")
        self.assertEqual(set(expected) - set(record), set())
        self.assertRegex(record["serverDate"], r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d [-+]\d{4} \w+$")
        self.assertRegex(record["serverUptime"], r"^\d\d:\d\d:\d\d$")
        self.assertRegex(record["serverVersion"], r"^P4D/\w+/\d+\.\d/\d+ \(\d{4}/\d\d/\d\d\)$")

    def test_login(self):
        (expected,) = records("login--ztag--1")
        client = self.server.client(user=expected["User"])
        client.run("passwd", "-P", "secret")
        client.answers = ["secret"]
        self.assertEqual(client.run("login").records, [expected])
        prompt, line = body("login--plain--1").splitlines()
        client.tagged, client.answers = False, ["secret"]
        shown = client.run("login").lines
        self.assertEqual((client.prompts[-1].strip(), shown[0]),
                         (prompt, line.replace(line.split()[1], expected["User"])))

    def test_login_status(self):
        text = body("login--ztag--3")
        user = re.match(r"\.\.\. User (\S+)", text)[1]
        self.assertEqual(self.ours("login", "-s", user=user), [{"User": user}])

    def test_no_ticket(self):
        line = body("login--ztag-Mj--1")
        client = self.server.client()
        client.run("passwd", "-P", "secret")
        (message,) = client.run("streams").messages
        shown = f'"data":"{message.text}\\n","generic":{message.generic},"severity":{message.severity}'
        self.assertIn(shown, line)

    def test_expired(self):
        client = self.server.client()
        client.run("passwd", "-P", "secret")
        client.answers = ["secret"]
        client.run("login")
        self.server.control("expire", "all")
        (message,) = client.run("streams").messages
        self.assertEqual(message.text, body("login--plain--3").strip())

    def test_bad_form(self):
        (message,) = self.run_as("super", "ws", "change", "-i").messages
        line = body("change--ztag-Mj--1").splitlines()[0]
        self.assertIn(message.text.replace("\n", "\\n"), line)
        self.assertIn(f'"generic":{message.generic}', line)


if __name__ == "__main__":
    tap.main()
