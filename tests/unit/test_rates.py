"""Who is held to which rate: people to a person's, machines to their contract, danger to life to a purse of its own."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.auth import ROUTES
from api.limits import SECOND, Rate, RateLimited, rates
from api.rates import DEPARTMENT, OPEN, PERSON, Contract, Rates, contract_of, network
from domain.actor import Actor, Role
from domain.errors import Invalid
from runtime.citypack import load
from runtime.settings import ROOT
from tests.demo_city import pack

DEMO, STANDARDS = ROOT / "deploy" / "citypacks" / "demo", ROOT / "deploy" / "standards"
INSPECTOR = Actor("inspector-1", Role.INSPECTOR)


@dataclass(slots=True)
class Clock:
    now: int = 0

    def __call__(self) -> int:
        return self.now


def door(clock: Clock, factor: float = 1.0, **contracts: Contract) -> Rates:
    known = {name.replace("_", "-"): contract for name, contract in contracts.items()}
    return Rates(known, rates("5/min|30/day"), factor, clock)


def calm() -> bool:
    return False


def danger() -> bool:
    return True


def test_a_person_has_sixty_commands_a_minute_and_six_hundred_looks() -> None:
    clock = Clock()
    held = door(clock, inspector_1=PERSON)
    for _ in range(60):
        held.asked(INSPECTOR, "PUT /v1/presence")
    with pytest.raises(RateLimited) as told:
        held.asked(INSPECTOR, "PUT /v1/presence")
    assert told.value.headers == {
        "Retry-After": "1",
        "RateLimit-Policy": '"commands";q=60;w=60',
        "RateLimit": '"commands";r=0;t=1',
    }
    for _ in range(600):
        held.asked(INSPECTOR, "GET /v1/cases")
    with pytest.raises(RateLimited):
        held.asked(INSPECTOR, "GET /v1/cases/{no}")
    clock.now += told.value.wait * SECOND
    held.asked(INSPECTOR, "PUT /v1/presence")


def test_a_batch_counts_as_the_reports_in_it() -> None:
    clock = Clock()
    held = door(clock, inspector_1=PERSON)
    held.reported("inspector-1", 500, calm)
    with pytest.raises(RateLimited):
        held.reported("inspector-1", 2, calm)
    clock.now += 2 * SECOND
    held.reported("inspector-1", 2, calm)


def test_danger_to_life_is_not_turned_away_for_what_was_asked_before() -> None:
    held = door(Clock(), inspector_1=PERSON)
    held.reported("inspector-1", 500, calm)
    with pytest.raises(RateLimited):
        held.reported("inspector-1", 1, calm)
    for _ in range(500):
        held.reported("inspector-1", 1, danger)
    with pytest.raises(RateLimited, match="urgent"):
        held.reported("inspector-1", 1, danger)


def test_nobody_is_known_by_his_address() -> None:
    clock = Clock()
    held = door(clock)
    for _ in range(5):
        held.reported_by_nobody("203.0.113.7", calm)
    with pytest.raises(RateLimited) as told:
        held.reported_by_nobody("203.0.113.7", calm)
    assert told.value.wait == 12
    held.reported_by_nobody("203.0.113.8", calm)
    held.reported_by_nobody("203.0.113.7", danger)


def test_pieces_of_an_upload_are_not_commands() -> None:
    held = door(Clock(), inspector_1=PERSON)
    for _ in range(1000):
        held.asked(INSPECTOR, "PATCH /v1/attachments/{attachment_id}")
        held.asked(INSPECTOR, "HEAD /v1/attachments/{attachment_id}")


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_is_counted_but_those_that_are_counted_elsewhere(route: str) -> None:
    one = Rate(1, 60, 1)
    held = door(Clock(), inspector_1=Contract((one,), (one,), (one,)))
    held.asked(INSPECTOR, route)
    if route.endswith("/v1/attachments/{attachment_id}") and not route.startswith("GET"):
        held.asked(INSPECTOR, route)
    elif route in ("POST /v1/reports", "POST /v1/reports:batch"):
        held.reported("inspector-1", 1, calm)
        with pytest.raises(RateLimited):
            held.reported("inspector-1", 1, calm)
    else:
        with pytest.raises(RateLimited):
            held.asked(INSPECTOR, route)


def test_a_factor_makes_everybody_quicker_and_nought_makes_everybody_free() -> None:
    quick, free = door(Clock(), 10.0, inspector_1=PERSON), door(Clock(), 0.0, inspector_1=PERSON)
    for _ in range(600):
        quick.asked(INSPECTOR, "PUT /v1/presence")
    with pytest.raises(RateLimited):
        quick.asked(INSPECTOR, "PUT /v1/presence")
    for _ in range(2000):
        free.asked(INSPECTOR, "PUT /v1/presence")
        free.reported("inspector-1", 500, calm)
        free.reported_by_nobody("203.0.113.7", calm)


@pytest.mark.parametrize(
    ("address", "sender"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("testclient", "unknown"),
        ("", "unknown"),
    ],
)
def test_one_sender_is_one_address_or_one_house(address: str, sender: str) -> None:
    assert network(address) == sender


def test_roles_have_their_usual_contracts() -> None:
    of = {client.id: client.contract for client in pack().clients}
    assert of["inspector-1"] == of["desk-1"] == of["viewer-1"] == PERSON
    assert of["unit-gas"] == DEPARTMENT
    assert of["hotline-12345"] == OPEN
    assert contract_of(Role.HOTLINE, rates("10/s")) == Contract(rates("10/s"), rates("10/s"), ())


def with_clients(folder: Path, *rows: str) -> Path:
    """The demo city with these clients only."""
    left = shutil.ignore_patterns("*.py", "__pycache__", "responsibility_*")  # other tables name clients too
    own = Path(shutil.copytree(DEMO, folder / "pack", ignore=left))
    table = "\n".join(["id,name,role,unit,areas,rate,burst,reads", *rows])
    (own / "clients.csv").write_text(f"{table}\n", encoding="utf-8")
    return own


def test_a_contract_stands_in_the_table_of_clients(tmp_path: Path) -> None:
    rows = ("bridge-iot,桥梁监测平台,hotline,,,10/s|20000/天,200,不限", "desk-1,受理席,desk,,,,,")
    of = {client.id: client.contract for client in load(with_clients(tmp_path, *rows), STANDARDS).clients}
    both = (Rate(10, 1, 200), Rate(20_000, 86_400, 20_000))
    assert of == {"bridge-iot": Contract(both, both, ()), "desk-1": PERSON}


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ("ten,,", "rate-invalid"),
        ("10/week,,", "rate-invalid"),
        ("10/s,x,", "number-invalid"),
        ("10/s,0,", "number-invalid"),
        (",20,", "burst-without-rate"),
        ("不限,20,", "burst-without-rate"),
        ("10/s,,often", "rate-invalid"),
    ],
)
def test_a_contract_nobody_can_read_is_a_fault_of_the_pack(tmp_path: Path, cells: str, code: str) -> None:
    folder = with_clients(tmp_path, f"bridge-iot,桥梁监测平台,hotline,,,{cells}")
    with pytest.raises(Invalid) as told:
        load(folder, STANDARDS)
    assert [(fault.pointer, fault.code) for fault in told.value.faults] == [("clients.csv:2", code)]
