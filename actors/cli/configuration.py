"""``ingest config schema`` and ``ingest config reference``: what a configuration may hold."""

from __future__ import annotations

import typer

from ingest.config.reference import reference_page, schema_json

app = typer.Typer(no_args_is_help=True, help="What a configuration may hold.")


@app.command()
def schema() -> None:
    """Print the JSON Schema, for editors and for checks elsewhere."""
    typer.echo(schema_json(), nl=False)


@app.command()
def reference() -> None:
    """Print the reference page: every key with its type, default and meaning."""
    typer.echo(reference_page(), nl=False)
