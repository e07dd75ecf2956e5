#!/usr/bin/python3
"""Forms: text to values and back, tagged fields, refusals with their lines."""

import unittest

import tap
from server.command import CommandError
from server.specs import SPECS, SpecError, join_words, split_words

CLIENT = """# A comment
# and another

Client:\tbench

Owner:\tann

Description:
\tFirst line.

\t# not a comment in a text
\t\tindented

Root:\t/home/ann/my bench

Options:\tallwrite noclobber

View:
\t//shop/main/... //bench/...   # gone
\t"-//shop/a b/..." "//bench/a b/..."
# between
\t//shop/x //bench/x ## kept
"""


class Text(unittest.TestCase):
    def test_parse(self):
        self.assertEqual(SPECS["client"].parse(CLIENT), {
            "Client": "bench", "Owner": "ann", "Root": "/home/ann/my bench", "Options": "allwrite noclobber",
            "Description": "First line.\n\n# not a comment in a text\n\tindented\n",
            "View": ["//shop/main/... //bench/...", '"-//shop/a b/..." "//bench/a b/..."',
                     "//shop/x //bench/x ## kept"]})

    def test_format_is_parsed_back(self):
        spec = SPECS["client"]
        values = spec.parse(CLIENT)
        self.assertEqual(spec.parse(spec.format(values)), values)
        self.assertTrue(spec.format(values).startswith("# A Perforce Client Specification.\n#\n"))

    def test_format(self):
        """fields in the form's order, comments of entries, empty lists only where the product shows them"""
        text = SPECS["change"].format({"Files": [("//shop/a", "edit"), "//shop/b"], "Change": "12",
                                       "Jobs": [],
                                       "Description": "one\ntwo\n"}, header=False)
        self.assertEqual(text,
                         "Change:\t12\n\nDescription:\n\tone\n\ttwo\n\n"
                         "Files:\n\t//shop/a\t# edit\n\t//shop/b\n")
        self.assertEqual(SPECS["group"].format({"Group": "g"}, header=False),
                         "Group:\tg\n\nSubgroups:\n\nOwners:\n\nUsers:\n")

    def test_spellings(self):
        """values beside the name, CRLF, blanks for tabs, blocks that end with blank lines"""
        spec = SPECS["client"]
        text = "Client: a\r\nRoot:  /r \r\nDescription: short\r\nView: //d/... //a/...\r\n"
        self.assertEqual(spec.parse(text),
                         {"Client": "a", "Root": "/r", "Description": "short\n",
                          "View": ["//d/... //a/..."]})
        self.assertEqual(spec.parse("Client:\n    a\nRoot: /r\nDescription:\n    x\n\n\n")["Description"],
                         "x\n")

    def test_stream_notes(self):
        text = ("Stream: //s/a\nName: a\nParent: none\nType: mainline\nPaths:\n\tshare ... ## all of it\n"
                "\t## alone\n\t# dropped\n\timport l/... \"//x/b c/...\"\n")
        self.assertEqual(SPECS["stream"].parse(text)["Paths"],
                         ["share ... ## all of it", "## alone", 'import l/... "//x/b c/..."'])

    def test_bytes_survive(self):
        values = SPECS["change"].parse("Change: new\nDescription: caf\udce9\n")
        self.assertEqual(values["Description"], "caf\udce9\n")

    def test_change_files_lose_their_comments(self):
        text = "Change: new\nDescription: x\nFiles:\n\t//d/a b\t# edit\n\t//d/c#x # add\n"
        values = SPECS["change"].parse(text)
        self.assertEqual(values["Files"], ["//d/a b", "//d/c#x"])


class Tagged(unittest.TestCase):
    def test_round_trip(self):
        spec = SPECS["client"]
        values = spec.parse(CLIENT)
        pairs = spec.tagged(values)
        self.assertIn(("View1", '"-//shop/a b/..." "//bench/a b/..."'), pairs)
        self.assertEqual([key for key, _ in pairs][:3], ["Client", "Owner", "Description"])
        self.assertEqual(spec.from_tagged(dict(pairs)), values)

    def test_encoded(self):
        encoded = SPECS["branch"].encoded
        self.assertTrue(encoded.startswith("Branch;code:301;rq;ro;fmt:L;len:32;;Update;code:302;type:date;"))
        self.assertTrue(encoded.endswith("View;code:311;fmt:C;type:wlist;words:2;len:64;;"))


class Refusals(unittest.TestCase):
    def refused(self, kind, text, *messages):
        with self.assertRaises(SpecError, msg=text) as caught:
            SPECS[kind].parse(text)
        self.assertEqual([message.render() for message in caught.exception.messages],
                         [*messages, f"Error in {kind} specification."])

    def test_refusals(self):
        self.refused("change", "", "Missing required field 'Change'.")
        self.refused("client", "Client: a\nView: //d/... //a/...\n", "Missing required field 'Root'.")
        self.refused("client", "Client: a\nRoot: /\nColour: red\n", "Unknown field name 'Colour'.",
                     "Error detected at line 3.")
        self.refused("client", "Client: a\nRoot: /\nView:\n\t//d/...\n",
                     "Wrong number of words for field 'View'.",
                     "Error detected at line 4.")
        self.refused("client", "Client: a\nnonsense\n", "Syntax error in 'nonsense'.",
                     "Error detected at line 2.")
        self.refused("client", "  first\n", "Syntax error in 'first'.", "Error detected at line 1.")
        self.refused("client", "Client: a\nLineEnd: dos\n",
                     "Value for field 'LineEnd' must be one of local/unix/mac/win/share.",
                     "Error detected at line 2.")
        self.refused("client", "Client: a b\n", "Wrong number of words for field 'Client'.",
                     "Error detected at line 1.")
        self.refused("client", "Client: a\nClient: b\n", "Too many entries for field 'Client'.",
                     "Error detected at line 2.")
        self.refused("client", 'Client: a\nRoot: /\nView: "//d/... //a/...\n',
                     "No matching end quote in '\"//d/... //a/...'.", "Error detected at line 3.")
        self.refused("stream", "Stream: //a/b\nType: odd\n",
                     "Value for field 'Type' must be one of mainline/virtual/"
                     "development/release/task/sparsedev/sparserel.", "Error detected at line 2.")

    def test_options(self):
        spec = SPECS["client"]
        self.assertEqual(spec.options("Options", "rmdir allwrite"),
                         "allwrite noclobber nocompress unlocked nomodtime rmdir")
        self.assertTrue(spec.options("Options", "altsync").endswith(" altsync"))
        with self.assertRaisesRegex(SpecError, "Error in client specification"):
            spec.options("Options", "fast")

    def test_not_required(self):
        self.assertEqual(SPECS["client"].parse("Owner: x\n", required=False), {"Owner": "x"})


class Words(unittest.TestCase):
    def test_words(self):
        self.assertEqual(split_words('a "b c" -"d e" # f'), (["a", "b c", "-d e"], ""))
        self.assertEqual(split_words("a#b ## n # m"), (["a#b"], "## n # m"))
        self.assertEqual(join_words(["a", "b c", "", "#x"], "## n"), 'a "b c" "" "#x" ## n')
        for text in ('a "b', '"'):
            with self.assertRaises(CommandError):
                split_words(text)


if __name__ == "__main__":
    tap.main()
