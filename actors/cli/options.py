"""Arguments and options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

import enum
from typing import Annotated

import typer


class OnGap(enum.Enum):
    """``lanes.*.on_gap``."""

    STOP = "stop"
    RESNAPSHOT = "resnapshot"


ConfigArgument = Annotated[
    str, typer.Argument(metavar="CONFIG", help="A configuration file (.toml or .json), or - for standard input.")
]
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="A running ingest (the `name` of its configuration), or INGEST/LANE.")
]
OptionalName = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="A running ingest. [default: the only one there is]")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead, for programs.")]
RayAddress = Annotated[
    str | None,
    typer.Option("--address", metavar="HOST:PORT", help="Join the Ray at this address instead of the one on record."),
]
TimeoutSeconds = Annotated[
    float, typer.Option("--timeout-seconds", min=0, metavar="SECONDS", help="How long to wait at most.")
]
EverySeconds = Annotated[
    float, typer.Option("--every", min=0.2, max=3600, metavar="SECONDS", help="Time between two views.")
]
OnGapOption = Annotated[
    OnGap | None,
    typer.Option("--on-gap", metavar="POLICY",
                 help="What a lane does when every host has purged what it needs, instead of its `on_gap`: stop or resnapshot."),
]  # fmt: skip
LogLevel = Annotated[
    str, typer.Option("--log-level", metavar="LEVEL", help="What is logged to stderr: debug, info, warning or error.")
]
LogJson = Annotated[
    bool | None,
    typer.Option("--log-json/--log-text", help="Form of the logs. [default: text on a terminal, else JSON]"),
]
