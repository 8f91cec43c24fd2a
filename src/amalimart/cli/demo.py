"""demo: the whole path on a simulated marketplace."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), default=Path("demo-home"), show_default=True
)
@click.option(
    "--orders", type=click.IntRange(50, 20_000_000), default=20_000, show_default=True, help="Past orders."
)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option(
    "--live-rate", type=click.FloatRange(0, 100), default=0.05, show_default=True, help="New orders a second."
)
@click.option("--reset", is_flag=True, help="Remove what an earlier demo made, and stop.")
def demo(home: Path, orders: int, port: int, live_rate: float, reset: bool) -> None:
    """Run the whole path on a simulated marketplace until Ctrl-C."""
    from amalimart.processes.demo import DemoOptions, reset_demo, run_demo

    home = home.resolve()
    if reset:
        click.echo(f"removed {home}" if reset_demo(home) else f"nothing to remove at {home}", err=True)
        return
    run_demo(DemoOptions(home=home, orders=orders, port=port, live_rate=live_rate))
