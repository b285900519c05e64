"""Forty secrets in a `pipestat:` section: no command shows one, and one file per pipeline holds them.

pipestat itself needs the secrets, so the merged config of each pipeline has them. That file is for
its owner only. Nothing else of what the commands print and leave has any of them: the project's
folder with Snakemake's own files, the home folder, and the folder of temporary files.
"""

from __future__ import annotations

import base64
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from support.projects import TOUCH, write
from support.running import Run, cli, use_looper

NAMES = (
    "password", "passwd", "pwd", "pass", "PGPASSWORD", "token", "api_key", "apikey", "access_key",
    "secret_key", "client_secret", "auth", "authorization", "bearer", "credentials", "private_key",
    "passphrase", "jwt", "cookie", "pin", "dsn", "session", "sas", "signature",
)  # fmt: skip
FORMS = (
    "url: postgresql://u:{}@h/db",
    "link: https://h/x?token={}",
    "account: Server=h;Uid=u;Pwd={}",
    "headers: {{Authorization: Bearer {}}}",
    "nested: [[{{name: x, value: {}}}]]",
    "unknown: {{a: {{b: [{}]}}}}",
    "multi: |\n    -----BEGIN KEY-----\n    {}\n    -----END KEY-----",
    "file: file:r.db?key={}",
    "namespace: u:{}@h",
    "name: https://u:{}@h/x?y=1",
    "mixed: ${{HOME}}{}",
    "dollar: $e{}",
    "below: {{{}: true}}",
    "3: {}",
    "2026-01-01: {}",
    "database: {{dialect: postgresql, name: db, user: u, password: {}, host: 'x://u:{}@h'}}",
)
ENCODED = base64.b64encode(b"S3CR3T-encoded").decode()
SECRET = re.compile(rf"S3CR3T-\d\d|{re.escape(ENCODED)}")


def section() -> str:
    """All spellings, each with a secret of its own."""
    spellings = [*(f"{name}: {{}}" for name in NAMES), *FORMS, f"encoded: {ENCODED}"]
    numbers = iter(range(10, 99))
    lines = [re.sub(r"\{\}", lambda _: f"S3CR3T-{next(numbers)}", line) for line in spellings]
    text = "".join(f"  {line}\n" for line in lines).replace("{{", "{").replace("}}", "}")
    return f"pipestat:\n  results_file_path: r.yaml\n{text}"


SCHEMA = """
    title: results
    description: results
    type: object
    properties:
      pipeline_name: {name}
      samples:
        type: array
        items:
          type: object
          properties:
            n: {{type: integer, description: a number}}
    """
PIPELINE = """
    pipeline_name: {name}
    output_schema: {name}_out.yaml
    sample_interface:
      command_template: {command}
    """
FILES = {
    **TOUCH,
    "works.yaml": PIPELINE.format(
        name="works",
        command="pipestat report -c {pipestat.config_file} -r {sample.sample_name} -i n -v 5",
    ),
    "works_out.yaml": SCHEMA.format(name="works"),
    "fails.yaml": PIPELINE.format(
        name="fails", command="test -s {pipestat.config_file} && test {sample.word} = one"
    ),
    "fails_out.yaml": SCHEMA.format(name="fails"),
}
CONFIG = (
    "pep_config: project.yaml\noutput_dir: results\npipeline_interfaces: [works.yaml, fails.yaml]\n"
)
ASKED = (
    ("inspect",), ("inspect", "--json"), ("inspect", "--sample", "a"), ("check", "--json"),
    ("check", "--itemized"), ("table",), ("report",), ("link",), ("generate", "-o", "flow"),
    ("profile", "slurm", "-o", "profile"), ("destroy", "--dry-run"), ("clean", "--dry-run"),
)  # fmt: skip


def do_all(top: Path) -> dict[str, Run]:
    """Run each command in a new project; what each of them printed, by its words."""
    folder = write(top / "project", FILES)
    (folder / ".looper.yaml").write_text(CONFIG + section(), encoding="utf-8")
    places = {"HOME": top / "home", "TMPDIR": top / "tmp", "XDG_CACHE_HOME": top / "home/.cache"}
    for place in places.values():
        place.mkdir(parents=True)
    env = {name: str(place) for name, place in places.items()}
    found = {"dry run": use_looper("-n", "-p", "--verbose", cwd=folder, **env)}
    found["run"] = use_looper("-k", "-p", "--verbose", cwd=folder, **env)
    for words in ASKED:
        found[" ".join(words)] = cli(*words, cwd=folder, **env)
    return found


def holders(folder: Path) -> Iterator[Path]:
    """All files below a folder that have a secret in them."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and SECRET.search(path.read_bytes().decode("latin-1")):
            yield path.relative_to(folder)


def test_no_secret_is_left(tmp_path: Path) -> None:
    given = set(SECRET.findall(section()))
    assert len(given) > 40
    done = do_all(tmp_path)
    assert (done["dry run"].code, done["run"].code) == (0, 1), done["run"].err
    assert {words: run.code for words, run in done.items() if run.code > 1} == {}
    assert {words for words, run in done.items() if SECRET.search(run.text)} == set()
    needed = [Path("project/results") / f"pipestat_config_{one}.yaml" for one in ("fails", "works")]
    assert list(holders(tmp_path)) == [Path("project/.looper.yaml"), *needed]
    for path in needed:  # with all of them: else this test could not find any
        assert set(SECRET.findall((tmp_path / path).read_text())) == given
        assert stat.S_IMODE((tmp_path / path).stat().st_mode) == 0o600
