"""The tables at the end of the day."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from runtime.citypack.words import WORDS
from runtime.demo.account import Account
from runtime.demo.figures import NOBODY, Figures, Heard, percentile
from runtime.demo.line import Plain
from runtime.demo.matters import Matters, Tickets
from runtime.demo.sensor_account import SensorAccount

_SHOWN = 12

STATES = {str(state): word for state, word in WORDS["state"].items()}
STAGES = {str(clock): f"{word} ({clock})" for clock, word in WORDS["clock"].items()}


def accounting(account: Account, record: Mapping[str, int]) -> Table:
    """Every report of the run, and all reports on record (earlier runs included) by the database's own count."""
    table = Table(title="Every report accounts for itself", title_justify="left")
    table.add_column("")
    table.add_column("this run", justify="right")
    table.add_column("on record", justify="right")

    def line(words: str, mine: int, all_runs: str = "") -> None:
        table.add_row(words, f"{mine:,}", all_runs, style="bold red" if words.startswith("! ") else None)

    def bad(words: str, mine: int) -> None:
        line(f"! {words}" if mine else words, mine)

    line("sent by the simulated city", account.sent)
    line("= received", account.received, f"{record['received']:,}")
    line("+ sent again, counted once", account.again)
    line("+ refused with reason", account.refused)
    bad("+ lost", account.lost)
    table.add_section()
    line("received = filed as a case", account.filed, f"{record['filed']:,}")
    line("+ joined to a case of the same incident", account.joined, f"{record['joined']:,}")
    line("+ awaiting the desk", account.at_desk, f"{record['at_desk']:,}")
    line("+ not accepted, with reason", account.not_accepted, f"{record['not_accepted']:,}")
    line("+ not filed yet", account.not_filed_yet, f"{record['not_filed_yet']:,}")
    bad("counted twice", account.doubled)
    return table


def measured(account: SensorAccount) -> Table:
    """What the sensors sent, and what it came to."""
    table = Table(title="Sensors", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    tally, reports = account.tally, account.reports

    def line(words: str, *counts: int, bad: bool = False) -> None:
        told = " / ".join(f"{count:,}" for count in counts)
        table.add_row(f"! {words}" if bad else words, told, style="bold red" if bad else None)

    line("readings sent", account.sent)
    line("= kept", tally.kept)
    line("+ of devices nobody registered, counted", tally.unknown)
    line("+ lost", account.lost, bad=account.lost != 0)
    line("kept: repeated by a gateway, judged once", tally.again)
    table.add_section()
    line("报警 alarms: raised / cleared", tally.raised, tally.cleared)
    line("incidents they are witnesses of / of these part of another", tally.incidents, tally.absorbed)
    line("witnesses of the greatest incident", tally.witnesses)
    line("incidents the city was not told of", account.untold, bad=account.untold != 0)
    table.add_section()
    line("reports of incidents, and of their climbing", reports.received)
    line("= filed as a case", reports.filed)
    line("+ joined to a case of the same incident", reports.joined)
    line("+ awaiting the desk / not accepted", reports.at_desk, reports.not_accepted)
    line("+ not filed yet", reports.not_filed_yet, bad=reports.not_filed_yet > 0)
    line("cases they are behind", len(reports.cases))
    over, noted = tally.recovered, tally.noted
    line("自动恢复 incidents over / noted on the case", over, noted, bad=noted != over)
    return table


def departments(found: Figures) -> Table:
    """Cases by lead department and state."""
    table = Table(
        title="Cases by department and state", title_justify="left", box=SIMPLE_HEAD, show_edge=False, padding=0
    )
    table.add_column("主办部门", no_wrap=True)
    present = [state for state in STATES if any(own == state for _, own in found.departments)]
    for state in present:
        table.add_column(STATES[state], justify="right")
    table.add_column("合计", justify="right")
    totals = {unit: sum(n for (own, _), n in found.departments.items() if own == unit) for unit, _ in found.departments}
    for unit in sorted(totals, key=lambda unit: (unit == NOBODY, -totals[unit], unit)):
        counts = (found.departments[unit, state] for state in present)
        name = "（受理席）" if unit == NOBODY else unit
        table.add_row(name, *(str(count) if count else "" for count in counts), str(totals[unit]))
    table.add_section()
    sums = (sum(n for (_, own), n in found.departments.items() if own == state) for state in present)
    table.add_row("合计", *map(str, sums), str(found.cases))
    return table


def performance(found: Figures, account: Account, heard: Heard, conflicts: int) -> Table:
    """How fast, how often back, how often late, and why records were refused."""
    table = Table(title="The day in figures", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for words, waited in (("by the rulebook", found.by_rule), ("with a person's help", found.by_hand)):
        p50, p99 = percentile(waited, 0.5), percentile(waited, 0.99)
        table.add_row(f"sent → dispatched {words} ({len(waited)})", f"p50 {p50:,.0f} ms   p99 {p99:,.0f} ms")
    table.add_row("sent back by departments", str(found.send_backs))
    table.add_row("reworks after a failed check", str(found.reworks))
    table.add_row("cases with a missed limit", f"{found.overdue} of {found.cases}")
    for stage, count in found.missed.most_common():
        table.add_row(f"  missed {STAGES[stage]}", str(count))
    table.add_row("actions told to look again (409)", str(conflicts))
    table.add_row("live stream: events heard", f"{heard.events:,}")
    table.add_row(f"live stream: missed / twice, {heard.breaks} line break", f"{heard.missed} / {heard.twice}")
    for code, count in sorted(account.reasons.items()):
        table.add_row(f"refused: {code}", str(count))
    return table


def practice(found: Matters, tickets: Tickets) -> Table:
    """What people asked of cases beside the straight road, what they were told, and what callers got."""
    table = Table(title="Asked, ordered, answered", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows: tuple[tuple[str, tuple[int, ...]], ...] = (
        ("延期 extensions: asked / granted", (found.extensions, found.extended)),
        ("挂账 suspensions: granted / resumed", (found.suspended, found.resumed)),
        ("督办 supervised: reply asked / replied", (found.supervised, found.replied)),
        ("并单 duplicates merged", (found.merged,)),
        (
            "回访 call-backs: made / contacted / solved / satisfied",
            (found.called, found.contacted, found.solved, found.satisfied),
        ),
        ("重办 re-opened after a call-back", (found.reopened,)),
        ("热线工单 tickets: opened / caller spoken to", (tickets.tickets, tickets.contacted)),
        ("热线工单 tickets: answered / in time", (tickets.answered, tickets.in_time)),
    )
    for words, counts in rows:
        table.add_row(words, " / ".join(f"{count:,}" for count in counts))
    return table


def unfinished(cases: Sequence[Plain]) -> Table:
    """Cases nobody finished, the oldest first: where each stands and whose turn it is."""
    table = Table("案件", "状态", "主办", "更新", "类别", title=f"{len(cases)} cases unfinished", title_justify="left")
    for case in sorted(cases, key=lambda case: str(case["opened_at"]))[:_SHOWN]:
        category = case["category"]["code"] if case["category"] else ""
        table.add_row(case["no"], case["state_name"], case["unit_name"] or NOBODY, case["updated_at"][11:19], category)
    return table


def verdict(out: Console, account: Account, sensors: SensorAccount, *, in_time: bool, heard: Heard) -> bool:
    """Say in one line where everything is; returns whether all of it accounts, and the day ended in time."""
    sums = (
        f"in {account.sent} = filed {account.filed} + joined {account.joined} + awaiting the desk {account.at_desk}"
        f" + not accepted {account.not_accepted} + sent again {account.again} + refused with reason {account.refused};"
        f" lost {account.lost}, doubled {account.doubled}"
    )
    books = account.balanced and sensors.balanced and heard.missed == heard.twice == 0
    out.print(sums, highlight=False, soft_wrap=True)
    tally = sensors.tally
    out.print(
        f"{sensors.sent} readings = kept {tally.kept} + of unknown devices {tally.unknown}; {tally.raised} alarms,"
        f" {tally.incidents} incidents, untold {sensors.untold}, lost {sensors.lost}",
        highlight=False,
        soft_wrap=True,
    )
    out.print("[bold green]every report accounts[/]" if books else "[bold red]the books do not balance[/]")
    if not in_time:
        out.print("[bold red]the day did not end in time[/]: see the cases unfinished")
    return books and in_time
