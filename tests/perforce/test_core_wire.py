#!/usr/bin/python3
"""Frames, messages and options: the parts of the server that need no server."""

import ast
import re
import socket
import struct
import unittest
from pathlib import Path

import server
import tap
from server.messages import M, Message, render
from server.options import Spec, UsageError
from server.wire import MAX_FRAME, Channel, Closed, Frame, WireError, pack, unpack


class Frames(unittest.TestCase):
    def pair(self) -> tuple[socket.socket, Channel]:
        one, other = socket.socketpair()
        self.addCleanup(one.close)
        channel = Channel(other)
        self.addCleanup(channel.close)
        return one, channel

    def test_round_trip(self):
        """order, numbers, flags, left out values, NUL and bytes that are not UTF-8 survive a frame"""
        pairs = [("func", "record"), ("z", 5), ("a", True), ("gone", None), ("raw", b"\0\xff"),
                 ("text", "ü\udc80")]
        frame = Frame(unpack(pack(pairs)[4:]))
        self.assertEqual([k for k, _ in frame.pairs], ["func", "z", "a", "raw", "text"])
        self.assertEqual((frame.get("z"), frame.get("a"), frame.raw("raw")), ("5", "", b"\0\xff"))
        self.assertEqual(frame.raw("text"), b"\xc3\xbc\x80")
        self.assertEqual(frame.get("text"), "ü\udc80")

    def test_broken_payloads(self):
        """a payload whose strings do not fit is an error, never a wrong frame"""
        good = pack([("func", "x"), ("key", "value")])[4:]
        for size in range(1, len(good)):
            try:
                pairs = unpack(good[:size])
            except WireError:
                continue
            self.assertEqual(pairs, [("func", b"x")])
        with self.assertRaises(WireError):
            unpack(struct.pack("<I", 0xFFFFFFFF) + b"abc")

    def test_too_large(self):
        """a frame above the limit is neither sent nor read"""
        with self.assertRaises(WireError):
            pack([("func", b"x" * MAX_FRAME)])
        peer, channel = self.pair()
        peer.sendall(struct.pack("<I", MAX_FRAME + 1))
        with self.assertRaises(WireError):
            channel.read()

    def test_end_of_stream(self):
        """an end between frames and one inside a frame are both noticed"""
        peer, channel = self.pair()
        peer.sendall(pack([("func", "x")]) + b"\x10\0\0\0abc")
        self.assertEqual(channel.read().func, "x")
        peer.close()
        with self.assertRaises(Closed):
            channel.read()

    def test_budget(self):
        """a channel with a budget sends exactly so many bytes and is cut"""
        peer, channel = self.pair()
        channel.budget = 10
        channel.write("text", [("data", "x" * 100)])
        with self.assertRaises(Closed):
            channel.flush()
        received = b""
        while part := peer.recv(100):
            received += part
        self.assertEqual(len(received), 10)


class Messages(unittest.TestCase):
    def test_templates(self):
        """arguments, literals, percent signs, alternatives and nothing"""
        cases = [
            ("%a% and %b%", {"a": 1, "b": "x"}, "1 and x"),
            ("%'literal %a%'% 100%%%!%", {}, "literal %a% 100%"),
            ("[%argc% - no|No] such.", {"argc": "//a"}, "//a - no such."),
            ("[%argc% - no|No] such.", {}, "No such."),
            ("x[ with %n%].", {"n": 3}, "x with 3."),
            ("x[ with %n%].", {"n": None}, "x."),
            ("%path% ok", {"path": b"\xff"}, "\udcff ok"),
        ]
        for template, args, text in cases:
            with self.subTest(template=template, args=args):
                self.assertEqual(render(template, args), text)

    def test_codes(self):
        """severity, generic and text of some known messages"""
        cases = [(M.ExFILE, 2, 17, "No such file(s)."),
                 (M.BadPassword, 3, 36, "Perforce password (P4PASSWD) invalid or unset."),
                 (M.LoginExpired, 3, 4, "Your session has expired, please login again."),
                 (M.MaxScanRows, 3, 35, "Too many rows scanned (over 7); see 'p4 help maxscanrows'."),
                 (M.OpenIsOpened, 1, 1, " - also opened by @"),
                 (M.BadCommand, 3, 1, "Unknown command.  Try 'p4 help' for info.")]
        for message, severity, generic, text in cases:
            with self.subTest(message=message.name):
                self.assertEqual((message.severity, message.generic), (severity, generic))
                self.assertEqual(message(maxScanRows=7).render(), text)

    def test_table(self):
        """every message of the table has a sane code and a template that renders"""
        messages = [m for m in vars(M).values() if isinstance(m, Message)]
        self.assertGreater(len(messages), 100)
        for message in messages:
            self.assertIn(message.severity, range(5), message.name)
            self.assertIsInstance(message.render({}), str)


    def test_references(self):
        """every message the server's code names is in the table, with the arguments its template has"""
        used = 0
        for path in sorted(Path(server.__file__).parent.glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) == "M":
                    self.assertTrue(hasattr(M, node.attr), f"{path.name}:{node.lineno}: M.{node.attr}")
                    used += 1
        self.assertGreater(used, 100)

    def test_arguments(self):
        """no message is given an argument that its template does not have"""
        for path in sorted(Path(server.__file__).parent.glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and (found := message_of(node)) is not None:
                    names = set(re.findall(r"%(\w+)%", found.fmt))
                    given = {word.arg for word in node.keywords if word.arg is not None}
                    self.assertLessEqual(given, names, f"{path.name}:{node.lineno}: M.{found.name}")


def message_of(call: ast.Call) -> Message | None:
    """The message of a call M.X(...), or of ctx.fail(M.X, ...) and its like."""
    for node in (call.func, *call.args[:1]):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "M":
            return getattr(M, node.attr, None)
    return None


class OptionParsing(unittest.TestCase):
    spec = Spec("a s m# c: O. --stream: --long", M.UseSizes, 0, 2)

    def test_forms(self):
        """bundles, attached and separate values, long names, repeats"""
        opts = self.spec.parse(["-as", "-m5", "-c", "12", "-Olp", "--stream=//x/y", "--long", "a", "-b"])
        self.assertTrue({"a", "s", "--long"} <= opts.values.keys())
        self.assertEqual((opts.number("m"), opts["c"], opts["O"], opts["--stream"]),
                         (5, "12", "lp", "//x/y"))
        self.assertEqual(opts.args, ["a", "-b"])
        self.assertEqual(self.spec.parse(["--max", "3", "--change=4"]).values, {"m": ["3"], "c": ["4"]})
        self.assertEqual(self.spec.parse(["-", "x"]).args, ["-", "x"])

    def test_errors(self):
        """the product's complaint, below the usage line"""
        cases = [(["-x"], "Invalid option: -x."), (["--nope"], "Invalid option: --nope."),
                 (["-m"], "Option: -m needs argument."),
                 (["-mx"], "Option: -m needs a non-negative integer argument."),
                 (["-m", "-1"], "Option: -m needs a non-negative integer argument."),
                 (["a", "b", "c"], "Unexpected arguments.")]
        for argv, text in cases:
            with self.subTest(argv=argv), self.assertRaises(UsageError) as caught:
                self.spec.parse(argv)
            self.assertEqual([m.render() for m in caught.exception.messages][0], text)
            self.assertTrue(caught.exception.messages[1].render().startswith("Usage: sizes"))

    def test_too_few(self):
        with self.assertRaises(UsageError) as caught:
            Spec("", M.UseWhere, 1, 1).parse([])
        self.assertEqual(caught.exception.messages[0].render(), "Missing/wrong number of arguments.")


if __name__ == "__main__":
    tap.main()
