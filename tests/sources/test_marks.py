"""What is read of messages: assistants, issues, reverts; and the one spelling of a repository."""

from __future__ import annotations

import pytest

from steelyard.model import repository
from steelyard.sources.marks import (
    MARKS,
    Marks,
    assistant_of,
    combined,
    is_bot,
    issues,
    login_of,
    of_commit,
    of_request,
)

REPO = "github.com/acme/app"
CLAUDE = "Co-Authored-By: Claude Opus 4.8 <noreply@anthropic.com>"


@pytest.mark.parametrize(
    ("line", "assistant"),
    [
        (CLAUDE, "claude-code"),
        ("co-authored-by: claude <NoReply@Anthropic.com>", "claude-code"),
        ("Claude-Session: 0f3c", "claude-code"),
        ("Co-authored-by: Cursor <cursoragent@cursor.com>", "cursor"),
        ("Co-authored-by: GPT-5.6 Codex <noreply@openai.com>", "codex"),
        (
            "Co-authored-by: C <199175422+chatgpt-codex-connector[bot]@users.noreply.github.com>",
            "codex",
        ),
        ("Co-authored-by: Copilot <175728472+Copilot@users.noreply.github.com>", "copilot"),
        ("Co-authored-by: Copilot <copilot@users.noreply.github.com>", "copilot"),
        ("Co-authored-by: aider (gpt-5) <noreply@aider.chat>", "aider"),
        ("Co-authored-by: opencode <noreply@opencode.ai>", "opencode"),
        ("Co-authored-by: Amp <amp@ampcode.com>", "amp"),
        ("Amp-Thread-ID: https://ampcode.com/threads/T-1", "amp"),
        ("Co-authored-by: gemini <218195315+gemini-cli@users.noreply.github.com>", "gemini-cli"),
        ("Assisted-by: Claude:claude-opus-4-8 coccinelle", "claude-code"),
        ("Assisted-by: Gemini CLI", "gemini-cli"),
        ("Generated-by: GitHub Copilot", "copilot"),
        ("Generated-by: codex <noreply@openai.com>", "codex"),
    ],
)
def test_an_assistant_is_known_by_its_trailer(line: str, assistant: str) -> None:
    marks = of_commit(
        f"Fix the login\n\nLong text.\n\n{line}\nSigned-off-by: Ada <ada@acme.test>\n"
    )
    assert (marks.assistants, marks.evidence) == ((assistant,), "trailer")


@pytest.mark.parametrize(
    "line",
    [
        "Co-authored-by: Claude Monet <claude@monet.example>",
        "Assisted-by: Claude Monet <claude@monet.example>",
        "Co-authored-by: Cursor",
        "Assisted-by: Ada Lovelace",
        "Signed-off-by: x <noreply@anthropic.com>",
        "Thanks to noreply@anthropic.com",
        "The query is made with cursors",
        "Co-authored-by: Copilot fan <copilot@acme.test>",
        "Co-authored-by: x <noreply@anthropic.com.evil.example>",
    ],
)
def test_a_person_and_a_mention_are_no_mark(line: str) -> None:
    assert of_commit(f"Fix\n\n{line}") == Marks()


def test_all_trailers_of_a_squashed_message_count() -> None:
    message = (
        f"Login (#12)\n\n* step one\n\n{CLAUDE}\n\n* step two\n\n"
        "Co-authored-by: Cursor <cursoragent@cursor.com>\r\n"
        f"{CLAUDE}\r\n"
    )
    assert of_commit(message).assistants == ("claude-code", "cursor")


def test_evidence_is_the_best_there_is() -> None:
    text = "🤖 Generated with [Claude Code](https://claude.com/claude-code)"
    assert of_commit(text).evidence == "text"
    assert of_commit(f"{text}\n\n{CLAUDE}").evidence == "trailer"
    bot = "198982749+Copilot@users.noreply.github.com"
    assert of_commit("x", author_email=bot) == Marks(("copilot",), "author")
    assert of_commit("x", author_name="Ada Lovelace (aider)") == Marks(("aider",), "author")
    labelled = of_request(text, labels=["bug", "Claude-Code-Assisted"])
    assert (labelled.assistants, labelled.evidence) == (("claude-code",), "label")
    assert of_request("x", author="copilot-swe-agent[bot]").assistants == ("copilot",)
    assert of_request("Made with [Cursor](https://cursor.com)").assistants == ("cursor",)


def test_marks_of_commits_and_request_come_together() -> None:
    commits = [of_commit(f"PAY-1 a\n\n{CLAUDE}"), of_commit("PAY-2 b")]
    own = of_request("Reverts acme/app#7\nMade with [Cursor](https://cursor.com)", repo=REPO)
    assert combined([own, *commits]) == Marks(
        ("claude-code", "cursor"), "trailer", (f"{REPO}#7", "PAY-1", "PAY-2"), f"{REPO}#7"
    )
    assert combined([]) == Marks()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("PAY-12: fix login", ("PAY-12",)),
        ("feature/PAY-12-two-factor", ("PAY-12",)),
        ("fix-PAY-12 and feature_PAY-13", ("PAY-12", "PAY-13")),
        ("PAY-12-2fa-login", ("PAY-12",)),
        ("[P2P-7] and (ABC_D-3), PAY-12.", ("P2P-7", "ABC_D-3", "PAY-12")),
        ("https://acme.example/browse/PAY-12?x=1 PAY-12", ("PAY-12",)),
        ("UTF-8, SHA-256, ISO-8859-1, AES-256, RFC-822, GPT-5, CVE-2024-1234, X86-64", ()),
        ("us-east-1 US-EAST-1 PAY-007 pay-12 A-1 PAY-12x PAY-12.3 XPAY- PAY-2024-11", ()),
        ("#12 &#39; x#y abc#5 #0 #12abc", (f"{REPO}#12",)),
        ("Closes #12, GH-13 and gh-14.", (f"{REPO}#12", f"{REPO}#13", f"{REPO}#14")),
        ("see Acme/Lib#5 and a/b/c#6", ("github.com/acme/lib#5", "github.com/a/b/c#6")),
        ("https://github.com/acme/app/pull/3#12", ()),
    ],
)
def test_issue_keys_are_found_and_false_friends_are_not(text: str, keys: tuple[str, ...]) -> None:
    assert issues(text, REPO) == keys


def test_a_number_alone_is_nobodys_without_a_repository() -> None:
    assert issues("Closes #12, PAY-3") == ("PAY-3",)


def test_reverts() -> None:
    sha = "0123456789abcdef0123456789abcdef01234567"
    message = f'Revert "Add login"\n\nThis reverts commit {sha}, reversing\nchanges made to 12ab.'
    assert of_commit(message).reverts == sha
    assert of_commit("This reverts commit abc.").reverts == ""
    assert of_request(f"This reverts commit {sha[:8]}.", repo=REPO).reverts == sha[:8]
    assert of_request("Reverts acme/app#123", repo=REPO).reverts == f"{REPO}#123"
    assert of_request("This reverts merge request !7", repo="git.example/a/b").reverts == (
        "git.example/a/b#7"
    )


def test_accounts_of_assistants_and_bots() -> None:
    assert assistant_of("Copilot") == "copilot"
    assert assistant_of("ada@acme.test") == ""
    assert is_bot("49699333+dependabot[bot]@users.noreply.github.com")
    assert is_bot("noreply@anthropic.com")
    assert not is_bot("175728472+ada@users.noreply.github.com")


def test_a_noreply_address_names_an_account() -> None:
    assert login_of("123+Ada@users.noreply.github.com") == "github:ada"
    assert login_of("12-ada@users.noreply.gitlab.com") == "gitlab:ada"
    assert login_of("ada@users.noreply.git.example") == ""
    assert login_of("49699333+dependabot[bot]@users.noreply.github.com") == ""
    assert login_of("ada@acme.test") == ""


def test_marks_are_written_in_lower_case_and_once() -> None:
    assert len({(place, mark) for _, place, mark in MARKS}) == len(MARKS)
    assert all(mark == mark.lower() for _, _, mark in MARKS)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/app.git",
        "https://ada:s3cr@t@github.com/acme/app",
        "https://github.com:443/acme/app.git/",
        "git@github.com:acme/app.git",
        "git@GitHub.com:/Acme/App.git",
        "ssh://git@github.com:22/acme/app/",
        "ssh://git@github.com/acme/app.git",
        "git://github.com/acme/app",
        " github.com/acme/app ",
    ],
)
def test_a_repository_has_one_spelling(url: str) -> None:
    assert repository(url) == REPO


def test_other_addresses() -> None:
    assert repository("") == ""
    assert repository("/srv/git/app.git") == "/srv/git/app"
    assert repository("file:///srv/git/app.git") == "/srv/git/app"
    assert repository("git@gitlab.example:group/sub/app.git") == "gitlab.example/group/sub/app"
