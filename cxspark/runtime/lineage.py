"""Runs as OpenLineage events: which versions of which tables a run made of which."""

import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from cxspark import __version__
from cxspark.contracts.settings import Settings
from cxspark.runtime.location import Location
from cxspark.runtime.outcome import Outcome
from cxspark.runtime.run import Run, TableVersion

_PRODUCER = f"https://pypi.org/project/cxspark/{__version__}"


class OpenLineageSettings(Settings):
    """Where events go."""

    namespace: str = Field("cxspark", description="of the jobs, and of tables in a catalogue")
    transport: dict[str, Any] = Field(
        description="as OpenLineage's client takes it: {type: http, url: ...}, {type: file, "
        "log_file_path: ...}"
    )


class Lineage:
    """An event when an attempt starts, and one when it has ended; needs ``cxspark[openlineage]``.

    All attempts with one run id are children of one parent run. Tables are named as OpenLineage
    asks: by file system and path, or by their names in the catalogue.

    Source: OpenLineage specification, RunEvent 2.
    """

    def __init__(self, settings: OpenLineageSettings, location: Location) -> None:
        from openlineage.client import OpenLineageClient  # noqa: PLC0415 an optional dependency

        # A server that doesn't answer mustn't hold up a job: by itself the client tries five times.
        self._client = OpenLineageClient(
            config={"transport": {"retry": {"total": 1}, **settings.transport}}
        )
        self._namespace = settings.namespace
        self._location = location

    def started(self, outcome: Outcome) -> None:
        """START."""
        self._emit(outcome, "START")

    def ended(self, outcome: Outcome, settings: Settings) -> None:  # noqa: ARG002 no part of lineage
        """COMPLETE, or FAIL with the error."""
        self._emit(outcome, "FAIL" if outcome.exit_code else "COMPLETE")

    def _emit(self, outcome: Outcome, state: str) -> None:
        from openlineage.client import event_v2 as event  # noqa: PLC0415
        from openlineage.client.facet_v2 import output_statistics_output_dataset as of  # noqa: PLC0415

        run = outcome.run
        which = uuid.uuid5(uuid.NAMESPACE_URL, f"{run.run_id} {run.job} {run.started_at}")
        inputs = [event.InputDataset(**self._dataset(one)) for one in outcome.inputs]
        outputs = []
        for one in run.outputs:
            counted = of.OutputStatisticsOutputDatasetFacet(rowCount=one.n_rows)
            facets: dict[str, Any] = {"outputStatistics": counted}
            outputs.append(event.OutputDataset(**self._dataset(one), outputFacets=facets))
        self._client.emit(
            event.RunEvent(
                eventTime=datetime.now(UTC).isoformat(),
                producer=_PRODUCER,
                eventType=event.RunState[state],
                run=event.Run(runId=str(which), facets=self._run_facets(run, outcome.error)),
                job=event.Job(namespace=self._namespace, name=run.job),
                inputs=inputs,
                outputs=outputs,
            )
        )

    def _run_facets(self, run: Run, error: str | None) -> dict[str, Any]:
        from openlineage.client.facet_v2 import error_message_run, parent_run  # noqa: PLC0415

        whole = parent_run.Run(runId=str(uuid.uuid5(uuid.NAMESPACE_URL, run.run_id)))
        of_all = parent_run.Job(namespace=self._namespace, name=run.run_id)
        facets: dict[str, Any] = {"parent": parent_run.ParentRunFacet(run=whole, job=of_all)}
        if error is not None:
            facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
                message=error, programmingLanguage="python"
            )
        return facets

    def _dataset(self, one: TableVersion) -> dict[str, Any]:
        from openlineage.client.facet_v2 import dataset_version_dataset as of  # noqa: PLC0415

        version = of.DatasetVersionDatasetFacet(datasetVersion=str(one.version))
        namespace, name = dataset_name(self._location, one.table, namespace=self._namespace)
        return {"namespace": namespace, "name": name, "facets": {"version": version}}


def dataset_name(location: Location, table: str, *, namespace: str) -> tuple[str, str]:
    """Namespace and name of a table.

    Example:
        >>> dataset_name(Location(root="s3://shop/lake"), "gold.user_item", namespace="cx")
        ('s3://shop', '/lake/gold/user_item')
        >>> dataset_name(Location(root="hdfs:///lake"), "gold.user_item", namespace="cx")
        ('hdfs://', '/lake/gold/user_item')
        >>> dataset_name(Location(root="/data"), "gold.user_item", namespace="cx")
        ('file', '/data/gold/user_item')
        >>> dataset_name(Location(catalog="c", database="d"), "gold.user_item", namespace="cx")
        ('cx', 'c.d.gold_user_item')
    """
    if location.root is None:
        parts = [location.catalog, location.database, table.replace(".", "_")]
        return namespace, ".".join(part for part in parts if part)
    where = urlsplit(location.root)
    path = f"{where.path.rstrip('/')}/{table.replace('.', '/')}"
    here = where.scheme in {"", "file"}
    return ("file" if here else f"{where.scheme}://{where.netloc}"), path
