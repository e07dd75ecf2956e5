#!/usr/bin/python3
"""The C client's workspace files: what a server may ask of them, and what is left when it fails half-way."""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Callable

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import tap  # noqa: E402
from frameserver import P4, Command, Done, FrameServer, Peer, raw, run_p4  # noqa: E402


def digest(data: bytes) -> str:
    return hashlib.md5(data).hexdigest().upper()


class Files(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name).resolve()
        self.addCleanup(lambda: [path.chmod(0o755) for path in self.folder.rglob("*") if path.is_dir()])

    def play(self, script: Callable[[Peer], object], *args: str) -> Done:
        with FrameServer(lambda peer, command: script(peer)) as server:
            return server.p4(*args, "sync", cwd=self.folder)

    def path(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def transfer(self, peer: Peer, name: str | bytes, data: bytes, close: dict | None = None,
                 pieces: int = 65536, **fields) -> dict[bytes, bytes]:
        """One file the way a server sends it, without waiting in between."""
        path = name if isinstance(name, bytes) else self.path(name)
        peer.send("client-OpenFile",
                  **{"handle": "h1", "path": path, "type": "text", "perms": "ro", **fields})
        for at in range(0, len(data), pieces):
            peer.send("client-WriteFile", handle="h1", data=data[at:at + pieces])
        return peer.ask("client-CloseFile", handle="h1", **(close or {}))

    def put(self, name: str, data: bytes, *, shown: str = "", status: int = 0,
            **fields) -> dict[bytes, bytes]:
        answers = []
        done = self.play(lambda peer: answers.append(self.transfer(peer, name, data, **fields)))
        self.assertEqual((done.stderr.decode(), done.status), (shown, status))
        self.assertEqual(answers[0][b"status"], b"error" if status else b"ok")
        self.assertEqual(self.leftovers(), [])
        return answers[0]

    def leftovers(self) -> list[str]:
        return [path.name for path in self.folder.rglob("tmp.*")]

    def mode(self, name: str) -> int:
        return (self.folder / name).stat().st_mode & 0o777

    def ask(self, func: str, **fields) -> tuple[dict[bytes, bytes], Done, list]:
        answers = []

        def script(peer: Peer) -> None:
            answers.append(peer.ask(func, **fields))
            answers.append(peer.before)
        done = self.play(script)
        return answers[0], done, answers[1]


class Writing(Files):
    def test_text(self) -> None:
        """a file appears whole, with its mode, in directories made for it"""
        data = b"one\ntwo\n" * 20000
        answer = self.put("a/b/c.txt", data, close={"digest": digest(data)})
        self.assertEqual((self.folder / "a/b/c.txt").read_bytes(), data)
        self.assertEqual(answer[b"size"], raw(len(data)))
        self.assertEqual(self.mode("a/b/c.txt"), 0o444)

    def test_modes(self) -> None:
        """ro, rw and exec by the umask, and the time of the revision"""
        for number, (perms, more, mode) in enumerate((("ro", {}, 0o444), ("rw", {}, 0o644),
                                                      ("ro", {"exec": ""}, 0o555),
                                                      ("rw", {"exec": ""}, 0o755))):
            self.put(f"f{number}", b"x", perms=perms, modTime="1700000001", **more)
            self.assertEqual(self.mode(f"f{number}"), mode)
            self.assertEqual(int((self.folder / f"f{number}").stat().st_mtime), 1700000001)

    def test_line_ends(self) -> None:
        """LF becomes what the client spec says, in text only, however the data is cut"""
        data = b"one\n\ntwo\r\nno end"
        for line_end, wanted in (("local", data), ("unix", data), ("share", data),
                                 ("mac", data.replace(b"\n", b"\r")),
                                 ("win", data.replace(b"\n", b"\r\n"))):
            for pieces in (1, 3, 100):
                self.put("f", data, lineEnd=line_end, pieces=pieces, close={"digest": digest(data)})
                self.assertEqual((self.folder / "f").read_bytes(), wanted)
        self.put("f", data, lineEnd="win", type="binary")
        self.assertEqual((self.folder / "f").read_bytes(), data)

    def test_symlink(self) -> None:
        """links are made and replaced, files too"""
        self.put("f", b"text")
        self.put("f", b"some/where\n", type="symlink")
        self.assertEqual(os.readlink(self.folder / "f"), "some/where")
        self.put("f", b"else", type="symlink", pieces=1)
        self.assertEqual(os.readlink(self.folder / "f"), "else")
        self.put("f", b"text again")
        self.assertEqual((self.folder / "f").read_bytes(), b"text again")
        self.assertFalse((self.folder / "f").is_symlink())
        self.put("g", b"", type="symlink", status=1, shown=f"write: {self.path('g')}: Invalid argument\n")
        self.put("g", b"x" * 5000, type="symlink", status=1,
                 shown=f"write: {self.path('g')}: File name too long\n")

    def test_clobber(self) -> None:
        """a file the user made writable is not written over, unless the client spec says so"""
        (self.folder / "f").write_bytes(b"mine")
        answer = self.put("f", b"theirs", status=1, shown=f"Can't clobber writable file {self.path('f')}\n")
        self.assertEqual(answer[b"status"], b"error")
        self.assertEqual((self.folder / "f").read_bytes(), b"mine")
        self.put("f", b"theirs", clobber="")
        self.assertEqual((self.folder / "f").read_bytes(), b"theirs")
        self.put("f", b"newer")
        self.assertEqual((self.folder / "f").read_bytes(), b"newer")

    def test_digest(self) -> None:
        """content that does not match its digest does not arrive"""
        self.put("f", b"old")
        wrong = digest(b"other")
        self.put("f", b"damaged", close={"digest": wrong}, status=1,
                 shown=f"{self.path('f')} corrupted during transfer (or bad on the server) "
                       f"{digest(b'damaged')} vs {wrong}\n")
        self.assertEqual((self.folder / "f").read_bytes(), b"old")

    def test_dropped(self) -> None:
        """commit=0 leaves everything as it was"""
        self.put("f", b"old")
        self.put("f", b"new", close={"commit": "0"})
        self.assertEqual((self.folder / "f").read_bytes(), b"old")

    def test_bad_places(self) -> None:
        """directories that cannot be, names that are none"""
        self.put("f", b"a file")
        self.put("f/g", b"x", status=1, shown=f"can't create directory for {self.path('f/g')}\n"
                                              f"mkdir: {self.path('f')}: Not a directory\n")
        (self.folder / "d").mkdir()
        self.put("d", b"x", status=1, shown=f"rename: {self.path('d')}: Is a directory\n")
        for name in (b"relative", b"", b"/nul\0name", b"/" + b"x" * 5000):
            answers = []
            done = self.play(lambda peer: answers.append(self.transfer(peer, name, b"x")))
            self.assertEqual((done.status, answers[0][b"status"]), (1, b"error"))
            self.assertTrue(done.stderr.startswith(b"open: "), done.stderr)

    def test_foreign_temporary(self) -> None:
        """a file that has the name of a temporary is nobody's to remove"""
        def script(peer: Peer) -> None:
            for number in range(1, 4):
                (self.folder / f"tmp.{process.pid}.{number}").write_bytes(b"mine")
            self.answer = self.transfer(peer, "f", b"x")

        with FrameServer(lambda peer, command: script(peer)) as server:
            with subprocess.Popen([P4, "-p", server.port, "sync"], env={}) as process:
                self.assertEqual(process.wait(20), 0)
        self.assertEqual((self.folder / "f").read_bytes(), b"x")
        self.assertEqual([(self.folder / name).read_bytes() for name in self.leftovers()], [b"mine"] * 3)

    def test_bytes_in_names(self) -> None:
        """names are bytes"""
        name = bytes(self.folder) + b"/\xff \xfe%20#@*"
        self.play(lambda peer: self.transfer(peer, name, b"x"))
        self.assertEqual(Path(os.fsdecode(name)).read_bytes(), b"x")

    def test_several_open(self) -> None:
        """files may be open side by side, up to a limit; unknown handles are an error"""
        answers = []

        def script(peer: Peer) -> None:
            for i in range(70):
                peer.send("client-OpenFile", handle=f"h{i}", path=self.path(f"f{i}"), type="text",
                          perms="rw")
            for i in range(70):
                peer.send("client-WriteFile", handle=f"h{i}", data=f"file {i}")
            answers.extend(peer.ask("client-CloseFile", handle=f"h{i}")[b"status"] for i in range(70))
            answers.append(peer.ask("client-CloseFile", handle="nobody")[b"status"])
        done = self.play(script)
        self.assertEqual(answers, [b"ok"] * 64 + [b"error"] * 7)
        self.assertEqual(done.status, 1)
        self.assertEqual((self.folder / "f63").read_bytes(), b"file 63")
        self.assertEqual(len(list(self.folder.iterdir())), 64)

    def test_full_disk(self) -> None:
        """a limit on file size fails the file and leaves the old one"""
        self.put("f", b"old")

        def script(peer: Peer) -> None:
            self.answer = self.transfer(peer, "f", b"x" * 100000)
        with FrameServer(lambda peer, command: script(peer)) as server:
            done = subprocess.run(["sh", "-c", 'trap "" XFSZ; ulimit -f 8; exec "$@"', "sh", P4, "-p",
                                   server.port, "sync"],
                                  env={}, capture_output=True, check=False)
        self.assertEqual((done.returncode, self.answer[b"status"]), (1, b"error"))
        self.assertEqual(done.stderr.decode(), f"write: {self.path('f')}: File too large\n")
        self.assertEqual((self.folder / "f").read_bytes(), b"old")
        self.assertEqual(self.leftovers(), [])

    def test_drop(self) -> None:
        """the server goes away in the middle: the old file stays, nothing else does"""
        self.put("f", b"old")

        def script(peer: Peer) -> None:
            peer.send("client-OpenFile", handle="h", path=self.path("f"), type="text", perms="ro")
            peer.send("client-WriteFile", handle="h", data=b"new")
            peer.drop()
        self.assertEqual(self.play(script).status, 1)
        self.assertEqual((self.folder / "f").read_bytes(), b"old")
        self.assertEqual(self.leftovers(), [])

    def test_signals(self) -> None:
        """Ctrl-C and SIGTERM in the middle of a file leave nothing behind and end by that signal"""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            opened, over = threading.Event(), threading.Event()

            def script(peer: Peer) -> None:
                peer.ask("client-OpenFile", handle="h", path=self.path("d/f"), type="text", perms="ro")
                peer.send("client-WriteFile", handle="h", data=b"new")
                opened.set()
                over.wait(20)
            with FrameServer(lambda peer, command: script(peer)) as server:
                with subprocess.Popen([P4, "-p", server.port, "sync"], env={}) as process:
                    self.assertTrue(opened.wait(20))
                    self.assertEqual(len(self.leftovers()), 1)
                    process.send_signal(number)
                    self.assertEqual(process.wait(20), -number)
                over.set()
            self.assertEqual(self.leftovers(), [])


class Changing(Files):
    def test_delete(self) -> None:
        """files and links go, with directories left empty if wanted; writable ones stay"""
        self.put("a/b/f", b"x")
        (self.folder / "a/link").symlink_to("nowhere")
        _, done, _ = self.ask("client-DeleteFile", path=self.path("a/link"))
        self.assertEqual(done.status, 0)
        _, done, _ = self.ask("client-DeleteFile", path=self.path("a/b/f"), rmdir="")
        self.assertEqual((done.status, list(self.folder.iterdir())), (0, []))
        answer, _, _ = self.ask("client-DeleteFile", path=self.path("a/b/f"))
        self.assertEqual(answer[b"status"], b"ok")
        (self.folder / "f").write_bytes(b"mine")
        answer, done, _ = self.ask("client-DeleteFile", path=self.path("f"))
        self.assertEqual((answer[b"status"], done.stderr.decode()),
                         (b"error", f"Can't clobber writable file {self.path('f')}\n"))
        self.ask("client-DeleteFile", path=self.path("f"), clobber="")
        self.assertEqual(list(self.folder.iterdir()), [])
        (self.folder / "d").mkdir()
        self.assertEqual(self.ask("client-DeleteFile", path=self.path("d"))[0][b"status"], b"error")

    def test_chmod(self) -> None:
        """modes change, links are left alone, missing files are told"""
        self.put("f", b"x")
        self.ask("client-ChmodFile", path=self.path("f"), perms="rw", exec="", modTime="1600000000")
        self.assertEqual((self.mode("f"), int((self.folder / "f").stat().st_mtime)), (0o755, 1600000000))
        (self.folder / "link").symlink_to("f")
        self.ask("client-ChmodFile", path=self.path("link"), perms="ro")
        self.assertEqual(self.mode("f"), 0o755)
        _, done, _ = self.ask("client-ChmodFile", path=self.path("none"), perms="rw")
        self.assertEqual(done.stderr.decode(), f"chmod: {self.path('none')}: No such file or directory\n")

    def test_move(self) -> None:
        """a file moves into new directories and does not write over a writable one"""
        self.put("a/f", b"x")
        self.ask("client-MoveFile", **{"from": self.path("a/f"), "to": self.path("b/c/g"), "rmdir": ""})
        self.assertEqual(sorted(str(p.relative_to(self.folder)) for p in self.folder.rglob("*")),
                         ["b", "b/c", "b/c/g"])
        (self.folder / "mine").write_bytes(b"mine")
        answer, _, _ = self.ask("client-MoveFile", **{"from": self.path("b/c/g"), "to": self.path("mine")})
        self.assertEqual((answer[b"status"], (self.folder / "mine").read_bytes()), (b"error", b"mine"))
        self.ask("client-MoveFile", **{"from": self.path("b/c/g"), "to": self.path("mine"), "clobber": ""})
        self.assertEqual((self.folder / "mine").read_bytes(), b"x")


class Reading(Files):
    def stat(self, name: str, **more) -> dict[bytes, bytes]:
        answer, done, _ = self.ask("client-StatFile", path=self.path(name), **more)
        self.assertEqual((done.status, answer[b"status"]), (0, b"ok"))
        hidden = (b"func", b"id", b"status", b"mtime")
        return {key: value for key, value in answer.items() if key not in hidden}

    def test_stat(self) -> None:
        """what is there, and its digest in the server's form"""
        self.assertEqual(self.stat("none"), {})
        (self.folder / "t").write_bytes(b"a\r\nb\r\n")
        (self.folder / "t").chmod(0o640)
        self.assertEqual(self.stat("t"), {b"exists": b"", b"type": b"text", b"size": b"6", b"mode": b"640"})
        self.assertEqual(self.stat("t", digest="", lineEnd="win"),
                         {b"exists": b"", b"type": b"text", b"size": b"6", b"mode": b"640",
                          b"digestSize": b"4",
                          b"digest": raw(digest(b"a\nb\n"))})
        self.assertEqual(self.stat("t", digest="", lineEnd="win", type="binary")[b"digest"],
                         raw(digest(b"a\r\nb\r\n")))
        (self.folder / "b").write_bytes(b"x" * 70000 + b"\0")
        self.assertEqual(self.stat("b")[b"type"], b"text")
        (self.folder / "b").write_bytes(b"x\0")
        (self.folder / "b").chmod(0o755)
        self.assertEqual(self.stat("b"),
                         {b"exists": b"", b"type": b"binary", b"size": b"2", b"mode": b"755", b"exec": b""})
        (self.folder / "e").write_bytes(b"")
        self.assertIn(b"empty", self.stat("e"))
        (self.folder / "l").symlink_to("t")
        link = self.stat("l", digest="")
        self.assertEqual((link[b"type"], link[b"digest"]), (b"symlink", raw(digest(b"t\n"))))
        self.assertEqual(self.stat("", digest="")[b"type"], b"dir")

    def send(self, name: str, **more) -> tuple[bytes, dict[bytes, bytes]]:
        answer, done, before = self.ask("client-SendFile", path=self.path(name), **more)
        self.assertTrue(all(dict(frame)[b"func"] == b"file-data" and len(dict(frame)[b"data"]) <= 65536
                            for frame in before))
        self.done = done
        return b"".join(dict(frame)[b"data"] for frame in before), answer

    def test_send(self) -> None:
        """content in the server's form, in pieces, with size and digest"""
        text = b"line\r\n" * 40000 + b"\r\n\rx\r"
        for line_end, wanted in (("local", text), ("win", text.replace(b"\r\n", b"\n")),
                                 ("share", text.replace(b"\r\n", b"\n")),
                                 ("mac", text.replace(b"\r", b"\n"))):
            (self.folder / "f").write_bytes(text)
            data, answer = self.send("f", type="text", lineEnd=line_end)
            self.assertEqual(data, wanted)
            self.assertEqual((answer[b"size"], answer[b"digest"]), (raw(len(wanted)), raw(digest(wanted))))
        self.assertEqual(self.send("f", type="binary", lineEnd="win")[0], text)
        for size in (65534, 65535, 65536, 131070):
            (self.folder / "f").write_bytes(b"x" * (size - 1) + b"\r")
            self.assertEqual(len(self.send("f", type="text", lineEnd="win")[0]), size)
        (self.folder / "l").symlink_to("a/b")
        self.assertEqual(self.send("l", type="symlink")[0], b"a/b\n")
        _, answer = self.send("none", type="text")
        self.assertEqual((answer[b"status"], self.done.stderr.decode()),
                         (b"error", f"open for read: {self.path('none')}: No such file or directory\n"))
        os.mkfifo(self.folder / "fifo")
        self.assertEqual(self.send("fifo", type="text")[1][b"status"], b"error")
        self.assertEqual(self.send("", type="text")[1][b"status"], b"error")

    def test_list(self) -> None:
        """entries in the byte order of their paths, links not followed"""
        for name in ("b/x", "b.txt", "b/y/z", "a", ".hidden", "b-c/d"):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"12")
        (self.folder / "a").chmod(0o755)
        (self.folder / "loop").symlink_to(".")

        def entries(**more) -> list[str]:
            answer, _, before = self.ask("client-ListDir", path=str(self.folder), **more)
            frames = [dict(frame) for frame in before]
            self.assertEqual(answer[b"count"], raw(len(frames)))
            return [os.fsdecode(frame[b"path"]).removeprefix(f"{self.folder}/") + ":" +
                    frame[b"type"].decode() + ("*" if b"exec" in frame else "") for frame in frames]
        self.assertEqual(entries(), ["a:file*", "b-c:dir", "b.txt:file", "b:dir", "loop:symlink"])
        self.assertEqual(entries(recursive="", hidden=""),
                         [".hidden:file", "a:file*", "b-c/d:file", "b.txt:file", "b/x:file", "b/y/z:file",
                          "loop:symlink"])
        self.assertEqual(self.ask("client-ListDir", path=self.path("none"))[0][b"status"], b"error")

    def test_md5(self) -> None:
        """digests of every length around a block"""
        for size in (*range(0, 130), 1000, 100000):
            data = os.urandom(size)
            (self.folder / "f").write_bytes(data)
            if size % 16 in (0, 7, 8, 9, 15):
                self.assertEqual(self.stat("f", digest="", type="binary")[b"digest"], raw(digest(data)),
                                 size)


if __name__ == "__main__":
    tap.main()
