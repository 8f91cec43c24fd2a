"""What is sold: the category tree with invented products, price levels and how often they come back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shelf:
    """One leaf of the category tree. Prices in GHS; `varies` names what its variants differ in."""

    name: str
    nouns: tuple[str, ...]
    low: float
    high: float
    returns: float
    weight: float
    varies: str = ""


@dataclass(frozen=True, slots=True)
class Department:
    """One top category with its shelves."""

    name: str
    shelves: tuple[Shelf, ...]


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split("|"))


VARIANTS = {
    "size": ("S", "M", "L", "XL"),
    "colour": ("Black", "Indigo", "Gold", "Green"),
    "pack": ("Single", "Pack of 3", "Pack of 6"),
}

DEPARTMENTS = (
    Department(
        "Fashion",
        (
            Shelf(
                "Women's Wear",
                _words("Kente Wrap Dress|Ankara Skirt|Kaba Set|Batik Blouse"),
                90,
                520,
                0.11,
                9,
                "size",
            ),
            Shelf(
                "Men's Wear", _words("Fugu Smock|Linen Shirt|Kaftan|Slim Chinos"), 80, 480, 0.09, 8, "size"
            ),
            Shelf(
                "Shoes",
                _words("Leather Sandals|Canvas Sneakers|Office Pumps|Ahenema Slippers"),
                70,
                420,
                0.12,
                7,
                "size",
            ),
            Shelf(
                "Bags & Jewellery",
                _words("Bolga Basket Bag|Krobo Bead Bracelet|Leather Tote|Brass Earrings"),
                35,
                380,
                0.05,
                5,
                "colour",
            ),
        ),
    ),
    Department(
        "Electronics",
        (
            Shelf(
                "Phones",
                _words("Smartphone 128 GB|Feature Phone|Rugged Phone|Smartphone 64 GB"),
                280,
                4200,
                0.07,
                8,
                "colour",
            ),
            Shelf(
                "Phone Accessories",
                _words("Fast Charger|Power Bank|Phone Case|Bluetooth Earbuds"),
                25,
                260,
                0.06,
                9,
                "colour",
            ),
            Shelf(
                "Computers", _words("Laptop 14 inch|Mini PC|Wi-Fi Router|Laser Printer"), 450, 6800, 0.06, 3
            ),
            Shelf(
                "Television & Audio",
                _words("LED TV 43 inch|Soundbar|Portable Speaker|Decoder Box"),
                160,
                4600,
                0.07,
                4,
            ),
        ),
    ),
    Department(
        "Home & Kitchen",
        (
            Shelf("Appliances", _words("Rice Cooker|Standing Fan|Blender|Chest Freezer"), 140, 3900, 0.05, 6),
            Shelf(
                "Cookware",
                _words("Cast Iron Pot|Asanka Grinding Bowl|Frying Pan|Knife Set"),
                40,
                420,
                0.03,
                6,
            ),
            Shelf("Furniture", _words("Cane Chair|Study Desk|Wardrobe|Kitchen Stool"), 220, 3400, 0.06, 2),
            Shelf(
                "Bedding & Décor",
                _words("Cotton Bed Sheet|Batik Cushion|Mosquito Net|Wall Mask"),
                45,
                460,
                0.05,
                5,
                "colour",
            ),
        ),
    ),
    Department(
        "Groceries",
        (
            Shelf(
                "Staples",
                _words("Jasmine Rice 5 kg|Gari 2 kg|White Maize 10 kg|Black-Eyed Beans"),
                28,
                320,
                0.008,
                11,
                "pack",
            ),
            Shelf(
                "Oils & Spices",
                _words("Palm Oil 1 l|Shito|Dawadawa|Groundnut Paste"),
                18,
                130,
                0.008,
                8,
                "pack",
            ),
            Shelf(
                "Drinks",
                _words("Sobolo Concentrate|Cocoa Powder|Ginger Tea|Malt Drink"),
                15,
                140,
                0.006,
                7,
                "pack",
            ),
            Shelf(
                "Snacks",
                _words("Plantain Chips|Roasted Cashew|Chin Chin|Dark Chocolate"),
                10,
                95,
                0.006,
                8,
                "pack",
            ),
        ),
    ),
    Department(
        "Beauty & Health",
        (
            Shelf(
                "Skin Care", _words("Raw Shea Butter|Black Soap|Coconut Lotion|Sun Cream"), 20, 190, 0.02, 9
            ),
            Shelf(
                "Hair Care",
                _words("Braiding Hair|Argan Shampoo|Edge Gel|Satin Bonnet"),
                18,
                240,
                0.03,
                8,
                "colour",
            ),
            Shelf(
                "Wellness",
                _words("Moringa Powder|Vitamin C|Blood Pressure Monitor|First Aid Box"),
                25,
                420,
                0.02,
                4,
            ),
        ),
    ),
    Department(
        "Baby & Toys",
        (
            Shelf(
                "Baby Care",
                _words("Diapers|Baby Wipes|Feeding Bottle|Baby Carrier Cloth"),
                25,
                260,
                0.02,
                6,
                "pack",
            ),
            Shelf(
                "Toys & Games", _words("Oware Board|Building Blocks|Ludo Set|Remote Car"), 30, 340, 0.05, 4
            ),
        ),
    ),
    Department(
        "Office & School",
        (
            Shelf(
                "Stationery",
                _words("Exercise Books|Gel Pens|Printer Paper|Geometry Set"),
                12,
                160,
                0.01,
                6,
                "pack",
            ),
            Shelf(
                "Books",
                _words("Twi Storybook|Science Reader|Business Guide|Poetry Collection"),
                25,
                150,
                0.02,
                4,
            ),
        ),
    ),
    Department(
        "Garden & Trade",
        (
            Shelf("Tools", _words("Cordless Drill|Cutlass|Tool Box|Paint Roller"), 30, 980, 0.04, 3),
            Shelf(
                "Farm Supplies",
                _words("Vegetable Seeds|Knapsack Sprayer|Watering Can|Poultry Feeder"),
                20,
                420,
                0.02,
                3,
            ),
            Shelf(
                "Solar & Power",
                _words("Solar Lantern|Solar Panel 100 W|Inverter|Extension Cable"),
                45,
                3200,
                0.05,
                4,
            ),
        ),
    ),
)
STYLES = _words(
    "Classic|Deluxe|Everyday|Premium|Compact|Family|Heritage|Modern|Original|Handmade|Essential|Select|Natural"
)
BRANDS = _words(
    "Adom|Sankofa|Volta|Akoma|Nsoroma|Baobab|Kobi|Zuma|Tano|Pra|Densu|Odum|Wawa|Mahogany|Lagoon|Sika|Dua"
)
RIGHT_TO_LEFT_NAME = "شاي النعناع الأخضر"
TAGS = _words(
    "new|bestseller|made in Ghana|organic|gift|eco|imported|limited|wholesale|clearance|handmade|premium"
)
