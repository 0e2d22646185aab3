"""The command `steelyard`: which commands there are, and the one place where errors end.

Commands import what they need inside their function: `steelyard --help` must stay under 200 ms.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated

import typer

from steelyard import __version__
from steelyard.cli import (
    account,
    ask,
    config,
    demo,
    doctor,
    export,
    impact,
    impact_match,
    impact_plan,
    impact_pool,
    impact_power,
    impact_roi,
    impact_sensitivity,
    import_csv,
    import_otlp,
    import_transcripts,
    metrics,
    migrate,
    people,
    serve,
    source,
    store,
    talk,
    token,
    version,
)
from steelyard.cli.layout import ASK, IN, KEEP, RUN, Command, Group, examples
from steelyard.errors import SteelyardError, UsageError

INTERRUPTED = 130
LEVELS = {"-q": talk.QUIET, "--quiet": talk.QUIET, "-v": talk.VERBOSE, "--verbose": talk.VERBOSE}

app = typer.Typer(
    name="steelyard",
    cls=Group,
    help="Weighs what AI coding assistants return to an engineering organisation.",
    epilog=examples("steelyard serve", "steelyard ask spend_usd --by model"),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def group(name: str, sentence: str, panel: str) -> typer.Typer:
    """A command with commands below it."""
    below = typer.Typer(cls=Group, rich_markup_mode=None, no_args_is_help=True)
    app.add_typer(below, name=name, help=sentence, rich_help_panel=panel)
    return below


app.command("serve", cls=Command, epilog=serve.EXAMPLES, rich_help_panel=RUN)(serve.serve)
app.command("demo", cls=Command, epilog=demo.EXAMPLES, rich_help_panel=RUN)(demo.demo)
app.command("doctor", cls=Command, epilog=doctor.EXAMPLES, rich_help_panel=RUN)(doctor.doctor)
app.command("version", cls=Command, epilog=version.EXAMPLES, rich_help_panel=RUN)(version.version)

imports = group("import", "Import recorded telemetry, local transcripts or CSV files.", IN)
imports.command("otlp", cls=Command, epilog=import_otlp.EXAMPLES)(import_otlp.import_otlp)
imports.command("transcripts", cls=Command, epilog=import_transcripts.EXAMPLES)(
    import_transcripts.import_transcripts
)
imports.command("csv", cls=Command, epilog=import_csv.EXAMPLES)(import_csv.import_csv)

sources = group(
    "source", "Add, test, read and list the systems that people and work come from.", IN
)
sources.command("add", cls=Command, epilog=source.ADD_EXAMPLES)(source.add)
sources.command("kinds", cls=Command, epilog=source.KINDS_EXAMPLES)(source.kinds)
sources.command("list", cls=Command, epilog=source.LIST_EXAMPLES)(source.list_sources)
sources.command("test", cls=Command, epilog=source.TEST_EXAMPLES)(source.test)
sources.command("sync", cls=Command, epilog=source.SYNC_EXAMPLES)(source.sync)
sources.command("remove", cls=Command, epilog=source.REMOVE_EXAMPLES)(source.remove)

persons = group("people", "See who works here, whose identities are whose, and decide.", ASK)
persons.command("list", cls=Command, epilog=people.LIST_EXAMPLES)(people.list_people)
persons.command("show", cls=Command, epilog=people.SHOW_EXAMPLES)(people.show)
persons.command("review", cls=Command, epilog=people.REVIEW_EXAMPLES)(people.review)
persons.command("export", cls=Command, epilog=people.EXPORT_EXAMPLES)(people.export)
persons.command("forget", cls=Command, epilog=people.FORGET_EXAMPLES)(people.forget)
persons.command("coverage", cls=Command, epilog=people.COVERAGE_EXAMPLES)(people.coverage)

app.command("ask", cls=Command, epilog=ask.EXAMPLES, rich_help_panel=ASK)(ask.ask)
app.command("metrics", cls=Command, epilog=metrics.EXAMPLES, rich_help_panel=ASK)(metrics.metrics)

impacts = group(
    "impact", "Say whether assistants caused a change, how sure that is, and what it is worth.", ASK
)
impacts.command("plan", cls=Command, epilog=impact_plan.PLAN_EXAMPLES)(impact_plan.plan)
impacts.command("analyze", cls=Command, epilog=impact.ANALYZE_EXAMPLES)(impact.analyze)
impacts.command("power", cls=Command, epilog=impact_power.POWER_EXAMPLES)(impact_power.power)
impacts.command("match", cls=Command, epilog=impact_match.MATCH_EXAMPLES)(impact_match.match)
impacts.command("sensitivity", cls=Command, epilog=impact_sensitivity.SENSITIVITY_EXAMPLES)(
    impact_sensitivity.sensitivity
)
impacts.command("pool", cls=Command, epilog=impact_pool.POOL_EXAMPLES)(impact_pool.pool)
impacts.command("roi", cls=Command, epilog=impact_roi.ROI_EXAMPLES)(impact_roi.roi)

tokens = group("token", "Make, list and revoke the tokens that clients send.", KEEP)
tokens.command("create", cls=Command, epilog=token.CREATE_EXAMPLES)(token.create)
tokens.command("list", cls=Command, epilog=token.LIST_EXAMPLES)(token.list_tokens)
tokens.command("revoke", cls=Command, epilog=token.REVOKE_EXAMPLES)(token.revoke)

accounts = group("account", "Make, list and change who may sign in to the pages.", KEEP)
accounts.command("create", cls=Command, epilog=account.CREATE_EXAMPLES)(account.create)
accounts.command("list", cls=Command, epilog=account.LIST_EXAMPLES)(account.list_accounts)
accounts.command("role", cls=Command, epilog=account.ROLE_EXAMPLES)(account.role)
accounts.command("password", cls=Command, epilog=account.PASSWORD_EXAMPLES)(account.password)
accounts.command("disable", cls=Command, epilog=account.DISABLE_EXAMPLES)(account.disable)

configs = group("config", "Show the settings in force, or check them.", KEEP)
configs.command("show", cls=Command, epilog=config.SHOW_EXAMPLES)(config.show)
configs.command("validate", cls=Command, epilog=config.VALIDATE_EXAMPLES)(config.validate)

app.command("backup", cls=Command, epilog=store.BACKUP_EXAMPLES, rich_help_panel=KEEP)(store.backup)
app.command("restore", cls=Command, epilog=store.RESTORE_EXAMPLES, rich_help_panel=KEEP)(
    store.restore
)
app.command("migrate", cls=Command, epilog=migrate.EXAMPLES, rich_help_panel=KEEP)(migrate.migrate)
app.command("export", cls=Command, epilog=export.EXAMPLES, rich_help_panel=KEEP)(export.export)
app.command("rebuild", cls=Command, epilog=store.REBUILD_EXAMPLES, rich_help_panel=KEEP)(
    store.rebuild
)


@app.callback()
def common(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
) -> None:
    talk.set_level(talk.VERBOSE if verbose else talk.QUIET if quiet else talk.USUAL)


def run() -> None:
    """The console script."""
    # Estimators solve thousands of small systems: threads of the BLAS only get in each other's way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one command and give its exit code."""
    try:
        code = app(_levels_first(arguments), prog_name="steelyard", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`head`) has what it wanted; keep the interpreter from flushing into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (KeyboardInterrupt, typer.Abort):
        talk.say("Interrupted.")
        return INTERRUPTED
    except Exception as error:
        return _failed(error, arguments)
    return code if isinstance(code, int) else 0


def _failed(error: Exception, arguments: list[str]) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error, file=sys.stderr)
        return 2
    known = _known(error, arguments)
    if talk.is_verbose():
        traceback.print_exception(error)
    talk.complain(known, "json" in _formats(arguments))
    return known.exit_code


def _known(error: Exception, arguments: list[str]) -> SteelyardError:
    """Any error as one of ours: Typer's are about usage, all others are faults of the program."""
    if isinstance(error, SteelyardError):
        return error
    if isinstance(error, typer.TyperException):
        names = " ".join(_command_names(arguments))
        return UsageError(error.format_message(), f"See `{names} --help`.")
    return SteelyardError(
        f"Steelyard {__version__} failed unexpectedly: {type(error).__name__}: {error}.",
        "Run the command again with -v for the place in the program, and report it.",
    )


def _levels_first(arguments: list[str]) -> list[str]:
    """-q and -v may stand anywhere; Typer wants the common options before the command."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    levels = [word for word in arguments[:end] if word in LEVELS]
    return [*levels, *(w for w in arguments[:end] if w not in LEVELS), *arguments[end:]]


def _command_names(arguments: list[str]) -> list[str]:
    """`steelyard import csv` out of `import csv people FILE`, as far as the words are commands."""
    names, below = ["steelyard"], getattr(typer.main.get_command(app), "commands", {})
    for word in arguments:
        if word not in below:
            break
        names.append(word)
        below = getattr(below[word], "commands", {})
    return names


def _formats(arguments: list[str]) -> set[str]:
    """What --format says, even when the rest of the line could not be read."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    said = {value for option, value in pairs if option == "--format"}
    return said | {word.removeprefix("--format=") for word in arguments if "--format=" in word}
