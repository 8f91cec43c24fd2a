"""A marketplace in memory for tests of the API and the pages: numbers made from names and days, no engine.

Values follow from (metric, member, day, release) alone, so a test can compute what a page must show.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import amalimart
from amalimart.access.coverage import covers
from amalimart.access.policies import Policies, load_policies
from amalimart.access.principal import Principal, Role
from amalimart.api.ports.publishing import PublishedRelease
from amalimart.api.ports.site import EngineStatus, Phase, Step
from amalimart.core.calendar import DayRange
from amalimart.core.errors import (
    AmalimartError,
    Denied,
    NotAvailable,
    NotGroupable,
    NothingPublished,
    UnknownName,
)
from amalimart.semantic.answer import Answer, Column, ColumnKind, MetricReceipt, Receipt
from amalimart.semantic.compatibility import Compatibility, compatible
from amalimart.semantic.peers import PeerAnswer, PeerQuestion
from amalimart.semantic.question import Operator, Question
from amalimart.semantic.row_lists import RowList, RowQuestion

TODAY = date(2026, 3, 18)
NOON = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)


@cache
def _policies() -> Policies:
    return load_policies([Path(amalimart.__file__).parent / "marketplace" / "policies"])


@dataclass(frozen=True, slots=True)
class FakeMetric:
    """One metric: its size per day, and whether it is an order-grain one that items cannot split."""

    name: str
    label: str
    unit: str
    size: float
    is_order_grain: bool = True
    definition: str = ""
    label_fr: str = ""
    owner: str = "finance"
    aliases: tuple[str, ...] = ()
    version: str = "v1"
    formula: str = "sum of total amount in orders"
    formula_fr: str = "somme de total amount dans orders"
    definition_fr: str | None = None


@dataclass(frozen=True, slots=True)
class FakeDimension:
    """One dimension with its members as (key, label)."""

    name: str
    label: str
    members: tuple[tuple[str, str], ...]
    is_entity: bool = False


@dataclass(frozen=True, slots=True)
class LabelledKey:
    """One value of a dimension."""

    key: str
    label: str


def _metrics(*rows: tuple[str, str, str, float, bool]) -> dict[str, FakeMetric]:
    return {
        name: FakeMetric(name, label, unit, size, order, f"{label} in words.", f"{label} (fr)")
        for name, label, unit, size, order in rows
    }


METRICS = _metrics(
    ("gmv", "GMV", "money", 48_210.55, True),
    ("item_gmv", "Item GMV", "money", 51_944.10, False),
    ("order_count", "Orders", "count", 412, True),
    ("item_orders", "Orders with items", "count", 405, False),
    ("avg_order_value", "Average order value", "money", 117.25, True),
    ("items_per_order", "Units per order", "number", 2.41, False),
    ("unique_customers", "Customers who ordered", "count", 288, True),
    ("new_customers", "New customers", "count", 36, True),
    ("total_units_sold", "Units sold", "count", 903, False),
    ("products_sold", "Products sold", "count", 214, False),
    ("on_time_delivery_rate", "On-time delivery", "percent", 0.912, True),
    ("due_on_time_rate", "On-time delivery (due)", "percent", 0.912, True),
    ("avg_rating", "Average rating", "rating", 4.31, False),
    ("cod_share", "COD share", "percent", 0.381, True),
    ("return_rate", "Return rate", "percent", 0.043, False),
    ("failed_parcels", "Failed parcels", "count", 7, True),
    ("cancellation_rate", "Cancellation rate", "percent", 0.061, True),
    ("line_cancellation_rate", "Line cancellation rate", "percent", 0.058, False),
    ("fulfilment_rate", "Fulfilment rate", "percent", 0.893, True),
    ("commission", "Commission", "money", 4_155.20, False),
    ("out_of_stock_products", "Out of stock", "count", 12, False),
    ("return_count", "Returns", "count", 21, False),
    ("successful_payment_value", "Successful payments", "money", 45_120.75, True),
    ("total_payment_value", "Payments attempted", "money", 50_020.15, True),
    ("payment_success_rate", "Payment success", "percent", 0.944, True),
    ("ticket_count", "Requests", "count", 31, True),
    ("avg_first_response_hours", "Hours to first response", "number", 5.4, True),
    ("failed_orders", "Failed orders", "count", 9, True),
    ("parcel_count", "Parcels", "count", 398, True),
    ("avg_delivery_days", "Days to deliver", "days", 2.7, True),
    ("avg_delivery_fee", "Delivery fee", "money", 14.30, True),
    ("delivery_fees", "Delivery fees", "money", 5_480.0, True),
    ("customer_acquisition_cost", "Acquisition cost", "money", 22.45, True),
    ("order_frequency", "Orders per customer", "number", 1.43, True),
    ("lifetime_value", "Lifetime value", "money", 12.45, True),
    ("median_lifetime_value", "Median lifetime value", "money", 9.45, True),
    ("p90_lifetime_value", "Lifetime value of the top tenth", "money", 30.45, True),
    ("ltv_cac_ratio", "LTV to CAC", "number", 3.43, True),
    ("customer_retention_rate", "Retention rate", "percent", 0.31, True),
    ("repeat_purchase_rate", "Repeat purchase rate", "percent", 0.24, True),
    ("cohort_retention", "Cohort retention", "percent", 0.35, True),
    ("days_between_orders", "Days between orders", "days", 41.5, True),
    ("customer_count", "Users", "count", 900, True),
    ("verification_rate", "Verification rate", "percent", 0.71, True),
    ("active_user_rate", "Active user rate", "percent", 0.93, True),
    ("review_count", "Reviews", "count", 17, False),
    ("low_rating_share", "Low ratings", "percent", 0.08, False),
    ("approval_rate", "Approval rate", "percent", 0.72, False),
    ("avg_refund_days", "Days to refund", "days", 5.2, False),
    ("approved_returns", "Approved returns", "count", 9, False),
    ("order_lines", "Order lines", "count", 620, False),
    ("payouts_paid", "Paid to vendors", "money", 3_105.40, False),
    ("payouts_outstanding", "Outstanding payouts", "money", 804.90, False),
    ("total_revenue", "Revenue", "money", 5_105.40, False),
    ("lost_revenue", "Lost revenue", "money", 305.40, False),
    ("kept_commission", "Commission kept", "money", 480.0, False),
    ("kept_refunds", "Refunds kept", "money", 96.0, False),
    ("units_in_stock", "Units in stock", "count", 2_140, False),
    ("stock_on_hand", "Stock on hand", "count", 2_140, False),
    ("stock_value", "Stock value", "money", 91_400.0, False),
    ("stock_days", "Days of stock", "days", 30, False),
    ("stock_turnover", "Stock turnover", "number", 1.9, False),
    ("out_of_stock_rate", "Out-of-stock rate", "percent", 0.06, False),
    ("out_of_stock_at_end", "Out of stock at the end", "count", 11, False),
    ("low_stock_at_end", "Low stock at the end", "count", 19, False),
    ("listed_products", "Listed products", "count", 310, False),
    ("active_products", "Active products", "count", 288, False),
    ("inactive_products", "Inactive products", "count", 22, False),
    ("total_products", "Products", "count", 330, False),
    ("units_sold_last_30_days", "Units sold in 30 days", "count", 903, False),
    ("days_of_cover", "Days of cover", "days", 61.0, False),
    ("sell_through_rate", "Sell-through", "percent", 0.29, False),
    ("open_tickets", "Open requests", "count", 8, True),
    ("shipment_count", "Orders shipped", "count", 388, True),
    ("fulfilled_orders", "Fulfilled orders", "count", 361, True),
)

VENDORS = (
    ("v1", "Makola Textiles"),
    ("v2", "Kente House"),
    ("v3", "Accra Electronics"),
    ("v4", "Volta Fresh Foods"),
    ("v5", "Kumasi Leather Works"),
    ("v6", "Tema Home & Kitchen"),
    ("v7", "Cape Coast Books"),
    ("v8", "Sahel Beauty"),
    ("unknown", "Unknown"),
)
HOSTILE_VENDORS = (
    ("h1", "<script>document.title='owned'</script>"),
    ("h2", '"><img src=x onerror="document.title=\'owned\'">'),
    ("h3", "W" * 200),
    ("h4", "متجر النخيل للأقمشة والملابس"),
    ("h5", "{{7*7}} ${7*7} </title></script>"),
    ("h6", "line\nbreak\ttab & &amp; <b>bold</b>"),
    ("h'7\"", "key with quotes"),
    ("javascript:alert(1)", "key like a link"),
)
CATEGORIES = (
    ("c1", "Fashion"),
    ("c2", "Electronics"),
    ("c3", "Home & Kitchen"),
    ("c4", "Groceries"),
    ("c5", "Books"),
)
REGIONS = (
    "Greater Accra",
    "Ashanti",
    "Western",
    "Central",
    "Eastern",
    "Volta",
    "Northern",
    "Bono",
    "Upper East",
    "Oti",
)


def _enum(name: str, label: str, *members: str) -> FakeDimension:
    return FakeDimension(name, label, tuple((member, member) for member in members))


def _dimensions(vendors: tuple[tuple[str, str], ...]) -> dict[str, FakeDimension]:
    products = tuple(
        (f"p{n}", f"{name} {n}")
        for n, name in enumerate(
            (
                "Wax print dress",
                "Phone charger",
                "Shea butter",
                "Clay pot",
                "Leather sandals",
                "Palm oil 5 l",
                "School backpack",
                "Bluetooth speaker",
                "Kente stole",
                "Cocoa powder",
                "Rice cooker",
                "Notebook set",
            ),
            1,
        )
    )
    known = (
        FakeDimension("vendor", "Vendor", vendors, is_entity=True),
        FakeDimension("product", "Product", products, is_entity=True),
        FakeDimension("category", "Category", CATEGORIES, is_entity=True),
        FakeDimension("top_category", "Top category", CATEGORIES, is_entity=True),
        _enum("shipping_region", "Region", *REGIONS),
        _enum("shipping_city", "City", "Accra", "Tema", "Kumasi", "Takoradi", "Tamale"),
        _enum("payment_kind", "Payment kind", "COD", "PREPAID", "NONE"),
        _enum(
            "payment_method", "Payment method", "MOBILE_MONEY", "CARD", "CASH_ON_DELIVERY", "BANK_TRANSFER"
        ),
        _enum("order_status", "Order status", "COMPLETED", "DISPATCHED", "CANCELLED"),
        _enum("shipment_status", "Shipment status", "DELIVERED", "IN_TRANSIT", "FAILED"),
        _enum("return_reason", "Return reason", "DAMAGED", "WRONG_ITEM", "CHANGED_MIND"),
        _enum("ticket_category", "Request category", "DELIVERY", "PAYMENT", "PRODUCT"),
        _enum("age_group", "Age group", "18-24", "25-34", "35-44", "45-54"),
        _enum("gender", "Gender", "FEMALE", "MALE", "OTHER"),
        _enum("customer_kind", "Customer kind", "PRIVATE", "BUSINESS"),
        _enum("customer_segment", "Customer segment", "CHAMPION", "LOST", "NO_ORDER"),
        _enum("user_role", "User type", "CUSTOMER", "VENDOR"),
        _enum("customer_region", "Customer region", *REGIONS[:4]),
        _enum("customer_city", "Customer city", "Accra", "Tema"),
        _enum("channel", "Channel", "search", "social", "direct"),
        _enum("product_status", "Product status", "ACTIVE", "INACTIVE"),
        _enum("delivery_partner", "Delivery partner", "Swift", "Volta Couriers"),
        _enum("cohort_month", "Month of first order", "2026-01-01", "2026-02-01", "2026-03-01"),
        _enum("cohort_quarter", "Quarter of first order", "2025-10-01", "2026-01-01"),
        _enum("months_since_first_order", "Months since first order", "0", "1", "2"),
    )
    return {dimension.name: dimension for dimension in known}


@dataclass(slots=True)
class FakeMarketplace:
    """The semantic room, the release feed and the engine's status, turned by hand."""

    release_id: int | None = 1
    unavailable: frozenset[str] = frozenset()
    failing: dict[str, AmalimartError] = field(default_factory=dict)
    noted: dict[str, tuple[str, str]] = field(default_factory=dict)  # metric -> a note, in English and French
    vendors: tuple[tuple[str, str], ...] = VENDORS
    empty_before: date = date(2024, 1, 1)
    published_at: datetime = NOON
    asked: int = 0
    listed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    steps: tuple[Step, ...] = (Step("Reading the source", 1.0), Step("Building the models", 0.4))

    def publish(self) -> None:
        """A new release with new numbers."""
        self.release_id = (self.release_id or 0) + 1
        self.published_at += timedelta(seconds=5)

    def latest(self) -> PublishedRelease | None:
        """The newest release."""
        if self.release_id is None:
            return None
        return PublishedRelease(self.release_id, self.published_at, self.published_at)

    def status(self) -> EngineStatus:
        """What the engine is doing."""
        if self.release_id is None:
            return EngineStatus(Phase.PREPARING, "The first release is being built.", self.steps)
        return EngineStatus(Phase.LIVE, "Live.")

    def metrics(self, principal: Principal) -> Sequence[FakeMetric]:
        """Every metric."""
        del principal
        return tuple(METRICS.values())

    def dimensions(self, principal: Principal) -> Sequence[FakeDimension]:
        """Every dimension."""
        del principal
        return tuple(_dimensions(self.vendors).values())

    def fingerprint(self, principal: Principal) -> tuple[object, ...]:
        """Who sees the same, while nobody has turned anything by hand."""
        turned = (self.unavailable, tuple(self.failing), self.vendors, self.empty_before)
        return principal.role, principal.vendor_ids, principal.delivery_partner_ids, turned

    def standing(
        self, questions: Sequence[Question], principal: Principal, dimensions: Sequence[str] = ()
    ) -> tuple[object, ...]:
        """Everything changes with each release."""
        del questions, principal, dimensions
        return (self.release_id,)

    def told_again(self, questions: Sequence[Question], principal: Principal, release_id: int) -> None:
        """Nobody records here."""

    def stream(self, question: Question, principal: Principal, most_rows: int) -> NoReturn:
        """This marketplace has no files."""
        del question, principal, most_rows
        raise NotAvailable("The fake marketplace exports nothing.")

    def compatible(self, question: Question, principal: Principal) -> Compatibility:
        """What this marketplace would not refuse."""

        def judge(asked: Question) -> None:
            for name in asked.metrics:
                self._checked(name, asked)

        names = [each.name for each in self.dimensions(principal)]
        return compatible(question, METRICS, names, judge)

    def refusal(self, question: Question, principal: Principal) -> AmalimartError | None:
        """Why this marketplace would refuse a question."""
        del principal
        try:
            for name in question.metrics:
                self._checked(name, question)
        except AmalimartError as error:
            return error
        return None

    def covers(self, principal: Principal, other: Principal) -> bool:
        """By the packaged policies."""
        return covers(_policies(), principal, other)

    def rows(
        self, questions: Sequence[RowQuestion], principal: Principal
    ) -> Sequence[RowList | AmalimartError]:
        """The rows that a test put there for a dataset, those that meet the conditions."""
        return [self._listed(each, principal) for each in questions]

    def _listed(self, question: RowQuestion, principal: Principal) -> RowList | AmalimartError:
        if principal.role is Role.DELIVERY and question.dataset != "shipments":
            return Denied(f"the role delivery may not read {question.dataset}")
        if (error := self.failing.get(question.dataset)) is not None:
            return error
        kept = [each for each in self.listed.get(question.dataset, ()) if _meets(each, question)]
        rows = tuple(tuple(each.get(name) for name in question.columns) for each in kept[: question.limit])
        return RowList(question.columns, rows, self.release_id or 0, self.published_at, self.published_at)

    def lists_own_vendors(self, questions: Sequence[RowQuestion], principal: Principal) -> bool:
        """Of roles of a project's own, which this marketplace has none of."""
        del questions, principal
        return False

    def labels(self, language: str) -> dict[str, str]:
        """Names of metrics and dimensions; in French with a mark, so that a test sees which one it got."""
        labels = {each.name: each.label for each in _dimensions(self.vendors).values()}
        labels |= {each.name: each.label for each in METRICS.values()}
        return {name: f"{label} (fr)" if language == "fr" else label for name, label in labels.items()}

    def peers(self, question: PeerQuestion, principal: Principal) -> PeerAnswer:
        """Nobody's figures are compared here."""
        raise Denied(f"the role {principal.role.value} is not told of others' {question.metric!r}")

    def is_scoped(self, principal: Principal) -> bool:
        """Whether the role sees its own rows only."""
        return principal.role in {Role.VENDOR, Role.DELIVERY}

    def values(
        self, dimension: str, principal: Principal, search: str = "", limit: int = 50
    ) -> Sequence[LabelledKey]:
        """The members of a dimension."""
        del principal
        if (known := _dimensions(self.vendors).get(dimension)) is None:
            raise UnknownName(f"no dimension is called {dimension!r}", nearest="vendor")
        found = [
            LabelledKey(key, text)
            for key, text in known.members
            if search.lower() in text.lower() or search == key
        ]
        return sorted(found, key=lambda each: (each.key != search, each.label))[:limit]

    def value_of_page(self, dimension: str, key: str, principal: Principal) -> LabelledKey | None:
        """One member, for the label on a page."""
        found = self.values(dimension, principal, key, limit=1)
        return next((each for each in found if each.key == key), None)

    def ask_all(
        self, questions: Sequence[Question], principal: Principal
    ) -> Sequence[Answer | AmalimartError]:
        """Answers or typed errors."""
        if self.release_id is None:
            raise NothingPublished("No release has been published yet.")
        answers: list[Answer | AmalimartError] = []
        for question in questions:
            try:
                answers.append(self.ask(question, principal))
            except AmalimartError as error:
                answers.append(error)
        return answers

    def ask(self, question: Question, principal: Principal) -> Answer:
        """One answer."""
        if self.release_id is None:
            raise NothingPublished("No release has been published yet.")
        self.asked += 1
        metrics = [self._checked(name, question) for name in question.metrics]
        dimensions = [_dimensions(self.vendors)[name] for name in question.by]
        columns = [
            *_time_columns(question),
            *_dimension_columns(dimensions),
            *_metric_columns(metrics, question),
        ]
        if question.grain is not None:
            columns.append(Column("partial", "Partial", ColumnKind.PARTIAL, "boolean"))
        receipt = self._receipt(metrics, question, principal)
        return Answer(tuple(columns), self._rows(metrics, dimensions, question), receipt)

    def total(self, metric: str, days: DayRange, member: str = "") -> Decimal:
        """What a metric must show for these days; zero before the marketplace began."""
        definition = METRICS[metric]
        known = [days.first + timedelta(days=n) for n in range(days.days)]
        sizes = [
            _daily(definition, day, member, self.release_id or 0) for day in known if day >= self.empty_before
        ]
        if definition.unit in {"percent", "rating", "days", "number"} or metric.startswith("avg"):
            mean = sum(sizes, Decimal(0)) / len(sizes) if sizes else Decimal(0)
            return mean.quantize(Decimal("0.0001"))
        exponent = Decimal("0.01") if definition.unit == "money" else Decimal(1)
        return sum(sizes, Decimal(0)).quantize(exponent)

    def _checked(self, name: str, question: Question) -> FakeMetric:
        if name in self.failing:
            raise self.failing[name]
        if name not in METRICS:
            raise UnknownName(
                f"no metric is called {name!r}", nearest="gmv", next_step="run: amalimart metrics list"
            )
        if name in self.unavailable:
            raise NotAvailable(f"{METRICS[name].label} is not available: the source has no such data")
        used = {*question.by, *(each.dimension for each in question.filters)}
        if METRICS[name].is_order_grain and used & {"vendor", "product", "category"}:
            raise NotGroupable(
                f"{METRICS[name].label} cannot be split by {min(used)}", next_step="ask item_gmv"
            )
        return METRICS[name]

    def _rows(
        self, metrics: list[FakeMetric], dimensions: list[FakeDimension], question: Question
    ) -> tuple[tuple[Any, ...], ...]:
        days = question.days or DayRange(TODAY - timedelta(days=29), TODAY)
        narrowed = "|".join(value for each in question.filters for value in each.values)
        buckets = _buckets(question, days)
        equal = {Operator.EQ, Operator.IN}
        chosen = {each.dimension: each.values for each in question.filters if each.operator in equal}
        rows = []
        for start, covered in buckets:
            for members in _combinations(dimensions, chosen):
                member = "|".join([narrowed, *(key for key, _ in members)]).strip("|")
                lead: list[Any] = [] if start is None else [start]
                for dimension, (key, text) in zip(dimensions, members, strict=True):
                    lead += [key, text] if dimension.is_entity else [key]
                for metric in metrics:
                    lead.append(self._wire(metric, covered, member))
                    if question.compare:
                        shifted = timedelta(days=days.days)
                        before = DayRange(covered.first - shifted, covered.last - shifted)
                        lead.append(self._wire(metric, before, member))
                if start is not None and question.grain is not None:
                    lead.append(days.is_partial(question.grain, start))
                rows.append(tuple(lead))
        if question.order_by:
            place = sum(2 if each.is_entity else 1 for each in dimensions) + (1 if question.grain else 0)
            rows.sort(key=lambda row: row[place] or 0, reverse=question.order_by.startswith("-"))
        return tuple(rows[: question.limit])

    def _wire(self, metric: FakeMetric, days: DayRange, member: str) -> Any:
        value = self.total(metric.name, days, member)
        if metric.unit == "money":
            return value
        return int(value) if metric.unit == "count" else float(value)

    def _receipt(self, metrics: list[FakeMetric], question: Question, principal: Principal) -> Receipt:
        grouped = ", ".join(question.by)
        notes = [self.noted[each.name] for each in metrics if each.name in self.noted]
        return Receipt(
            release_id=self.release_id or 0,
            published_at=self.published_at,
            fresh_as_of=self.published_at,
            metrics=tuple(
                MetricReceipt(each.name, 1, "0123abcd", f"{each.label} in words.") for each in metrics
            ),
            notes=tuple(english for english, _ in notes),
            notes_fr=tuple(french for _, french in notes),
            sql=None if self.is_scoped(principal) else f"select sum(amount) from gold.fact_orders {grouped}",
        )


def _meets(row: dict[str, Any], question: RowQuestion) -> bool:
    """Whether a row meets the conditions that the work lists use."""
    compared: dict[Operator, Callable[[Any, Any], bool]] = {
        Operator.EQ: operator.eq,
        Operator.LT: operator.lt,
        Operator.LE: operator.le,
        Operator.GE: operator.ge,
    }
    for each in question.where:
        value = row.get(each.column)
        if each.operator is Operator.IN:
            if value not in each.values:
                return False
        elif value is None or not compared[each.operator](value, each.values[0]):
            return False
    return True


def _daily(metric: FakeMetric, day: date, member: str, release: int) -> Decimal:
    """The size of one day: a weekly rhythm, a slow growth, and noise that depends on the names only."""
    seed = hashlib.sha256(f"{metric.name}|{member}|{day}".encode()).digest()
    noise = seed[0] / 255 - 0.5
    weekend = 1.22 if day.weekday() >= 5 else 1.0
    growth = 1 + (day - date(2026, 1, 1)).days / 900
    level = {"percent": 1 + noise * 0.06, "rating": 1 + noise * 0.03}.get(
        metric.unit, weekend * growth * (1 + noise * 0.25)
    )
    part = (
        1.0
        if metric.unit in {"percent", "rating", "days"} or metric.name.startswith(("avg", "items_per"))
        else _part(member)
    )
    return Decimal(str(round(metric.size * level * part + (release - 1 if metric.unit == "count" else 0), 4)))


def _part(member: str) -> float:
    if not member:
        return 1.0
    part = 1.0
    for piece in member.split("|"):
        part *= 0.03 + 0.4 * (hashlib.sha256(piece.encode()).digest()[1] / 255) ** 2
    return part


def _buckets(question: Question, days: DayRange) -> list[tuple[date | None, DayRange]]:
    """Each bucket with the days of it that were asked for."""
    if question.grain is None:
        return [(None, days)]
    buckets: list[tuple[date | None, DayRange]] = []
    for start in days.buckets(question.grain):
        last = question.grain.next_start(start) - timedelta(days=1)
        buckets.append((start, DayRange(max(start, days.first), min(last, days.last))))
    return buckets


def _combinations(
    dimensions: list[FakeDimension], chosen: dict[str, tuple[str, ...]]
) -> list[list[tuple[str, str]]]:
    """Every member of the first dimension, with one of each further one, as a product has one category."""
    if not dimensions:
        return [[]]
    first, *others = dimensions
    kept = [each for each in first.members if first.name not in chosen or each[0] in chosen[first.name]]
    return [
        [each, *(other.members[place % len(other.members)] for other in others)]
        for place, each in enumerate(kept)
    ]


def _time_columns(question: Question) -> list[Column]:
    if question.grain is None:
        return []
    return [Column(question.grain.value, question.grain.value.capitalize(), ColumnKind.TIME, "date")]


def _dimension_columns(dimensions: list[FakeDimension]) -> list[Column]:
    columns = []
    for each in dimensions:
        if each.is_entity:
            columns.append(Column(f"{each.name}_id", f"{each.label} id", ColumnKind.KEY, "text"))
        columns.append(Column(each.name, each.label, ColumnKind.DIMENSION, "text"))
    return columns


def _metric_columns(metrics: list[FakeMetric], question: Question) -> list[Column]:
    columns = []
    for each in metrics:
        currency = "GHS" if each.unit == "money" else None
        columns.append(Column(each.name, each.label, ColumnKind.METRIC, each.unit, currency))
        if question.compare:
            label = f"{each.label}, previous"
            columns.append(Column(f"{each.name}__previous", label, ColumnKind.PREVIOUS, each.unit, currency))
    return columns
