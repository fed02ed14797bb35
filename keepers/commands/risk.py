"""`quantera risk`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from keepers.commands.base import RUNTIME, config_option, one_line_errors, progress_bar
from keepers.commands.group import Guessing
from keepers.commands.risk_options import closes_options, limits_options, limits_over, place_options
from keepers.risk.model_terms import DEFAULT_TERMS

if TYPE_CHECKING:
    from keepers.operations.executors import Place
    from keepers.operations.risk_backtest import Closes
    from keepers.operations.risk_simulation import Book
    from keepers.portfolio.attribution import Linking
    from keepers.risk.reverse_stress import Limits


@click.group(cls=Guessing)
def risk() -> None:
    """Judge the risk model: by what it said, and by what others would have said.

    \b
    Example:
      quantera risk exceedances stocks --config keeper.yaml
      quantera risk backtest --model "ewma student" --portfolio demo
      quantera risk var --portfolio demo --scenarios 100000
    """


@risk.command("exceedances")
@click.argument("portfolio")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def risk_exceedances(portfolio: str, config_path: Path, as_json: bool) -> None:
    """Compare value at risk with the losses that followed, from the keeper's records.

    Kupiec's test says whether losses exceed VaR 99% as often as promised, Christoffersen's whether an exceedance
    makes the next one likelier.

    \b
    Example:
      quantera risk exceedances stocks --config keeper.yaml
    """
    from dataclasses import asdict

    from keepers.config import load_config
    from keepers.operations.exceedances import lines, record

    found = record(load_config(config_path), portfolio)
    click.echo(json.dumps(asdict(found)) if as_json else "\n".join(lines(found)))


@risk.command("history")
@config_option
@click.option("--block", type=int, metavar="N", help="As recorded at this block, not the newest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def risk_history(config_path: Path, block: int | None, as_json: bool) -> None:
    """Show what the risk bot recorded of its portfolio: state, numbers beside their limits, and summaries of days.

    \b
    Example:
      quantera risk history --config keeper.yaml
    """
    from keepers.operations.risk_live import as_object, lines, read_live

    found = read_live(config_path, block)
    click.echo(json.dumps(as_object(found)) if as_json else "\n".join(lines(found)))


@risk.command("quality")
@closes_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def risk_quality(closes: Closes, as_json: bool) -> None:
    """List what is doubtful about closes: missing days, runs that stand still, moves that look like splits, outliers.

    The exit code is 1 if a model would be refused. docs/risk-models.md has the bounds.

    \b
    Example:
      quantera risk quality --prices closes.csv --calendar XNYS
    """
    from dataclasses import asdict

    from keepers.operations.risk_backtest import read_closes

    _, quality = read_closes(closes)
    if as_json:
        findings = [{**asdict(finding), "refuses": finding.refuses} for finding in quality.findings]
        found = {"days": quality.days, "symbols": quality.symbols, "findings": findings}
        click.echo(json.dumps(found, default=str))
    else:
        click.echo(f"{quality.days:,} days of {quality.symbols} symbols: {len(quality.findings)} findings")
        for finding in quality.findings:
            click.echo(f"  {'refused' if finding.refuses else 'noted  '} {finding}")
    if quality.refusals and not closes.accept:
        sys.exit(RUNTIME)


@risk.command("backtest")
@closes_options
@click.option("--model", "models", multiple=True, metavar="NAME", help="Model to judge; all unless given. Repeatable.")
@click.option(
    "--portfolio", "portfolios", multiple=True, metavar="NAME", help="Portfolio; all unless given. Repeatable."
)
@click.option(
    "--level", "levels", multiple=True, type=float, default=(0.95, 0.99), show_default=True, help="Confidence."
)
@click.option("--test-level", type=float, default=0.95, show_default=True, help="Confidence of the tests.")
@click.option("--window", type=int, default=1000, show_default=True, help="Returns behind each forecast.")
@click.option("--refit", type=int, default=63, show_default=True, help="Days after which parameters are fitted again.")
@click.option("--last", type=int, metavar="DAYS", help="Forecast the last so many days only.")
@click.option("--forecasts", is_flag=True, help="With --json: the return and the value at risk of every day as well.")
@click.option(
    "--factors",
    "factors_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="CSV of factors' daily returns: date,NAME1,...; for models with given factors.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def risk_backtest(
    closes: Closes,
    models: tuple[str, ...],
    portfolios: tuple[str, ...],
    levels: tuple[float, ...],
    test_level: float,
    window: int,
    refit: int,
    last: int | None,
    forecasts: bool,
    factors_path: Path | None,
    as_json: bool,
) -> None:
    """Forecast every day of a history from the days before it, and test what came of it.

    Twelve tests judge each model on each portfolio: bin, tl, pof, tuff, cci, cc, tbf and tbfi of value at risk;
    unconditional, conditional, quantile and minimally biased of expected shortfall. docs/risk-models.md has the models,
    the portfolios, the tests and their result on the packaged closes.

    \b
    Example:
      quantera risk backtest --model "ewma student" --portfolio demo --last 500
      quantera risk backtest --prices closes.csv --portfolio "equal weight" --json
      quantera risk backtest --model "factors student" --factors factors.csv --last 500
    """
    from keepers.operations import risk_backtest as work
    from keepers.operations.risk_tables import as_object, lines
    from keepers.risk.backtests.rolling import Protocol
    from keepers.risk.models import MODELS, judged_named

    chosen = tuple(judged_named(name) for name in models) or MODELS
    names = portfolios or work.PORTFOLIOS
    protocol = Protocol(window, refit, tuple(dict.fromkeys(levels)))
    history = work.read_history(closes).last(window, last)
    factors = None if factors_path is None else work.read_factors(factors_path, history)
    days = history.returns.shape[0] - window
    with progress_bar("Forecasting", days * len(chosen)) as advance:
        results, tracks = work.backtest(history, chosen, names, protocol, test_level, advance, factors)
    found = as_object(results, history, protocol, tracks if forecasts else None, factors)
    click.echo(json.dumps(found) if as_json else "\n".join(lines(results, history)))


@risk.command("var")
@closes_options
@click.option("--portfolio", default="equal weight", show_default=True, metavar="NAME", help="As for `backtest`.")
@click.option(
    "--books",
    "books_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Many books in place of a portfolio: CSV of book,SYM1,SYM2,... or JSON by name.",
)
@click.option("--assets", type=int, metavar="N", help="Equal weights of N generated assets in place of closes.")
@click.option("--source", default="student", show_default=True, metavar="NAME", help="Where days come from; see below.")
@click.option("--scenarios", type=int, default=10_000, show_default=True, help="Number of paths.")
@click.option(
    "--sampling", default="plain", show_default=True, metavar="NAME", help="plain, antithetic, sobol or controlled."
)
@click.option(
    "--horizon", "horizons", multiple=True, type=int, default=(1,), show_default=True, help="Days. Repeatable."
)
@click.option(
    "--level", "levels", multiple=True, type=float, default=(0.95, 0.99), show_default=True, help="Confidence."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same numbers.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
@place_options
def risk_var(
    closes: Closes,
    place: Place,
    portfolio: str,
    books_path: Path | None,
    assets: int | None,
    source: str,
    scenarios: int,
    sampling: str,
    horizons: tuple[int, ...],
    levels: tuple[float, ...],
    seed: int,
    as_json: bool,
) -> None:
    """Simulate value at risk and expected shortfall, with standard errors and the part of every asset.

    Sources: gaussian, student, t-copula, bootstrap (stretches of history) and filtered (history at GJR volatilities),
    with the parameters of the last 1,000 returns.

    \b
    Example:
      quantera risk var --portfolio demo --source filtered --horizon 1 --horizon 10
      quantera risk var --assets 100 --scenarios 1000000 --workers 2 --json
      quantera risk var --books books.csv --scenarios 100000 --executor process --workers 4
    """
    from keepers.operations import risk_simulation as work
    from keepers.operations.risk_backtest import read_history
    from keepers.risk.errors import RiskError

    if seed < 0:
        raise RiskError(f"seed {seed}", "negative", "give 0 or more")
    if assets is None:
        book = work.book_of(read_history(closes), portfolio, source)
    else:
        book = work.generated_book(assets, source)
    days, confidence = tuple(sorted(set(horizons))), tuple(dict.fromkeys(levels))
    how = work.sampling_named(sampling)
    asked = {"source": source, "paths": scenarios, "sampling": sampling, "seed": seed, "horizons": days}
    if books_path is not None:
        click.echo(_var_of_books(books_path, book, {**asked, "levels": confidence}, place, as_json))
        return
    found = work.simulate(book, scenarios, seed, days, confidence, how, place)
    click.echo(
        json.dumps(work.as_object(found, book, asked))
        if as_json
        else "\n".join(work.lines(found, book, scenarios, seed))
    )


def _var_of_books(path: Path, base: Book, asked: dict[str, Any], place: Place, as_json: bool) -> str:
    """The tails of all books of a file, as text."""
    from keepers.operations import risk_books as work
    from keepers.risk.errors import RiskError

    if asked["sampling"] != "plain":
        raise RiskError(f"sampling '{asked['sampling']}'", "books share independent paths", "leave it at plain")
    context = click.get_current_context()
    if context.get_parameter_source("portfolio") is not ParameterSource.DEFAULT:
        raise RiskError("--books", "another portfolio is named as well", "leave out --portfolio")
    named = work.read_books(path, base.symbols)
    found = work.simulate(base, named, asked["paths"], asked["seed"], asked["horizons"], asked["levels"], place)
    if as_json:
        return json.dumps(work.as_object(found, named, base, asked))
    return "\n".join(work.lines(found, named, base, asked))


@risk.command("stress")
@closes_options
@click.option("--portfolio", default="equal weight", show_default=True, metavar="NAME", help="As for `backtest`.")
@click.option("--depth", type=float, default=0.15, show_default=True, help="Least fall of the market in an episode.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with every shock.")
@one_line_errors
@limits_options()
def risk_stress(
    closes: Closes,
    portfolio: str,
    depth: float,
    limits: Limits,
    as_json: bool,
) -> None:
    """Find what would hurt: past falls, correlations of one, 1,331 shocks, and the nearest breach of each limit.

    \b
    Example:
      quantera risk stress --portfolio demo --max-drawdown 0.1 --max-weight 0.25
    """
    from keepers.operations import risk_stress as work
    from keepers.operations.risk_backtest import read_history

    found = work.stress(read_history(closes), portfolio, limits, depth)
    click.echo(json.dumps(work.as_object(found)) if as_json else "\n".join(work.lines(found)))


@risk.command("attribution")
@closes_options
@click.option("--portfolio", default="demo", show_default=True, metavar="NAME", help="As for `backtest`.")
@click.option("--benchmark", default="equal weight", show_default=True, metavar="NAME", help="The same.")
@click.option("--days", type=int, default=252, show_default=True, help="The last so many days.")
@click.option("--linking", type=click.Choice(["carino", "menchero"]), default="carino", show_default=True)
@click.option(
    "--segments",
    "segments_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="CSV of segments: symbol,segment; without it every asset is one.",
)
@click.option(
    "--factors",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="CSV or Parquet of factors' daily returns: date,FACTOR1,...",
)
@click.option(
    "--currencies",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="CSV of the currency of each asset's closes: symbol,currency.",
)
@click.option(
    "--rates",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="CSV or Parquet of currencies' closes in the base currency, which has no column: date,EUR,...",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def risk_attribution(
    closes: Closes,
    portfolio: str,
    benchmark: str,
    days: int,
    linking: str,
    segments_path: Path | None,
    factors: Path | None,
    currencies: Path | None,
    rates: Path | None,
    as_json: bool,
) -> None:
    """Say how a portfolio did beside a benchmark, and where the difference comes from.

    Effects of segments are Brinson and Fachler's of every day, linked so that they sum to the active return; so are
    those of factors that the difference is regressed on (--factors), and of currencies (--currencies and --rates).

    \b
    Example:
      quantera risk attribution --portfolio demo --benchmark "equal weight" --days 252
    """
    from keepers.operations import risk_attribution as work
    from keepers.operations.risk_backtest import read_history

    segments = None if segments_path is None else work.read_segments(segments_path)
    method: Linking = "menchero" if linking == "menchero" else "carino"
    causes = work.Causes(factors, currencies, rates)
    found = work.attribute(read_history(closes), portfolio, benchmark, days, method, segments, causes=causes)
    click.echo(json.dumps(work.as_object(found)) if as_json else "\n".join(work.lines(found)))


@risk.command("alerts")
@closes_options
@click.option("--portfolio", default="demo", show_default=True, metavar="NAME", help="As for `backtest`.")
@click.option(
    "--horizon",
    "horizons",
    multiple=True,
    metavar="TIME",
    help="Hours or days, such as 4h or 5d. Repeatable.  [default: 4h, or more if no price comes so soon; 1d; 5d; 10d]",
)
@click.option("--drawdown", type=float, default=0.0, show_default=True, help="Fall below the highest value so far.")
@click.option("--threshold", type=float, default=0.25, show_default=True, help="Probability that raises an alert.")
@click.option("--scenarios", type=int, default=20_000, show_default=True, help="Number of paths.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same numbers.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
@limits_options()
def risk_alerts(
    closes: Closes,
    limits: Limits,
    portfolio: str,
    horizons: tuple[str, ...],
    drawdown: float,
    threshold: float,
    scenarios: int,
    seed: int,
    as_json: bool,
) -> None:
    """Forecast the probability that each limit is breached in the next hours and days.

    Probabilities come from simulated paths. Those of whole days are calibrated on the earlier half of the closes, and
    their hit rate and Brier score are those of the later half; so are those of hours, from the last price on, if
    --prices has bars: time,symbol,open,high,low,close.

    \b
    Example:
      quantera risk alerts --portfolio demo --max-drawdown 0.05 --max-var 0.04
    """
    from keepers.operations import risk_alerts as work
    from keepers.operations.risk_backtest import read_history

    history = read_history(closes)
    with progress_bar("Forecasting", work.rehearsals(history, horizons)) as advance:
        found = work.alerts_of(
            history,
            portfolio,
            limits,
            horizons,
            drawdown=drawdown,
            threshold=threshold,
            paths=scenarios,
            seed=seed,
            progress=advance,
        )
    click.echo(json.dumps(work.as_object(found)) if as_json else "\n".join(work.lines(found)))


@risk.command("report")
@closes_options
@click.argument("portfolio")
@click.option("--pdf", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it as PDF.")
@click.option("--xlsx", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it as a workbook.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it as a page.")
@click.option("--benchmark", default="equal weight", show_default=True, metavar="NAME", help="As for `attribution`.")
@click.option("--model", default=DEFAULT_TERMS.name, show_default=True, metavar="NAME", help="As for `backtest`.")
@click.option("--source", default="student", show_default=True, metavar="NAME", help="As for `var`.")
@click.option("--scenarios", type=int, default=10_000, show_default=True, help="Number of paths.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same numbers.")
@click.option("--last", type=int, default=1000, show_default=True, metavar="DAYS", help="Days of the backtest.")
@click.option("--days", type=int, default=252, show_default=True, help="Days of the performance.")
@click.option("--liquidity", is_flag=True, help="With --config: add what selling the portfolio costs, at the block.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the whole report.")
@one_line_errors
@limits_options(drawdown=0.3, var=0.034, weight=0.3)
def risk_report(
    closes: Closes,
    limits: Limits,
    portfolio: str,
    pdf: Path | None,
    xlsx: Path | None,
    html: Path | None,
    benchmark: str,
    model: str,
    source: str,
    scenarios: int,
    seed: int,
    last: int,
    days: int,
    liquidity: bool,
    as_json: bool,
) -> None:
    """Write the report that a risk committee reads; PORTFOLIO is a name as for `backtest`.

    With --config it may be the portfolio that the config's bot looks after: weights, limits, state and the history of
    its numbers are then those in the store.

    It has value at risk and shortfall, components, stress and reverse stress, predictive alerts, backtests, performance
    and the quality of the data. Every table names its day, its model, its data and the command that prints its numbers
    again. The limits are those of the demo unless others are given. The files must not be there yet, and either
    all of them are written or none.

    \b
    Example:
      quantera risk report demo --pdf demo.pdf --xlsx demo.xlsx --html demo.html
      quantera risk report stocks --config keeper.yaml --liquidity --pdf stocks.pdf
    """
    from keepers.operations.report.files import prepare, save_all
    from keepers.operations.risk_report import ReportTerms, Work

    targets = prepare({"pdf": pdf, "xlsx": xlsx, "html": html}, needed=not as_json)
    bounds = limits if closes.live is None else limits_over(closes.live.limits, limits)
    work = Work(
        ReportTerms(portfolio, bounds, closes, benchmark, model, source, scenarios, seed, last, days, liquidity)
    )
    with progress_bar("Forecasting", work.steps) as advance:
        report = work.report(advance)
    written = save_all(report, targets)
    if as_json:
        click.echo(json.dumps({**report.as_object(), "files": written}))
    else:
        for path, digest in written.items():
            click.echo(f"{path}: written, SHA-256 {digest}")
