"""``policy check`` and ``policy show``."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.terminal import Options, command

app = typer.Typer()


@command(app, "check")
def check(options: Options) -> None:
    """Load the pack and run its cases: each rule permits one and denies one."""
    from gateway.flows.policy_pack import check_pack
    from gateway.wiring import read_pack

    pack = read_pack(options.settings().policies)
    results = check_pack(pack)
    failed = [result for result in results if not result.passed]
    lines = [
        f"{'ok  ' if r.passed else 'FAIL'} {r.case}{'' if r.passed else ': ' + '; '.join(r.problems)}" for r in results
    ]
    lines.append(f"{pack.catalogue.label[:48]}…: {len(results)} cases, {len(failed)} failed")
    cases = [{"id": r.case, "passed": r.passed, "problems": list(r.problems)} for r in results]
    options.emit({"pack": pack.catalogue.label, "cases": cases, "failed": len(failed)}, "\n".join(lines))
    if failed:
        raise typer.Exit(1)


@command(app, "show")
def show(
    options: Options,
    activities: Annotated[bool, typer.Option("--activities", help="The record of processing (Art. 30).")] = False,
) -> None:
    """Print the pack in force, or the record of processing activities made from it."""
    from gateway.flows.policy_pack import activities_of, describe_pack
    from gateway.wiring import read_pack

    pack = read_pack(options.settings().policies)
    result, words = activities_of(pack) if activities else describe_pack(pack)
    options.emit(result, words)
