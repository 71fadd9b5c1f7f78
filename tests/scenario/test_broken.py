"""Every kind of broken scenario file gives one clear message at the right line, and nothing else."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from agorasim.scenario import ScenarioError, load, loads

#: name: (what stands in the base scenario, what to put there, fragments of the message). A comment `#!` marks the line
#: that the message must name; without one it is the first line that differs.
CASES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    # the text itself
    "tab": ("  days: 60", "\tdays: 60", ("tab", "spaces")),
    "never closed quote": ("name: base", "name: 'base", ("quotation mark", "never closed")),
    "never closed bracket": ("outcomes: {primary: profit, interval: 0.9}", "outcomes: {primary: profit", ("'{'",)),
    "two keys on a line": ("  days: 60", "  days: 60 warmup: 3", ("YAML syntax", "indentation")),
    "key without a colon": ("seed: 3", "seed", ("'key: value'",)),
    "indentation": ("  days: 60", "   days: 60", ("YAML syntax",)),
    "control character": ("name: base", "name: ba\x07se", ("U+0007",)),
    "duplicate key": ("  days: 60", "  days: 60\n  days: 70 #!", ("calendar.days", "duplicate key", "line 7")),
    "duplicate brand": ("outcomes:", "  alfa: {} #!\noutcomes:", ("brands.alfa", "duplicate key", "line 40")),
    "second document": ("outcomes:", "---\noutcomes:", ("second document",)),
    "YAML 1.1": ("schema_version: 1", "%YAML 1.1\n---\nschema_version: 1", ("YAML 1.2",)),
    "python tag": ("seed: 3", "seed: !!python/object/apply:os.system [id]", ("!!python/object/apply:os", "refused")),
    "unknown tag": ("    young: {share", "    young: !who {share", ("population.segments.young", "!who", "refused")),
    "tag that does not fit": ("seed: 3", "seed: !!int three", ("!!int",)),
    "unknown alias": ("seed: 3", "seed: *three", ("seed", "*three")),
    "alias inside its anchor": ("    old: {share: 0.6}", "    old: &o {share: 0.6, use: *o}", ("*o", "inside")),
    "key that is no text": ("seed: 3", "? [1, 2]\n: 3\nseed: 3", ("key must be plain text",)),
    "merge of a number": ("    old: {share: 0.6}", "    old: {<<: 3, share: 0.6}", ("<<",)),
    "infinite": ("budget: 50", "budget: .inf", ("brands.beta.budget", "not a finite number")),
    "not a number": ("share: 0.3", "share: .nan", ("brands.beta.policy.share", "not a finite number")),
    "beyond floats": ("budget: 50", "budget: 1e999", ("too large",)),
    "beyond 64 bits": ("seed: 3", "seed: " + "9" * 5000, ("too large",)),
    "half a character": ("阿尔法", '"\\ud83d" #', ("brands.alfa.label", "Unicode")),
    # keys and values
    "unknown key at the top": ("seed: 3", "sead: 3", ("unknown key 'sead'", "did you mean 'seed'?")),
    "unknown key below a dict": ("share: 0.6", "shaer: 0.6", ("segments.old.shaer", "did you mean 'share'?")),
    "unknown key, nothing near": ("seed: 3", "qqq: 3", ("unknown key 'qqq'", "expected one of", "calendar")),
    "unknown key of a generator": ("rewire", "rewier", ("generator.rewier", "did you mean 'rewire'?")),
    "key of another generator": ("rewire: 0.1", "links: 3", ("generator.links", "unknown key", "degree")),
    "unknown generator": ("watts_strogatz", "wats_strogatz", ("generator.kind", "did you mean 'watts_strogatz'?")),
    "generator without a kind": ("kind: watts_strogatz, ", "", ("generator.kind", "missing", "erdos_renyi")),
    "layer from nowhere": ("      generator: {", "      strength: 1 #{", ("layers.friends", "exactly one of")),
    "unknown kind of touchpoint": ("kind: own_site", "kind: ownsite", ("touchpoints.site.kind", "'own_site'?")),
    "wrong type": ("size: 500", "size: many", ("population.size", "'many'", "whole number from 1 to 50000000")),
    "underscores": ("size: 500", "size: 5_000", ("'5_000'", "did you mean 5000?")),
    "per cent": ("interval: 0.9", "interval: 90%", ("outcomes.interval", "did you mean 0.9?")),
    "part of a person": ("size: 500", "size: 500.5", ("wrong type (got 500.5)", "whole number")),
    "yes": ("store: true", "store: yes", ("avoidable.store", "true or false", "did you mean 'true'?")),
    "number for a name": ("name: base", "name: 12", ("wrong type (got 12)", "a name")),
    "nothing for a mapping": ("    old: {share: 0.6}", "    old:", ("segments.old", "got nothing", "mapping")),
    "list for a mapping": ("{town: 1}", "[town]", ("young.regions", "a list of 1", "mapping")),
    "out of range": ("transmit: 0.2", "transmit: 1.2", ("word_of_mouth.transmit", "got 1.2", "from 0 to 1")),
    "more than can be moved": ("transmit: 0.2", "good: 1.5", ("word_of_mouth.good", "got 1.5", "from 0 to 1")),
    "more than a shelf holds": ("stock: 50", "stock: 10000000000000", ("places.corner.stock", "from 0 to 1000000000")),
    "negative": ("price: 9}", "price: -9}", ("product.price", "got -9", "at least 0")),
    "list too short": ("[1, 1, 1, 1, 1, 1.5, 1.5]", "[1, 1]", ("calendar.weekday", "a list of 2", "a list of 7")),
    "wrong entry of a list": ("closed: [6]", "closed: [5, 7]", ("places.corner.closed.1", "got 7", "from 0 to 6")),
    "unusable name": ("    old:", "    'old & wise':", ("'old & wise'", "letters, digits")),
    "no such date": ("start: 2026-01-05", "start: 2026-02-30", ("calendar.start", "'2026-02-30'", "no such day")),
    "date in words": ("start: 2026-01-05", "start: tomorrow", ("calendar.start", "'tomorrow'", "2026-11-11")),
    "no such festival date": ("start: 2026-02-01", "start: 2026-13-01", ("festivals.big.start", "no such day")),
    "no such season day": ('start: "06-01"', 'start: "02-30"', ("seasons.summer.start", "no such day")),
    "no such event date": ("{2026-02-01: 2}", "{2026-02-31: 2}", ("touchpoints.fair.dates", "no such day")),
    "nothing left to count": ("days: 60", "days: 15", ("calendar", "15")),
    "newer format": ("schema_version: 1", "schema_version: 2", ("schema_version", "newer")),
    "older format": ("schema_version: 1", "schema_version: 0", ("schema_version", "older")),
    "format in words": ("schema_version: 1", "schema_version: one", ("schema_version", "whole number 1")),
    "required key": ("name: base\n", "", ("name", "missing")),
    "unknown policy": ("name: fixed_plan", "name: fixt_plan", ("alfa.policy.name", "did you mean 'fixed_plan'?")),
    "unknown setting": ("      share: 0.3", "      shore: 0.3", ("policy.shore", "unknown key", "'share'?")),
    "wrong setting": ("      share: 0.3", "      share: 3", ("brands.beta.policy.share", "got 3", "below 1")),
    # names and kinds across the file
    "unknown region": ("{town: 1}", "{twon: 1}", ("young.regions.twon", "unknown region", "'town'?")),
    "unknown touchpoint in use": ("{social: 0.8}", "{socal: 0.8}", ("use.socal", "unknown touchpoint", "'social'?")),
    "unknown touchpoint of a shop": ("touchpoint: store", "touchpoint: stoer", ("corner.touchpoint", "'store'?")),
    "shop without shops": ("touchpoint: store", "touchpoint: site", ("corner.touchpoint", "no shops", "partner")),
    "unknown brand of a shop": ("brand: alfa", "brand: alpha", ("places.corner.brand", "unknown brand", "'alfa'?")),
    "sells on media": ("site: {delivery_days", "social: {delivery_days", ("sells.social", "does not sell", "own_site")),
    "owns media": ("owns: {store: 0.5", "owns: {social: 0.5", ("alfa.owns.social", "not owned", "store")),
    "cost of what is not there": ("fixed_costs: {store", "fixed_costs: {stor", ("fixed_costs.stor", "'store'?")),
    "plan on what sells no media": ("plan: {search: 40", "plan: {store: 40", ("policy.plan.store", "no media money")),
    "plan on what is not there": ("plan: {search: 40", "plan: {serch: 40", ("policy.plan.serch", "'search'?")),
    "mix on what is not there": ("mix: {social", "mix: {socail", ("policy.mix.socail", "'social'?")),
    "shop named like a seller": ("  corner:", "  site:", ("places.site", "rename")),
    "dates without an event": ("social: {kind: social}", "social: {kind: social, capacity: 3}", ("only an event",)),
    "nobody anywhere": ("share: 1}", "share: 0}", ("population.regions", "add up to 0")),
    "adoption of what is bought again": ("rule: cascade", "rule: hazard", ("word_of_mouth.rule", "durable")),
    "messages in a complete graph": (
        "{kind: watts_strogatz, degree: 6, rewire: 0.1}", "{kind: complete}", ("complete graph", "contact"),
    ),
    "unknown metric": ("primary: profit", "primary: profits", ("outcomes.primary", "did you mean 'profit'?")),
    # files
    "missing file": ("generator: {", "file: none.txt #{", ("friends.file", "no such file", "'none.txt'")),
    "file outside": ("generator: {", "file: ../x.txt #{", ("friends.file", "outside the scenario's folder")),
    "absolute file": ("generator: {", "file: /etc/passwd #{", ("outside the scenario's folder", "--allow-outside")),
    "folder for a file": ("generator: {", "file: . #{", ("friends.file", "is a folder")),
    "file with a zero byte": ("generator: {", 'file: "a\\0b" #{', ("friends.file", "not a usable path")),
}  # fmt: skip


def broken(base: str, old: str, new: str) -> tuple[str, int]:
    """The base scenario with one thing replaced, and the line that a message must name."""
    assert base.count(old) >= 1, old
    text = base.replace(old, new, 1)
    lines = text.splitlines()
    if "#!" in text:
        return text, next(k for k, line in enumerate(lines, 1) if "#!" in line)
    pairs = enumerate(zip(lines, base.splitlines(), strict=False), 1)
    return text, next((k for k, (a, b) in pairs if a != b), len(lines))


#: Where the message rightly names another line than the first that differs.
ELSEWHERE = {
    "nothing left to count": 5,  # days, warm-up and cool-down together
    "layer from nowhere": 24,
    "required key": 1,
    "nobody anywhere": 17,
}


@pytest.mark.parametrize("name", CASES)
def test_one_message_at_the_right_line(name: str, base: str, tmp_path: Path) -> None:
    old, new, fragments = CASES[name]
    text, line = broken(base, old, new)
    file = tmp_path / "team.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(file)
    message = str(caught.value)
    assert len(caught.value.problems) == 1, message
    first, last = message.splitlines()
    assert first.startswith(f"{file}:{ELSEWHERE.get(name, line)}: "), message
    for fragment in fragments:
        assert fragment in first, message
    assert last == f"1 problem in {file}"
    assert len(first) < len(str(file)) + 400
    assert first.isprintable()
    assert [p.name for p in tmp_path.iterdir()] == ["team.yaml"]


def test_the_base_is_right(base: str) -> None:
    assert loads(base).brands["alfa"].label == "阿尔法 <&> 🍵"


def test_every_mistake_at_once_in_the_order_of_the_file(base: str) -> None:
    """Wrong text, wrong values and wrong references together; what only follows from another mistake is not told."""
    text = base
    for old, new in (
        ("seed: 3", "seed: 3\nseed: 4"),
        ("size: 500", "size: lots"),
        ("kind: own_site", "kind: ownsite"),  # beta's listing on it is not to blame
        ("kind: repeat", "kind: durabel"),
        ("brand: alfa", "brand: alpha"),
        ("plan: {search: 40", "plan: {serch: 40"),
        ("share: 0.3", "share: .nan"),
    ):
        text = text.replace(old, new, 1)
    with pytest.raises(ScenarioError) as caught:
        loads(text, source="team.yaml")
    told = [(p.line, ".".join(map(str, p.path))) for p in caught.value.problems]
    assert told == [
        (5, "seed"),
        (17, "population.size"),
        (31, "touchpoints.site.kind"),
        (35, "places.corner.brand"),
        (37, "category.kind"),
        (48, "brands.alfa.policy.plan.serch"),
        (56, "brands.beta.policy.share"),
    ]
    assert str(caught.value).splitlines()[-1] == "7 problems in team.yaml"


def test_more_than_fifty_mistakes_are_counted(base: str) -> None:
    wrong = "".join(f"    s{k}: {{share: -1}}\n" for k in range(60))
    with pytest.raises(ScenarioError) as caught:
        loads(base.replace("    old: {share: 0.6}\n", wrong))
    lines = str(caught.value).splitlines()
    assert lines[-2:] == ["... and 10 more", "60 problems in <text>"]
    assert len(lines) == 52


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (b"", "empty"),
        (b"# nothing but a comment\n", "empty"),
        (b"- a\n- b\n", "not a scenario (got a list of 2)"),
        (b"just text", "not a scenario"),
        (b"name: x\nlabel: \xff\xfe\n", ":2: not UTF-8 text (byte 0xFF)"),
        ("name: x\n".encode("utf-16"), ":1: not UTF-8"),
        (b"#" * (1 << 20) + b"\n", "larger than 1 MiB"),
    ],
)
def test_files_that_are_no_scenario(content: bytes, fragment: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(content)
    with pytest.raises(ScenarioError, match=re.escape(fragment)) as caught:
        load(file)
    assert len(caught.value.problems) == 1


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ScenarioError, match="not a file"):
        load(tmp_path / "pipe.yaml")


def test_a_byte_order_mark_is_no_mistake(base: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + base.encode())
    assert load(file).name == "base"


def test_paths_that_are_no_file(tmp_path: Path, base: str) -> None:
    (tmp_path / "coffee.yaml").write_text(base, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"no such file.*did you mean .*coffee\.yaml"):
        load(tmp_path / "cofee.yaml")
    with pytest.raises(ScenarioError, match=r"is a folder.*coffee\.yaml"):
        load(tmp_path)
    with pytest.raises(ScenarioError, match="not a usable path"):
        load("a\0b")
    with pytest.raises(ScenarioError, match="not a usable path"):
        load("")


def bomb(levels: int, width: int) -> str:
    lines = ["a0: &a0 [" + ", ".join("x" * width) + "]"]
    lines += [f"a{k}: &a{k} [" + ", ".join([f"*a{k - 1}"] * width) + "]" for k in range(1, levels)]
    return "name: x\n" + "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        (bomb(9, 9), "aliases repeat this to more than 100,000 values"),
        (bomb(100, 1), "aliases nest this more than 64 levels deep"),
        (
            "m0: &m0 {a: 1}\n" + "".join(f"m{k}: &m{k} {{a: *m{k - 1}, b: *m{k - 1}}}\n" for k in range(1, 40)),
            "aliases",
        ),
        ("name: x\nbrands: " + "[" * 5000, "nested more than 64 levels deep"),
        ("name: x\nbrands: " + "{a: " * 5000, "nested more than 64 levels deep"),
        ("\n".join(" " * k + "a:" for k in range(500)), "nested more than 64 levels deep"),
    ],
    ids=["wide", "deep", "mappings", "brackets", "braces", "blocks"],
)
def test_bombs_are_refused_before_they_go_off(text: str, fragment: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(fragment)):
        loads(text)


def test_aliases_and_merge_keys_within_reason(base: str) -> None:
    text = base.replace("product: {price: 10, unit_cost: 4}", "product: &p {price: 10, unit_cost: 4}")
    text = text.replace("product: {price: 9}", "product: {<<: *p, price: 9}")
    assert loads(text).brands["beta"].product.unit_cost == 4
    assert loads(text).brands["beta"].product.price == 9
    # A mistake in what is repeated stands where it was written.
    with pytest.raises(ScenarioError) as caught:
        loads(text.replace("unit_cost: 4", "unit_cots: 4"))
    assert {p.line for p in caught.value.problems} == {42}


def test_values_mean_what_yaml_1_2_says(base: str) -> None:
    text = base.replace("seed: 3", "seed: 0x10").replace("budget: 50", "budget: 5e1").replace("label: ", "label: no #")
    scenario = loads(text)
    assert (scenario.seed, scenario.brands["beta"].budget, scenario.brands["alfa"].label) == (16, 50.0, "no")
