"""What every contract test shares; the fixtures live in tests/fixtures, one file a domain."""

pytest_plugins = [
    "tests.fixtures.ape_scopes",
    "tests.fixtures.ape_speed",
    "tests.fixtures.actors",
    "tests.fixtures.databases",
    "tests.fixtures.protocol",
    "tests.fixtures.compliance",
    "tests.fixtures.venues",
    "tests.fixtures.markets",
    "tests.fixtures.signed_quotes",
    "tests.fixtures.portfolio",
    "tests.fixtures.yields",
    "tests.fixtures.aave",
]
