"""The dialogues of resolve without -a: a prompt per record, with the product's questions and letters.

The merged text is edited and compared here; the client only asks, edits a text, and shows what it is sent.
"""

from .command import Context
from .diff import diff
from .integ_rows import Record
from .messages import M
from .options import Options
from .resolve_action import Question
from .resolve_content import EDITED, MERGED, SKIP, THEIRS, YOURS, Comparison
from .resolve_file import File, Output, is_text

LETTERS = {MERGED: "am", THEIRS: "at", YOURS: "ay", EDITED: "e"}
MARKERS = (b">>>> ORIGINAL ", b"==== THEIRS ", b"==== YOURS ")
ACTION_HELP = ("at  accept theirs\nay  accept yours\nam  accept merged\na   accept what is suggested\n"
               "s   skip this file\n")
HELP = ACTION_HELP + ("ae  accept edited\n"
                      "d   diff yours with merged (dt theirs, dy yours, dm merged with base)\n"
                      "e   edit merged (et theirs, ey yours)\nm   run the merge program\n?   this help\n")


def ask(ctx: Context, text: str) -> str:
    return ctx.ask("client-Prompt", data=text).get("data").strip()


# branching, deleting, moving, file types

def explain(out: Output, asked: Question) -> None:
    """What can be chosen."""
    out.message(M.ResolvePromptType, resolveType=asked.title)
    for message, text in ((M.ResolvePromptTheirs, asked.theirs), (M.ResolvePromptYours, asked.yours),
                          (M.ResolvePromptMerge, asked.merged)):
        if text:
            out.message(message, resolveAction=text)


def action(ctx: Context, out: Output, asked: Question) -> str:
    explain(out, asked)
    out.flush()
    letters = {"at": THEIRS, "ay": YOURS, "s": SKIP, **({"am": MERGED} if asked.merged else {})}
    default = next((word for word, choice in letters.items() if choice == asked.suggestion), "s")
    accept = "Accept(a)" if asked.merged else "Accept(at/ay)"
    while True:
        word = ask(ctx, f"{accept} Skip(s) Help(?) {default}: ")
        word = default if word in ("", "a") else word
        if word in letters:
            return letters[word]
        ctx.text(ACTION_HELP)


# content

def content(ctx: Context, opts: Options, file: File, record: Record,
            found: Comparison) -> tuple[str, bytes | None]:
    return Dialogue(ctx, opts, file, record, found).run()


class Dialogue:
    """One file's; merged is None where there is only a choice between whole files."""

    def __init__(self, ctx: Context, opts: Options, file: File, record: Record, found: Comparison):
        self.ctx, self.file, self.record, self.found = ctx, file, record, found
        self.flags = "".join(opts.all("d"))
        self.merged, self.edited = found.merged, False
        self.default = LETTERS[found.suggestion]
        self.textual = is_text(file.theirs(record)) and b"\0" not in file.yours

    def run(self) -> tuple[str, bytes | None]:
        while True:
            word = ask(self.ctx, self._prompt())
            word = self.default if word in ("", "a") else word
            verb = VERBS.get(word) if self.merged is not None else CHOICES.get(word)
            answer = verb(self, word) if verb else self.ctx.text(HELP)
            if answer is not None:
                return answer

    def _prompt(self) -> str:
        if self.merged is not None:
            return M.MergePrompt.render({"mergeDefault": self.default})
        message = M.MergePrompt2Edit if self.textual else M.MergePrompt2
        return message.render({"mergeDefault": self.default})

    def _confirm(self, message) -> bool:
        return ask(self.ctx, message.render({})).lower().startswith("y")

    def accept_side(self, word: str) -> tuple[str, None] | None:
        if self.edited and not self._confirm(M.Confirm):
            return None
        return (THEIRS if word == "at" else YOURS), None

    def accept_merged(self, word: str) -> tuple[str, bytes] | None:
        if any(mark in self.merged for mark in MARKERS) and not self._confirm(M.ConfirmMarkers):
            return None
        if word == "am" and self.edited and not self._confirm(M.ConfirmEdit):
            return None
        return (EDITED if word == "ae" else MERGED), self.merged

    def skip(self, _word: str) -> tuple[str, None]:
        return SKIP, None

    def edit(self, word: str) -> None:
        """e edits the merged text, et and ey only show a side in the editor; yours may be changed."""
        text = {"e": self.merged, "et": self._theirs(), "ey": self.file.yours}[word]
        answer = self.ctx.ask("client-EditData", data=text, name="p4.merge")
        if "changed" not in answer or word == "et":
            return
        if word == "ey":
            self.file.yours = answer.raw("data")
        else:
            self.merged, self.edited, self.default = answer.raw("data"), True, "ae"

    def show(self, word: str) -> None:
        base = self.file.text(self.file.base(self.record)) or b""
        sides = {"d": (self.file.yours, self.merged), "dt": (base, self._theirs()),
                 "dy": (base, self.file.yours), "dm": (base, self.merged)}
        self.ctx.text(diff(*sides[word], self.flags))

    def run_program(self, _word: str) -> None:
        self.ctx.message(M.NoMerger)

    def _theirs(self) -> bytes:
        return self.file.text(self.file.theirs(self.record)) or b""


CHOICES = {"at": Dialogue.accept_side, "ay": Dialogue.accept_side, "s": Dialogue.skip, "et": Dialogue.edit,
           "ey": Dialogue.edit}
VERBS = CHOICES | {"am": Dialogue.accept_merged, "ae": Dialogue.accept_merged, "e": Dialogue.edit,
                   "d": Dialogue.show, "dt": Dialogue.show, "dy": Dialogue.show, "dm": Dialogue.show,
                   "m": Dialogue.run_program}
