"""Airflow in an environment of its own, and the DAG in a home of its own; for test_airflow_dag."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from absent import absent

PROJECT = Path(__file__).resolve().parents[2]
CONF = PROJECT / "conf" / "airflow"


def environment() -> Path:
    """The folder of Airflow's environment: CXSPARK_AIRFLOW, else .airflow-venv, made if need be.

    Cost: a minute and a half and 700 MB the first time.
    """
    if given := os.environ.get("CXSPARK_AIRFLOW"):
        return Path(given)
    folder = PROJECT / ".airflow-venv"
    pins = "".join((CONF / name).read_text() for name in ("requirements.txt", "constraints.txt"))
    stamp = folder / "installed"
    if stamp.is_file() and stamp.read_text() == pins:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    files = ["-r", str(CONF / "requirements.txt"), "-c", str(CONF / "constraints.txt")]
    done = subprocess.run([*install, *files], capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(folder)
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        absent(f"pip has no Airflow here: {said[0] if said else done.stderr}")
    stamp.write_text(pins)
    return folder


class Airflow:
    """Airflow with a database and a home of its own, that submits to this environment's Spark.

    Args:
        folder: the environment.
        home: where Airflow keeps its things.
        dags: the folder of the DAG.
        variables: what the DAG is parsed with.
    """

    def __init__(self, folder: Path, home: Path, dags: Path, **variables: str) -> None:
        self.python = folder / "bin" / "python"
        self.dags = dags
        self.variables = {
            **os.environ,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "local[2]"}),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": str(PROJECT),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            **variables,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Airflow's Python with these arguments, to its end."""
        return subprocess.run(
            [str(self.python), *arguments],
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def look(self, script: str, *arguments: str) -> Any:
        """What a script says in its last line, as JSON."""
        done = self.run("-c", script, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])
