"""``ingest submit``: a configuration as a Ray job. The job launches the detached supervisors and ends; they stay.

The configuration travels as a file in the job's working directory. It holds references to secrets, never secrets: the
variables and files it names must be there on the cluster's nodes, as must this package.
"""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from ray.job_submission import JobStatus, JobSubmissionClient

from actors.cli import options
from actors.cli.source import ConfigText, load_text, read_config
from ingest.config.model import Config
from ingest.problems import DataProblem, WorldProblem, declare

STORE_IS_LOCAL = declare(
    "config.store_is_local",
    "The checkpoint store is a file with a relative path, which would lie in the job's own short-lived directory.",
    "Give an absolute path (a one-node cluster), or a MySQL or PostgreSQL URL that every node reaches.",
)
CANT_SUBMIT = declare(
    "run.cant_submit",
    "The Ray cluster doesn't take the job.",
    "Give the dashboard's address (http://HOST:8265) and, if it asks for one, the token by RAY_AUTH_TOKEN_PATH.",
)
JOB_FAILED = declare(
    "run.job_failed",
    "The job that launches the ingest failed.",
    "Its log says why; it is on the Ray dashboard too.",
)

POLL_S = 0.5
_ENDED = {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.STOPPED}

DashboardAddress = Annotated[
    str, typer.Option("--address", metavar="URL", help="The cluster's Ray dashboard, e.g. http://127.0.0.1:8265.")
]
PythonOption = Annotated[
    str, typer.Option("--python", metavar="PROGRAM", help="The Python that has this package on the cluster's nodes.")
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait until the ingest runs, and exit 1 with the log if it doesn't.")
]


def submit(
    config: options.ConfigArgument,
    address: DashboardAddress,
    python: PythonOption = "python",
    wait: Wait = True,
    on_gap: options.OnGapOption = None,
    as_json: options.AsJson = False,
) -> None:
    """Run a configuration on a Ray cluster, as a Ray job.

    The job launches the supervisors, which outlive it, and ends. Secrets stay where they are: the environment variables
    and files that the configuration names must exist on the cluster's nodes.
    """
    source = read_config(config)
    loaded = load_text(source)
    _refuse_local_store(loaded)
    client = _client(address)
    job = _submit(client, source, loaded.name, python, [] if on_gap is None else ["--on-gap", on_gap.value])
    if wait:
        _await(client, job)
    if as_json:
        typer.echo(json.dumps({"job": job, "name": loaded.name, "clusters": list(loaded.clusters)}))
        return
    typer.echo(f"{'running' if wait else 'submitted'}: {loaded.name}, job {job}")
    typer.echo(f"  the job's log:  ray job logs --address {address} {job}")
    typer.echo(f"  on a node:      ingest status {loaded.name} --watch --address auto")
    typer.echo(f"  to end it:      ingest stop {loaded.name} --address auto")


def _refuse_local_store(config: Config) -> None:
    store = config.checkpoint.store
    if isinstance(store, str) and store.startswith("sqlite:///") and not store.startswith("sqlite:////"):
        raise DataProblem(STORE_IS_LOCAL, f"checkpoint.store is {store!r}", {"path": "checkpoint.store"})


def _client(address: str) -> JobSubmissionClient:
    try:
        return JobSubmissionClient(address)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise WorldProblem(CANT_SUBMIT, f"no answer: {error}", {"address": address}) from None


def _submit(client: JobSubmissionClient, source: ConfigText, name: str, python: str, more: Sequence[str]) -> str:
    with tempfile.TemporaryDirectory(prefix="ingest-job-") as directory:
        file = Path(directory) / f"config.{source.syntax}"
        file.write_text(source.text, encoding="utf-8")
        try:
            job: str = client.submit_job(
                entrypoint=shlex.join([python, "-m", "actors.cli.main", "launch-job", file.name, *more]),
                runtime_env={"working_dir": directory},
                metadata={"ingest": name},
            )
        except (RuntimeError, ValueError) as error:
            raise WorldProblem(CANT_SUBMIT, f"refused: {error}") from None
    return job


def _await(client: JobSubmissionClient, job: str) -> None:
    while (status := client.get_job_status(job)) not in _ENDED:
        time.sleep(POLL_S)
    log = client.get_job_logs(job).strip()
    if status is not JobStatus.SUCCEEDED:
        raise WorldProblem(JOB_FAILED, f"job {job} {str(status).lower()}; its log:\n{log}", {"job": job})
    if log:
        print(log, file=sys.stderr)  # noqa: T201 - what the job said is no data of this command
