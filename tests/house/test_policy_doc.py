"""docs/policy.md: every switch has its section, and every example loads into the policy that the page claims."""

import re
import shutil
from dataclasses import dataclass, fields, replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.actor import Role
from domain.case import Clock
from domain.catalogue import Urgency
from domain.clock import Limit, TimeUnit
from domain.commands import Verb
from domain.likeness import Likeness, Weights
from domain.petition import Matter
from domain.place import Level
from domain.plan import Alert, Plan, Share
from domain.policy import Ladder, LimitRule, OnSite, Policy, Reopening, SendBack, Steps
from domain.report import Source
from domain.task import Part
from domain.ticket import TicketPolicy, Tier
from runtime.citypack import load
from runtime.citypack.plans import AlertBlock, PlanRow, PlansFile, ShareRow, TriggerBlock
from runtime.citypack.policy import LadderBlock, LimitRow, PolicyBlock
from runtime.citypack.yaml import Section

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
DEMO, STANDARDS = ROOT / "deploy" / "citypacks" / "demo", ROOT / "deploy" / "standards"
NAMES = {
    kind.__name__: kind
    for kind in (
        Clock, Level, Limit, Matter, OnSite, Part, Reopening, Role, SendBack, Share, Source, Steps, Tier, TimeUnit,
        Urgency, Verb, time, timedelta
    )
}  # fmt: skip
# Parts of the policy, by the section that explains them; the page speaks of units where the code says shares.
PARTS: dict[str, tuple[type, ...]] = {
    "limits": (LimitRule,),
    "ladders": (Ladder,),
    "steps": (Steps,),
    "on_site": (OnSite,),
    "send_back": (SendBack,),
    "reopening": (Reopening,),
    "likeness": (Likeness, Weights),
    "tickets": (TicketPolicy,),
    "plans": (Plan, Share, Alert),
}
# Where the house says nothing, there is nothing to write down.
UNSAID = {"auto_admit_from", "rework_limit", "within", "within_m", "level", "calendar"}


@dataclass(frozen=True)
class Example:
    """The YAML of one example, and what it makes of the policy."""

    section: str
    blocks: tuple[str, ...]
    claims: tuple[str, ...]


def sections(page: str) -> dict[str, str]:
    """The text under each heading that names a switch."""
    found = re.split(r"^#{2,3} (.+)$", page, flags=re.MULTILINE)
    return {name: text for heading, text in zip(found[1::2], found[2::2], strict=True)
            for name in re.findall(r"`(\w+)`", heading)}  # fmt: skip


def examples(page: str) -> list[Example]:
    found: list[Example] = []
    for section, text in sections(page).items():
        blocks: list[str] = []
        for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            if language == "yaml":
                blocks.append(block)
            else:
                found.append(Example(section, tuple(blocks), tuple(block.splitlines())))
                blocks = []
        assert not blocks, f"{section} has an example that claims nothing"
    return found


def policy_of(blocks: tuple[str, ...], folder: Path) -> Policy:
    """The policy of the demo city if it says this and nothing else."""
    pack = Path(shutil.copytree(DEMO, folder / "pack", ignore=shutil.ignore_patterns("*.py", "__pycache__")))
    (pack / "plans.yaml").unlink()
    head = (pack / "pack.yaml").read_text(encoding="utf-8").partition("policy:\n")[0]
    (pack / "pack.yaml").write_text(head, encoding="utf-8")
    for block in blocks:
        match next(iter(yaml.safe_load(block))):
            case "plans":
                (pack / "plans.yaml").write_text(block, encoding="utf-8")
            case "others":
                with (pack / "calendar.yaml").open("a", encoding="utf-8") as calendar:
                    calendar.write(block)
            case _:
                said = "".join(f"  {line}\n" for line in block.splitlines())
                (pack / "pack.yaml").write_text(f"{head}policy:\n{said}", encoding="utf-8")
    return load(pack, STANDARDS).policy


def holds(claim: str, policy: Policy) -> bool:
    try:
        return bool(eval(claim, {"__builtins__": {}, **NAMES}, {"policy": policy}))  # noqa: S307  (our own page)
    except (AttributeError, LookupError):
        return False


def house(policy: Policy) -> Policy:
    """The policy of a city that says nothing, on the same calendar."""
    return Policy(policy.calendar)


@pytest.mark.parametrize("example", examples(PAGE), ids=lambda example: example.section)
def test_an_example_makes_the_policy_it_claims(example: Example, tmp_path: Path) -> None:
    policy = policy_of(example.blocks, tmp_path)

    assert [claim for claim in example.claims if not holds(claim, policy)] == []
    assert not all(holds(claim, house(policy)) for claim in example.claims), "an example changes something"


def test_every_switch_has_its_section_with_an_example_and_the_houses_value() -> None:
    switches = {field.name for field in fields(Policy)}
    told = sections(PAGE)

    assert told.keys() == switches
    assert {example.section for example in examples(PAGE)} | {"calendar"} == switches
    assert [name for name, text in told.items() if "House:" not in text and name != "calendar"] == []
    assert [name for name, text in told.items() if "«" not in text and name != "calendar"] == []


@pytest.mark.parametrize("section", PARTS)
def test_every_part_of_a_switch_is_told_in_its_section(section: str) -> None:
    named = set(re.findall(r"`(\w+)`", sections(PAGE)[section]))

    assert {field.name for kind in PARTS[section] for field in fields(kind)} <= named


def written_out() -> str:
    """The YAML of the page's last section."""
    return PAGE.partition("## The house's policy")[2].partition("```yaml\n")[2].partition("```")[0]


def test_the_houses_policy_is_as_it_is_written_out(tmp_path: Path) -> None:
    policy = policy_of((written_out(),), tmp_path)

    assert replace(policy, limits=()) == replace(house(policy), limits=())
    assert set(policy.limits) == set(house(policy).limits)


def keys(kind: type[Section]) -> set[str]:
    """All keys under a block, its own and those of the blocks in it."""
    inner = [field.annotation for field in kind.model_fields.values()]
    blocks = [block for block in inner if isinstance(block, type) and issubclass(block, Section)]
    return set(kind.model_fields).union(*map(keys, blocks))


def mentioned(said: Any) -> set[str]:
    """All keys in a piece of YAML."""
    if isinstance(said, dict):
        return set(said).union(*map(mentioned, said.values()))
    return set().union(*map(mentioned, said)) if isinstance(said, list) else set()


def test_every_key_stands_in_an_example_and_in_the_policy_written_out() -> None:
    policy = keys(PolicyBlock) | keys(LimitRow) | keys(LadderBlock)
    blocks: tuple[type[Section], ...] = (PlansFile, PlanRow, TriggerBlock, ShareRow, AlertBlock)
    plans = set().union(*map(keys, blocks))
    shown = set().union(*(mentioned(yaml.safe_load(block)) for each in examples(PAGE) for block in each.blocks))
    whole = mentioned(yaml.safe_load(written_out()))

    assert (len(policy) > 40, len(plans) > 15) == (True, True), "the search finds nothing any more"
    assert (policy | plans) - shown == set()
    assert policy - whole == UNSAID


def test_the_search_would_find_a_false_claim(tmp_path: Path) -> None:
    page = PAGE.replace("policy.extensions == 1\n", "policy.extensions == 7\n")
    example = next(each for each in examples(page) if each.section == "extensions")

    assert not holds(example.claims[0], policy_of(example.blocks, tmp_path))
