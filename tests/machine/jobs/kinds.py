"""Scenarios: what can be integrated, and which changes of files arrive."""
from jobs import create, nothing_left, refused, submitted_once, weirctl
from perforce import Pair, Workspace, content, described, encoded, files, lines, p4, save
from scenario import scenario
from tap import equal, holds


def finished(pair: Pair, wanted: dict[str, str], **spec: object) -> dict:
    """Integrates dev into main, or as spec says; the changelist must do just that (file below main -> action)."""
    job = create(**(spec or {"stream": pair.dev}))
    fields = job.done()
    submitted_once(job, fields["changelist"])
    equal({k.split("/", 4)[4] if k.startswith("//demo/") else k: v for k, v in described(fields["changelist"]).items()}, wanted,
          f"what {job} submitted")
    nothing_left(job, str(spec.get("client", "")))
    return fields


@scenario("stream: a development stream goes to its parent; its job says all about itself")
def stream_to_parent(tag: str) -> None:
    pair = Pair(tag)
    change = pair.in_dev.change({"a.txt": lines("b"), "new.txt": "new\n"})
    fields = finished(pair, {"a.txt": "integrate", "new.txt": "branch"})
    equal(content(f"{pair.main}/a.txt"), lines("b"), "the parent's file")
    equal(fields["source_changelist"], change, "source_changelist")
    equal([fields[k] for k in ("status", "stage", "owner", "attempt", "server")], ["done", "DONE", "root", 1, "demo"], "its fields")
    for name in ("id", "spec", "created_at", "updated_at", "unit"):
        holds(fields.get(name), f"{name} is empty")
    for name in ("error", "conflicts", "retry_of"):
        holds(not fields.get(name), f"{name} is {fields.get(name)!r}")


@scenario("stream --reverse: what is new in the parent comes into the stream")
def stream_reverse(tag: str) -> None:
    pair = Pair(tag)
    pair.in_main.change({"a.txt": lines("c")})
    finished(pair, {"a.txt": "integrate"}, stream=pair.dev, reverse=True)
    equal(content(f"{pair.dev}/a.txt"), lines("c"), "the stream's file")


def branch_of(tag: str, description: str = "A scenario's.") -> tuple[Pair, str]:
    pair = Pair(tag)
    save("branch", {"Branch": f"{tag}-branch", "Description": description, "View0": f"{pair.dev}/... {pair.main}/..."})
    return pair, f"{tag}-branch"


@scenario("branch spec")
def branch_spec(tag: str) -> None:
    pair, branch = branch_of(tag)
    pair.in_dev.change({"a.txt": lines("d")})
    finished(pair, {"a.txt": "integrate"}, branch_spec=branch)


@scenario("branch spec, reversed")
def branch_reversed(tag: str) -> None:
    pair, branch = branch_of(tag)
    pair.in_main.change({"n.txt": "n\n"})
    finished(pair, {"n.txt": "branch"}, branch_spec=branch, reverse=True)
    equal(content(f"{pair.dev}/n.txt"), "n\n", "the source side's file")


@scenario("branch spec whose description contains a URL and looks like a view")
def branch_with_url(tag: str) -> None:
    pair, branch = branch_of(tag, "See http://wiki.example.org/branch\nView:\n\t//demo/main/... //demo/rel/...\n")
    pair.in_dev.change({"a.txt": lines("e")})
    finished(pair, {"a.txt": "integrate"}, branch_spec=branch)


@scenario("source and target")
def source_target(tag: str) -> None:
    pair = Pair(tag, {"x/a.txt": "1\n", "y/b.txt": "1\n"})
    pair.in_dev.change({"x/a.txt": "2\n", "y/b.txt": "2\n"})
    finished(pair, {"x/a.txt": "integrate"}, source=f"{pair.dev}/x/...", target=f"{pair.main}/x/...")
    equal(content(f"{pair.main}/y/b.txt"), "1\n", "what was not asked for")


@scenario("single path: what is new below it in the parent")
def single_path(tag: str) -> None:
    pair = Pair(tag, {"x/a.txt": "1\n", "y/b.txt": "1\n"})
    pair.in_main.change({"x/a.txt": "2\n", "y/b.txt": "2\n"})
    finished(pair, {"x/a.txt": "integrate"}, path=f"{pair.dev}/x/...")


@scenario("a given changelist: only what was submitted up to it")
def given_changelist(tag: str) -> None:
    pair = Pair(tag)
    first = pair.in_dev.change({"a.txt": "first\n"})
    pair.in_dev.change({"a.txt": "second\n", "late.txt": "late\n"})
    fields = finished(pair, {"a.txt": "integrate"}, stream=pair.dev, changelist=first)
    equal(content(f"{pair.main}/a.txt"), "first\n", "the file")
    equal(fields["source_changelist"], first, "source_changelist")


@scenario("a client of one's own: used, and left as it was")
def own_client(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"a.txt": lines("f")})
    Workspace(f"{tag}-own", pair.main, shared=True)
    before = p4("client", "-o", f"{tag}-own")[0]
    finished(pair, {"a.txt": "integrate"}, stream=pair.dev, client=f"{tag}-own")
    after = p4("client", "-o", f"{tag}-own")[0]
    equal({k: after.get(k) for k in ("Root", "Options", "Stream", "Owner")}, {k: before.get(k) for k in ("Root", "Options", "Stream", "Owner")},
          "the client")


@scenario("description: of several lines, it reaches the changelist")
def description(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    job = create(stream=pair.dev, description="Monthly merge.\n\nReviewed by: nobody")
    text = p4("describe", "-s", str(job.done()["changelist"]))[0]["desc"]
    holds(text.startswith(f"[weir {job}] ") and "Monthly merge.\n\nReviewed by: nobody" in text, f"it is {text!r}")


# --- files ---------------------------------------------------------------------------------------------------------------

@scenario("add, edit, delete, move and a new type in one changelist")
def everything_at_once(tag: str) -> None:
    pair = Pair(tag, {name: lines(name) for name in ("edit", "delete", "old", "type", "same")})
    pair.in_dev.p4("edit", "old", "type")
    pair.in_dev.p4("move", "old", "dir/new")
    pair.in_dev.p4("reopen", "-t", "text+x", "type")
    pair.in_dev.p4("delete", "delete")
    pair.in_dev.put("add", "added\n")
    pair.in_dev.put("edit", lines("edited"))
    pair.in_dev.submit()
    finished(pair, {"add": "branch", "edit": "integrate", "delete": "delete", "old": "move/delete", "dir/new": "move/add", "type": "integrate"})
    equal({k.split("/", 4)[4] for k in files(pair.main)}, {"add", "edit", "dir/new", "type", "same"}, "the parent's files")
    holds(p4("fstat", f"{pair.main}/type")[0]["headType"] in ("xtext", "text+x"), "the type")


@scenario("a delete")
def a_delete(tag: str) -> None:
    pair = Pair(tag, {"a": "1\n", "b": "1\n"})
    pair.in_dev.change({"a": None})
    finished(pair, {"a": "delete"})


@scenario("deleted and added again")
def added_again(tag: str) -> None:
    pair = Pair(tag, {"a": "1\n", "b": "1\n"})
    pair.in_dev.change({"a": None})
    pair.in_dev.change({"a": "2\n"})
    job = create(stream=pair.dev)
    if job.until("done", "needs_resolve") == "needs_resolve":
        weirctl("resolve", job.id, "*", "--accept=theirs")
    submitted_once(job, job.done()["changelist"])
    equal(content(f"{pair.main}/a"), "2\n", "the file")
    nothing_left(job)


@scenario("a move of a file that was edited afterwards")
def moved_and_edited(tag: str) -> None:
    pair = Pair(tag, {"a": lines("a"), "b": "1\n"})
    pair.in_dev.p4("edit", "a")
    pair.in_dev.p4("move", "a", "c")
    pair.in_dev.submit()
    pair.in_dev.change({"c": lines("c")})
    finished(pair, {"a": "move/delete", "c": "move/add"})
    equal(content(f"{pair.main}/c"), lines("c"), "the moved file")


@scenario("binary, empty and executable files, and a symbolic link")
def kinds_of_files(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.write("empty", b"")
    pair.in_dev.write("image", bytes(range(256)) * 40)
    pair.in_dev.write("tool", "#!/bin/sh\n").chmod(0o755)
    (pair.in_dev.root / "link").symlink_to("a.txt")
    pair.in_dev.p4("add", "empty", "image", "tool", "link")
    pair.in_dev.submit()
    finished(pair, {name: "branch" for name in ("empty", "image", "tool", "link")})
    for name in ("empty", "image", "tool", "link"):
        of = [p4("fstat", "-Ol", f"{stream}/{name}")[0] for stream in (pair.dev, pair.main)]
        equal([f.get(k) for f in of[1:] for k in ("headType", "digest")], [of[0].get(k) for k in ("headType", "digest")], name)


@scenario("a binary file that was edited")
def edited_binary(tag: str) -> None:
    pair = Pair(tag, {"image": bytes(range(256)) * 4})
    pair.in_dev.change({"image": bytes(reversed(range(256))) * 5})
    finished(pair, {"image": "integrate"})
    equal(len(p4("fstat", "-Ol", f"{pair.main}/image")), 1, "it is there")


@scenario("names with blanks, @ # % *, other alphabets, and of 1,000 bytes")
def names(tag: str) -> None:
    long = "/".join(["d" * 200] * 4) + "/" + "f" * (1000 - 4 * 201 - len(f"//demo/{tag}m/"))
    names = ["two words.txt", "a@b #1 100% *.txt", "größe.txt", "日本語/файл.txt", "-dash", "it's \"quoted\"", "percent%40.txt", long]
    pair = Pair(tag)
    pair.in_dev.change({name: f"{name}\n" for name in names})
    pair.in_dev.put("two words.txt", "again\n")
    pair.in_dev.submit()
    finished(pair, {encoded(name): "branch" for name in names})
    equal(content(f"{pair.main}/{encoded('a@b #1 100% *.txt')}"), "a@b #1 100% *.txt\n", "content behind special characters")
    equal(content(f"{pair.main}/{long}"), f"{long}\n", "content at the end of a long path")
    equal(content(f"{pair.main}/two words.txt"), "again\n", "content behind blanks")


# --- nothing to do, and what cannot be done ------------------------------------------------------------------------------------

@scenario("already integrated: done, with nothing submitted")
def already(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    create(stream=pair.dev).done()
    again = create(stream=pair.dev)
    fields = again.done()
    equal([fields["changelist"], "nothing to do" in again.log()], [None, True], "the second one")
    nothing_left(again)


@scenario("nothing was ever submitted to the source: failed, and says so")
def empty_source(tag: str) -> None:
    pair = Pair(tag)
    job = create(source=f"{pair.dev}/nowhere/...", target=f"{pair.main}/nowhere/...")
    job.failed("empty source")
    nothing_left(job)


@scenario("what cannot be is refused before there is a job")
def refused_specs(tag: str) -> None:
    stream = f"--stream=//demo/{tag}never"
    for words, says in (([stream, "--changelist=abc"], "changelist"), ([stream, "--changelist=-3"], "changelist"),
                        (["--stream=demo/dev"], "stream"), ([], ""), ([stream, f"--path=//demo/{tag}never/x"], ""),
                        ([f"--from=//demo/{tag}never/..."], ""), ([stream, "--hook=build="], "command"),
                        ([stream, "--hook=deploy=make"], "deploy"), ([stream, "--client=a b"], "client"),
                        ([stream, "--resolve=force"], "force"), ([stream, "--limit=timeout=soon"], "timeout")):
        said = refused("integrate", "--server=demo", *words)
        holds(says in said, f"{words} is refused, but with {said!r}")
    holds("nowhere" in refused("integrate", "--server=nowhere", "--stream=//demo/dev"), "an unknown server is refused by name")
    holds(f"{tag}never" not in weirctl("jobs", "--json", "--limit=1000"), "no job was made")


@scenario("unknown stream, client and branch spec, and a stream without a parent: failed by name")
def unknown(tag: str) -> None:
    pair = Pair(tag)
    jobs = [(create(stream=f"//demo/{tag}x"), "unknown stream"), (create(branch_spec=f"{tag}-none"), "unknown branch spec"),
            (create(stream=pair.dev, client=f"{tag}-none"), "unknown client"), (create(stream=pair.main), "no parent")]
    for job, reason in jobs:
        job.failed(reason)
        nothing_left(job)


@scenario("preview: lists files and predicted resolves, opens nothing and makes no job")
def preview(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"a.txt": lines("a", l3="dev"), "new.txt": "n\n"})
    pair.in_main.change({"a.txt": lines("a", l3="main")})
    said = weirctl("integrate", "--server=demo", f"--stream={pair.dev}", "--preview")
    for word in (f"{pair.main}/a.txt", f"{pair.main}/new.txt"):
        holds(word in said, f"{word} is not in {said!r}")
    equal(p4("opened", "-a", f"{pair.main}/..."), [], "opened files")
    equal([r for r in p4("clients") if "preview" in r.get("client", "")], [], "clients")
