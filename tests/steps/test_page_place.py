"""Where the report is written, also where nothing can be renamed, as on Databricks' volumes."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from cxspark.contracts.errors import ConfigError
from cxspark.report.settings import BuildReportSettings
from cxspark.runtime.location import Location
from cxspark.steps.build_report import page_path, write_whole

# The kernel refuses to rename in a process that has asked it to, as the volume's driver would.
WITHOUT_RENAME = """
import ctypes, errno, struct, sys
from pathlib import Path
from cxspark.steps.build_report import write_whole

RENAMES = (82, 264, 316)  # rename, renameat, renameat2
LOAD_NUMBER, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
lines = [(LOAD_NUMBER, 0, 0, 0)]
lines += [(IF_EQUAL, len(RENAMES) - place, 0, call) for place, call in enumerate(RENAMES)]
lines += [(RETURN, 0, 0, 0x7FFF0000), (RETURN, 0, 0, 0x00050000 | errno.ENOSYS)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0  # no new privileges
filter = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code))
assert libc.prctl(22, 2, filter, 0, 0) == 0  # system calls by this filter
write_whole(Path(sys.argv[1]), "new")
"""


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (Location(root="/data"), "/data/report/index.html"),
        (Location(root="file:///data/"), "/data/report/index.html"),
    ],
)
def test_the_page_lies_beside_local_tables(location: Location, expected: str) -> None:
    assert page_path(BuildReportSettings(), location) == Path(expected)


@pytest.mark.parametrize(
    "place", [{"root": "s3a://bucket/x"}, {"root": "dbfs:/x"}, {"database": "d"}]
)
def test_remote_tables_need_a_path_for_the_page(place: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"build_report\.output.*--set"):
        page_path(BuildReportSettings(), Location(**place))
    assert page_path(BuildReportSettings(output="p.html"), Location(**place)) == Path("p.html")


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    write_whole(target, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(target, "new \ud800")
    assert target.read_text("utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"),
    reason="system calls have these numbers on Linux, x86_64",
)
def test_the_page_is_written_where_nothing_can_be_renamed(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_text("old")
    subprocess.run([sys.executable, "-c", WITHOUT_RENAME, str(target)], check=True)
    assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
