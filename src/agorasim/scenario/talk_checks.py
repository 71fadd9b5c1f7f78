"""Checks of what rides on word of mouth: referral, seeding, complaint storms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.errors import unknown

if TYPE_CHECKING:
    from agorasim.scenario.checks import Subject
    from agorasim.scenario.problems import KeyPath
    from agorasim.scenario.schema import Brand


def check_talk(s: Subject) -> None:
    """Every mistake in `social.crisis` and in what brands do about talk."""
    social = s.scenario.social
    if social.crisis is not None:
        _needs_talk(s, ("social", "crisis"), "complaints are messages between people")
    for name, brand in s.scenario.brands.items():
        _referral(s, name, brand)
        _seeding(s, name, brand)
        if brand.crisis is not None and social.crisis is None and s.trusted("social", "crisis"):
            s.report(
                ("brands", name, "crisis"),
                "nothing becomes public that could be answered; add 'social.crisis' or remove this",
            )


def _referral(s: Subject, name: str, brand: Brand) -> None:
    if brand.referral is None:
        return
    at = ("brands", name, "referral")
    _needs_talk(s, at, "newcomers are brought by what customers tell them")
    welcome, price = brand.referral.welcome, brand.product.price
    if welcome > price and s.trusted(*at, "welcome") and s.trusted("brands", name, "product", "price"):
        s.report((*at, "welcome"), f"a newcomer would get {welcome:g}, more than the price of {price:g}")


def _seeding(s: Subject, name: str, brand: Brand) -> None:
    if brand.seeding is None:
        return
    at = ("brands", name, "seeding")
    _needs_talk(s, at, "opinion leaders reach people by what they tell them")
    layer, layers = brand.seeding.layer, s.names("social", "layers")
    if layer is not None and layer not in layers and s.trusted("social", "layers"):
        s.report((*at, "layer"), unknown("layer", layer, layers))


def _needs_talk(s: Subject, at: KeyPath, why: str) -> None:
    """Note a problem unless people pass messages on over some layer."""
    social = s.scenario.social
    if not s.trusted("social"):
        return
    if social.word_of_mouth is None or social.word_of_mouth.rule != "cascade":
        s.report(at, f"{why}, and nobody sends any; add 'social.word_of_mouth' with rule: cascade")
    elif not s.names("social", "layers"):
        s.report(at, f"{why}, and nobody knows anybody; add a layer to 'social.layers'")
