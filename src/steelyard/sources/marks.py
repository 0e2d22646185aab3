"""What commits and pull requests say of assistants, issues and reverts: text in, metadata out.

Shared by every source that sees messages. The text itself must not leave these functions. Marks are
a floor: people switch them off, hooks strip them, squashing loses them; and they say nothing of how
much of the work was an assistant's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from steelyard.model import reference

# (assistant as in telemetry, where the mark is found, the mark in lower case)
#   email    address of a co-author or an author
#   login    account on a host; also as its noreply address, with or without a number before it
#   trailer  a trailer that only this assistant writes
#   name     a word in the neutral trailers Assisted-by and Generated-by, where no address is given
#   label    a label of a pull request
#   text     a phrase in a message or a pull request's text
MARKS = (
    ("claude-code", "email", "noreply@anthropic.com"),
    ("claude-code", "login", "claude[bot]"),
    ("claude-code", "trailer", "claude-session"),
    ("claude-code", "name", "claude"),
    ("claude-code", "label", "claude-code-assisted"),
    ("claude-code", "text", "generated with claude code"),
    ("claude-code", "text", "generated with [claude code]"),
    ("codex", "email", "noreply@openai.com"),
    ("codex", "email", "codex@openai.com"),
    ("codex", "login", "chatgpt-codex-connector[bot]"),
    ("codex", "name", "codex"),
    ("gemini-cli", "login", "gemini-cli"),
    ("gemini-cli", "name", "gemini"),
    ("cursor", "email", "cursoragent@cursor.com"),
    ("cursor", "login", "cursor[bot]"),
    ("cursor", "login", "cursoragent"),
    ("cursor", "name", "cursor"),
    ("cursor", "text", "made with [cursor]"),
    ("copilot", "email", "copilot@github.com"),
    ("copilot", "login", "copilot"),
    ("copilot", "login", "copilot-swe-agent"),
    ("copilot", "login", "copilot-swe-agent[bot]"),
    ("copilot", "name", "copilot"),
    ("aider", "email", "noreply@aider.chat"),
    ("aider", "email", "aider@aider.chat"),
    ("aider", "name", "aider"),
    ("opencode", "email", "noreply@opencode.ai"),
    ("opencode", "name", "opencode"),
    ("opencode", "text", "generated with [opencode]"),
    ("amp", "email", "amp@ampcode.com"),
    ("amp", "trailer", "amp-thread-id"),
    ("amp", "name", "amp"),
)
# Best first. A note counts lines, a trailer was written on purpose, a phrase may be a quotation.
EVIDENCE = ("note", "trailer", "author", "label", "text")
# What looks like an issue's key and is a standard, an encoding, a cipher or a licence. Only what no
# project is called: a wrong key joins nothing, a missed one is lost.
FALSE_FRIENDS = re.compile(
    "AES|AGPL|ANSI|APACHE|ARM|ASCII|BSD|COVID|CP|CVE|CWE|ECDSA|ECMA|GH|GPL|GPT|HMAC|HTTP|IEEE|IPV"
    "|ISO|JDK|JIS|LGPL|MPL|PEP|PKCS|RC|RFC|RHEL|RSA|SHA|SHA[123]|SSE|TLS|UCS|UINT|UTC|UTF|WCAG|X86"
)

_Table = dict[str, str]


def _table(where: str) -> _Table:
    return {mark: assistant for assistant, place, mark in MARKS if place == where}


_EMAILS, _LOGINS, _TRAILERS = _table("email"), _table("login"), _table("trailer")
_NAMES, _LABELS, _TEXTS = _table("name"), _table("label"), _table("text")

_TRAILER = re.compile(
    rf"^[ \t>*]*(co-authored-by|assisted-by|generated-by|{'|'.join(_TRAILERS)})[ \t]*:(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(r"<?([^\s<>,;]+@[^\s<>,;]+)>?")
_WORD = re.compile(r"[a-z0-9]+")
_NOREPLY = re.compile(r"(?:\d+[+-])?(.+)@users\.noreply\.(.+)")
_HOSTS = {"github.com": "github", "gitlab.com": "gitlab"}
# A key may follow a lower-case word and a dash (fix-PAY-12), not another key's parts (US-EAST-1).
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?<![A-Z0-9]-)([A-Z][A-Z0-9_]{1,31})-([1-9]\d{0,8})"
    r"(?![A-Za-z0-9]|\.\d|-\d+\b)"
)
_NUMBER = re.compile(
    r"(?<![\w&#/.-])(?:([\w.-]+(?:/[\w.-]+)+)?#|GH-)([1-9]\d{0,6})(?!\w)", re.IGNORECASE
)
_REVERTED_COMMIT = re.compile(r"\bThis reverts commit ([0-9a-f]{7,64})\b", re.IGNORECASE)
_REVERTED_REQUEST = re.compile(
    r"\b(?:Reverts|This reverts merge request) ([\w.-]+(?:/[\w.-]+)+)?[#!](\d+)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Marks:
    """What is kept of a text. `evidence` is the best there is for the assistants, '' for none.

    `reverts` is a commit's SHA as written (it may be short) or a pull request's key.
    """

    assistants: tuple[str, ...] = ()
    evidence: str = ""
    issues: tuple[str, ...] = ()
    reverts: str = ""


def of_commit(
    message: str, *, author_email: str = "", author_name: str = "", repo: str = ""
) -> Marks:
    """The marks of a commit. `repo` (github.com/acme/app) is what `#12` in it refers to."""
    found = [("trailer", name) for name in _from_trailers(message)]
    found += [("author", name) for name in _from_author(author_email, author_name)]
    found += [("text", name) for name in _from_text(message)]
    reverted = _REVERTED_COMMIT.search(message)
    return _marks(found, issues(message, repo), reverted[1].lower() if reverted else "")


def of_request(text: str, *, labels: Iterable[str] = (), author: str = "", repo: str = "") -> Marks:
    """The marks of a pull or merge request: its title, branch and body (as lines), labels, author.

    `author` is a login or an address. `reverts` is the key of the request it says it reverts, else
    the SHA of a commit. Put the marks of its commits beside them with `combined`.
    """
    found = [("trailer", name) for name in _from_trailers(text)]
    found += [("author", name) for name in _from_author(author)]
    found += [("label", _LABELS[name]) for label in labels if (name := label.lower()) in _LABELS]
    found += [("text", name) for name in _from_text(text)]
    return _marks(found, issues(text, repo), _reverted(text, repo))


def combined(all_marks: Iterable[Marks]) -> Marks:
    """Everything that any of them says, under the best evidence; the first revert."""
    every = list(all_marks)
    found = [(marks.evidence, name) for marks in every for name in marks.assistants]
    reverts = next((marks.reverts for marks in every if marks.reverts), "")
    return _marks(found, [issue for marks in every for issue in marks.issues], reverts)


def issues(text: str, repo: str = "") -> tuple[str, ...]:
    """Issues that a text, title or branch names: `PAY-12`, and `repo#12` when `repo` is given.

    On hosts that count both in one sequence, a number may be a pull request's.
    """
    keys = [f"{m[1]}-{m[2]}" for m in _KEY.finditer(text) if not FALSE_FRIENDS.fullmatch(m[1])]
    if repo and ("#" in text or "GH-" in text.upper()):
        keys += [f"{_elsewhere(m[1], repo)}#{m[2]}" for m in _NUMBER.finditer(text)]
    return tuple(dict.fromkeys(keys))


def assistant_of(account: str) -> str:
    """The assistant whose account this login or e-mail address is; '' for people's."""
    account = account.strip().lower()
    noreply = _NOREPLY.fullmatch(account)
    return _EMAILS.get(account) or _LOGINS.get(noreply[1] if noreply else account, "")


def is_bot(account: str) -> bool:
    """Whether a login or address is by its name nobody's: `dependabot[bot]`, an assistant's."""
    return "[bot]" in account.lower() or bool(assistant_of(account))


def login_of(address: str) -> str:
    """Whose account a host's noreply address names, as a reference: `github:ada`; else ''."""
    noreply = _NOREPLY.fullmatch(address.strip().lower())
    host = _HOSTS.get(noreply[2], "") if noreply and not is_bot(address) else ""
    return reference(host, noreply[1]) if noreply and host else ""


def _marks(found: list[tuple[str, str]], keys: Iterable[str], reverts: str) -> Marks:
    names = tuple(sorted({name for _, name in found}))
    best = min((evidence for evidence, _ in found), key=EVIDENCE.index, default="")
    return Marks(names, best, tuple(dict.fromkeys(keys)), reverts)


def _from_trailers(text: str) -> list[str]:
    found: list[str] = []
    for trailer in _TRAILER.finditer(text):
        key, value = trailer[1].lower(), trailer[2].lower()
        if key in _TRAILERS:
            found.append(_TRAILERS[key])
        elif addresses := _ADDRESS.findall(value):
            found += filter(None, map(assistant_of, addresses))
        elif key != "co-authored-by":
            found += [_NAMES[word] for word in _WORD.findall(value) if word in _NAMES]
    return found


def _from_author(account: str, name: str = "") -> list[str]:
    """Aider marks the name of who committed: `Ada Lovelace (aider)`."""
    found = [assistant_of(account)] if account else []
    if name.endswith("(aider)"):
        found.append("aider")
    return [assistant for assistant in found if assistant]


def _from_text(text: str) -> list[str]:
    lower = text.lower()
    return [assistant for phrase, assistant in _TEXTS.items() if phrase in lower]


def _elsewhere(path: str | None, repo: str) -> str:
    """`acme/lib#12` is an issue of another repository on the same host."""
    return f"{repo.partition('/')[0]}/{path.lower()}" if path else repo


def _reverted(text: str, repo: str) -> str:
    request = _REVERTED_REQUEST.search(text)
    if request and repo:
        return f"{_elsewhere(request[1], repo)}#{request[2]}"
    commit = _REVERTED_COMMIT.search(text)
    return commit[1].lower() if commit else ""
