"""Policies are found by name, wherever they come from, and a name means one policy."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from agorasim.brands import BrandAction, BrandView, Policy, registry
from agorasim.brands.policies.fixed_plan import FixedPlan
from agorasim.errors import InputError


class Quiet(Policy):
    name = "quiet"
    description = "Say nothing."

    def decide(self, view: BrandView) -> BrandAction:
        return BrandAction()


class Loud(Quiet):
    name = "loud"


class Namesake(Quiet):
    name = "fixed_plan"


class Undecided(Policy):
    name = "undecided"


not_a_policy = 3


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch):
    """Pretend that packages offer these (package, name, attribute of this module or whole value)."""
    monkeypatch.setattr(registry, "_registered", {})

    def pretend(*offers: tuple[str, str, str]) -> None:
        points = []
        for package, name, value in offers:
            where = value if ":" in value else f"{__name__}:{value}"
            point = EntryPoint(name, where, registry.GROUP)
            vars(point)["dist"] = SimpleNamespace(name=package)
            points.append(point)
        monkeypatch.setattr(registry, "entry_points", lambda group: points)
        registry._plugins.cache_clear()

    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or SimpleNamespace(**globals()))
    pretend()
    yield pretend
    registry._plugins.cache_clear()


def test_built_in_policies_are_listed_found_and_described(install) -> None:
    assert registry.policy_names() == sorted(registry.BUILT_IN)
    assert {"fixed_plan", "match_share_of_voice", "reallocate_by_roi"} <= registry.BUILT_IN.keys()
    assert registry.policy_class("fixed_plan") is FixedPlan
    assert all(registry.policy_class(name).name == name and text for name, text in registry.describe())
    with pytest.raises(InputError, match="unknown policy 'fixd_plan'; did you mean 'fixed_plan'"):
        registry.policy_class("fixd_plan")


def test_listing_names_imports_no_policy() -> None:
    code = (
        "import sys; from agorasim.brands.registry import policy_names; policy_names();"
        "bad = [m for m in sys.modules if m.startswith(('agorasim.brands.policies', 'numba', 'mesa', 'pandas'))];"
        "sys.exit(' '.join(bad) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_installed_packages_add_policies(install) -> None:
    install(("shout", "quiet", "Quiet"))
    assert "quiet" in registry.policy_names()
    assert registry.policy_class("quiet").name == "quiet"
    assert ("quiet", "Say nothing.") in registry.describe()


def test_one_name_means_one_policy(install) -> None:
    install(("shout", "quiet", "Quiet"), ("whisper", "quiet", "Loud"))
    with pytest.raises(InputError, match="'shout' and 'whisper' both offer a policy 'quiet'"):
        registry.policy_names()
    install(("shout", "fixed_plan", "Namesake"))
    with pytest.raises(InputError, match="'shout' offers a policy 'fixed_plan', which is built in"):
        registry.policy_names()
    install(("shout", "quiet", "Quiet"), ("shout", "quiet", "Quiet"))
    assert registry.policy_names().count("quiet") == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no_such_module:X", "cannot be loaded: ModuleNotFoundError"),
        ("no_such_attribute", "cannot be loaded: AttributeError"),
        ("not_a_policy", "is not a subclass of agorasim.Policy"),
        ("Undecided", "does not define decide"),
        ("Loud", "calls itself 'loud'"),
    ],
)
def test_a_broken_package_is_named_and_leaves_the_others_alone(install, value: str, words: str) -> None:
    install(("shout", "quiet", value))
    with pytest.raises(InputError, match=rf"^policy 'quiet' of package 'shout' .*{words}"):
        registry.policy_class("quiet")
    assert any(name == "quiet" and "shout" in text for name, text in registry.describe())
    assert registry.policy_class("fixed_plan") is FixedPlan


def test_registering_in_a_notebook(install) -> None:
    assert registry.register(Quiet) is Quiet
    assert registry.register(Quiet) is Quiet
    assert registry.registered() == {"quiet": Quiet} and registry.policy_class("quiet") is Quiet
    with pytest.raises(InputError, match="'fixed_plan' exists already"):
        registry.register(Namesake)
    with pytest.raises(InputError, match="does not define decide"):
        registry.register(Undecided)
