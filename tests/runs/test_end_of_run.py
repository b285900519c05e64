"""The end of a run is part of it: results and statuses get where they belong, or the run has
failed and the next one tries again, also where it has nothing else to do."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.pephub_server import PephubServer, refusal
from support.postgres import PASSWORD, Server
from support.projects import edit, write
from support.running import BIN, Run, cli, run, snakemake, use_looper

from snakemake_looper.results import publish_copy, publish_notes, publish_statuses, sqlite_copy
from snakemake_looper.results.publish import publish_all
from snakemake_looper.results.publish_notes import FlagStatus, Note, is_due, read_note, write_note
from snakemake_looper.results.stores.open_store import published_stores
from snakemake_looper.results.stores.store import PublishedStore
from snakemake_looper.results.unfinished import unfinished
from snakemake_looper.workspace.current_plan import current_plan

# Jobs write what pipestat would, which is quicker; the last thing that a job does is in `last.sh`.
PROJECT = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [words.yaml]
        pipestat:
          project_name: demo
          flag_file_dir: flags
        """,
    "project.yaml": "pep_version: 2.1.0\nname: demo\nsample_table: samples.csv\n",
    "samples.csv": "sample_name,word\na,one\nb,three\n",
    "last.sh": "",
    "words.yaml": """
        pipeline_name: words
        output_schema: out.yaml
        sample_interface:
          command_template: >
            sh report.sh {pipestat.results_file} {sample.sample_name} {sample.word}
            && sh last.sh {sample.sample_name}
        """,
    "out.yaml": """
        pipeline_name: words
        samples:
          word: {type: string, description: a word}
        """,
    "report.sh": r"""
        mkdir -p "$(dirname "$1")"
        printf 'words:\n  project: {}\n  sample:\n    %s: {word: %s}\n' "$2" "$3" > "$1"
        """,
}
SQLITE = "  database: {sqlite_url: db/all.sqlite}\n"
ROWS = {"a": ("one", "completed"), "b": ("three", "completed")}


def with_store(folder: Path, section: str) -> Path:
    with (folder / ".looper.yaml").open("a") as config:
        config.write(section)
    return folder


@pytest.fixture
def lite(project: Callable[..., Path]) -> Path:
    return with_store(project(PROJECT), SQLITE)


def rows(folder: Path) -> dict[str, tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "db/all.sqlite")) as connection:
        query = "SELECT record_identifier, word, status FROM words__sample"
        return {name: tuple(rest) for name, *rest in connection.execute(query)}


def errors(done: Run) -> list[str]:
    assert "Traceback" not in done.text
    return [line for line in done.err.splitlines() if line.startswith("error: ")]


def stale(folder: Path) -> list[str]:
    """What the next run would have to make good, as its Snakemake asks."""
    jobs = current_plan(folder / ".looper.yaml").jobs()
    try:
        return unfinished(jobs)
    finally:
        jobs.close()


# --- SQLite ------------------------------------------------------------------------------------------


def test_a_database_that_cannot_be_written_is_filled_by_the_next_run(lite: Path) -> None:
    write(lite, {"last.sh": "test $1 = a || mkdir -p db/all.sqlite\n"})
    done = use_looper(cwd=lite)
    assert done.code == 1
    assert errors(done) == [
        f"error: words: results were not copied: {lite}/db/all.sqlite: is a folder; move it away"
        " or correct 'sqlite_url'; the next run tries again"
    ]
    (lite / "db/all.sqlite").rmdir()
    done = cli("run", cwd=lite)
    assert done.code == 0, done.text
    assert done.jobs() == ["publish_words_sample"]
    assert rows(lite) == ROWS
    assert use_looper("-n", cwd=lite).jobs() == []
    # A row that is edited: one job of the pipeline, and what comes after it.
    edit(lite / "samples.csv", "b,three", "b,four")
    write(lite, {"last.sh": ""})
    done = use_looper(cwd=lite)
    assert done.jobs() == ["publish_words_sample", "results_words", "words_sample:b"]
    assert rows(lite) == {**ROWS, "b": ("four", "completed")}
    assert use_looper("-n", cwd=lite).jobs() == []


def test_a_database_that_was_removed_is_filled_again(lite: Path) -> None:
    """By a run of some samples, too, and by `rerun`, which has nothing to run."""
    assert use_looper(cwd=lite).code == 0
    for words in (["run"], ["rerun"], ["run", "--samples", "a"]):
        (lite / "db/all.sqlite").unlink()
        dry = cli(*words, "--dry-run", cwd=lite)
        assert dry.code == 0, dry.text
        assert len(dry.jobs()) == 1 and not dry.jobs()[0].startswith("words")
        assert not (lite / "db/all.sqlite").exists(), "a dry run writes nothing"
        done = cli(*words, cwd=lite)
        assert (done.code, done.jobs()) == (0, dry.jobs()), done.text
        assert rows(lite) == ROWS
    for words in (["run"], ["rerun"], ["run", "--limit", "1"]):
        assert cli(*words, "--dry-run", cwd=lite).jobs() == []


def test_what_is_noticed_of_a_database(lite: Path) -> None:
    assert use_looper(cwd=lite).code == 0
    assert stale(lite) == []
    path = lite / "db/all.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE others (value)")
    assert stale(lite) == [], "others may have tables there"
    content = path.read_bytes()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM words__sample WHERE record_identifier = 'a'")
    assert len(stale(lite)) == 1, "records are gone"
    path.write_bytes(content)
    assert stale(lite) == []
    (lite / "db/other").write_bytes(content)
    (lite / "db/other").replace(path)
    assert len(stale(lite)) == 1, "it is another file"
    path.write_text("no database")
    assert len(stale(lite)) == 1


def test_what_is_noticed_of_records(lite: Path) -> None:
    assert use_looper(cwd=lite).code == 0
    flag = lite / "flags/words_a_completed.flag"
    flag.rename(lite / "flags/words_a_failed.flag")
    assert len(stale(lite)) == 1
    (lite / "flags/words_a_failed.flag").rename(flag)
    assert stale(lite) == []
    edit(lite / "results/words/results.yaml", "word: one", "word: uno")
    assert len(stale(lite)) == 1
    jobs = current_plan(lite / ".looper.yaml").jobs()
    assert publish_all(jobs) == []
    jobs.close()
    assert rows(lite)["a"] == ("uno", "completed")
    assert stale(lite) == []


def test_a_run_that_dies_while_it_copies_leaves_it_to_the_next(
    lite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the copy, and after it: until it is noted, it is not done; twice does no harm."""
    assert use_looper(cwd=lite).code == 0
    (lite / "db/all.sqlite").unlink()
    jobs = current_plan(lite / ".looper.yaml").jobs()

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    for module, name in ((sqlite_copy, "publish"), (publish_copy, "write_note")):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(module, name, die)
            publish_all(jobs)
        # A new file may have the inode of the old one: then nobody notices, and nothing is missing.
        assert len(stale(lite)) == 1 or rows(lite) == ROWS
    assert publish_all(jobs) == []
    jobs.close()
    assert stale(lite) == [] and rows(lite) == ROWS


def test_publishing_waits_for_another_run_that_does(
    lite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert use_looper(cwd=lite).code == 0
    (lite / "db/all.sqlite").unlink()
    jobs = current_plan(lite / ".looper.yaml").jobs()
    (store,) = published_stores(jobs)
    monkeypatch.setattr(publish_notes, "_LOCK_SECONDS", 0)
    with publish_notes.locked(store):
        (line,) = publish_all(jobs)
    assert line == (
        "words: results were not copied: another run has been publishing there for a minute;"
        " the next run tries again"
    )
    assert publish_all(jobs) == []
    jobs.close()


# --- results files -----------------------------------------------------------------------------------


def test_a_results_file_that_breaks_during_a_run(project: Callable[..., Path]) -> None:
    """The run fails, and so does each one after it until somebody mends the file."""
    folder = project(
        {**PROJECT, "last.sh": "test $1 = a || echo '[' > results/words/results.yaml\n"}
    )
    edit(folder / "samples.csv", "a,one\n", "")
    done = use_looper(cwd=folder)
    assert done.code == 1
    (line,) = errors(done)
    assert "results/words/results.yaml:1: is not valid YAML; correct or move it; it was not" in line
    assert use_looper(cwd=folder).code == 1, "nothing to run, and it is not done"
    (folder / "results/words/results.yaml").write_text("words: {sample: {z: {word: kept}}}\n")
    done = use_looper(cwd=folder)
    assert (done.code, done.jobs()) == (0, ["results_words"])
    text = (folder / "results/words/results.yaml").read_text()
    assert "three" in text and "kept" in text
    assert use_looper("-n", cwd=folder).jobs() == []


def test_records_that_a_dead_run_did_not_assemble(project: Callable[..., Path]) -> None:
    """Those of some samples, too: the next run of the same has nothing else to do."""
    folder = project(PROJECT)
    words = ("--samples", "a")
    assert cli("run", *words, cwd=folder).code == 0
    results = folder / "results/words/results.yaml"
    record = folder / "results/words/results_records/a.yaml"
    edit(record, "one", "uno")
    done = cli("run", *words, cwd=folder)
    assert (done.code, done.jobs()) == (0, ["left_over"])
    assert "uno" in results.read_text()
    assert cli("run", *words, "--dry-run", cwd=folder).jobs() == []


# --- PEPhub ------------------------------------------------------------------------------------------


def test_a_results_file_that_snakemake_puts_back_is_assembled_again(
    project: Callable[..., Path],
) -> None:
    """If the assembling script dies behind its note, Snakemake restores the file of before."""
    folder = with_store(project(PROJECT), "  results_file_path: all.yaml\n")
    assert use_looper(cwd=folder).code == 0
    results = folder / "results/words/all.yaml"
    whole = results.read_text()
    before = "words:\n  project: {}\n  sample:\n    a: {word: one}\n"
    assert stale(folder) == []
    # The script alone, which died behind its note: nobody has confirmed it.
    (note,) = (folder / ".snakemake/looper/settled").glob("*.assembly")
    for wanted in (["results_words"], None):
        note.write_text(json.dumps({**json.loads(note.read_text()), "confirmed": False}))
        assert stale(folder) == []
        results.write_text(before)
        assert stale(folder) == ["results/words/all.yaml"]
        if wanted:  # the next run
            done = use_looper(cwd=folder)
            assert (done.code, done.jobs()) == (0, wanted)
        else:  # the end of the same run, after the script has failed
            jobs = current_plan(folder / ".looper.yaml").jobs()
            assert publish_all(jobs) == []
            jobs.close()
        assert yaml.safe_load(results.read_text()) == yaml.safe_load(whole)
        assert json.loads(note.read_text())["confirmed"]
    assert "Nothing to be done" in use_looper(cwd=folder).text


def test_pephub_that_is_down_when_a_run_ends(project: Callable[..., Path], tmp_path: Path) -> None:
    folder = with_store(project(PROJECT), "  pephub_path: lab/results:default\n")
    with PephubServer() as server:
        names = [{"sample_name": name} for name in "abc"]
        server.push("lab/results:default", {"_config": {}, "_sample_dict": names})
        env = server.environment(tmp_path / "home", server.token("lab"))
        answer = server.before

        def down(request: str) -> Any:
            done = (folder / "flags/words_b_completed.flag").exists()
            return refusal(503, "Service Unavailable") if done else answer(request)

        server.before = down
        done = use_looper(cwd=folder, **env)
        assert done.code == 1
        (line,) = errors(done)
        assert line.startswith("error: words: results were not copied: ")
        assert line.endswith("; the next run tries again")
        assert server.rows("lab/results:default")["a"] == {"sample_name": "a"}
        server.before = answer
        done = cli("rerun", cwd=folder, **env)
        assert (done.code, done.jobs()) == (0, ["left_over"]), done.text
        assert server.rows("lab/results:default")["b"]["word"] == "three"
        assert server.rows("lab/results:default")["b"]["status"] == "completed"
        server.requests.clear()
        assert "Nothing to be done" in use_looper(cwd=folder, **env).text
        assert server.requests == [], "nobody is asked where nothing is to be done"


# --- PostgreSQL --------------------------------------------------------------------------------------


@pytest.fixture
def served(project: Callable[..., Path], postgres: Server) -> Iterator[Path]:
    postgres.query("DROP DATABASE IF EXISTS settled")
    postgres.query("CREATE DATABASE settled")
    section = json.dumps(postgres.section("settled", password="${DB_PASSWORD}"))
    yield with_store(project(PROJECT), f"  database: {section}\n")
    postgres.query("DROP DATABASE IF EXISTS settled WITH (FORCE)")


def column(server: Server) -> dict[str, str]:
    query = "SELECT record_identifier, status FROM words__sample"
    return dict(server.query(query, "settled"))


def test_a_database_that_is_away_when_a_run_ends(served: Path, postgres: Server) -> None:
    edit(served / "words.yaml", "{pipestat.results_file}", "r_{sample.sample_name}/x.yaml")
    edit(served / "words.yaml", "output_schema", "pipestat_config_required: false\noutput_schema")
    rename = "import psycopg; psycopg.connect({}, autocommit=True).execute({!r})"
    where = (
        f"host='127.0.0.1', port={postgres.port}, user='tester', password={PASSWORD!r},"
        " dbname='postgres'"
    )
    away = rename.format(where, "ALTER DATABASE settled RENAME TO elsewhere")
    write(served, {"last.sh": "test $1 = a || python away.py\n", "away.py": away})
    done = use_looper(cwd=served, DB_PASSWORD=PASSWORD)
    assert done.code == 1
    (line,) = errors(done)
    assert line.startswith("error: words: statuses were not written: PostgreSQL at 127.0.0.1:")
    assert PASSWORD not in done.text
    postgres.query("ALTER DATABASE elsewhere RENAME TO settled")
    done = cli("rerun", cwd=served, DB_PASSWORD=PASSWORD)
    assert (done.code, done.jobs()) == (0, ["left_over"]), done.text
    assert column(postgres) == {"a": "completed", "b": "completed"}
    assert use_looper("-n", cwd=served, DB_PASSWORD=PASSWORD).jobs() == []


def test_whose_status_it_is_survives_a_death(
    served: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A status of failure that a run wrote just before it died is not taken for the pipeline's."""
    monkeypatch.setenv("DB_PASSWORD", PASSWORD)
    edit(served / "words.yaml", "{pipestat.results_file}", "r_{sample.sample_name}/x.yaml")
    edit(served / "words.yaml", "output_schema", "pipestat_config_required: false\noutput_schema")
    jobs = current_plan(served / ".looper.yaml").jobs()
    folder = served / "flags"
    folder.mkdir()
    (folder / "words_a_failed.flag").write_text("failed")

    def die_when_done(store: PublishedStore, note: Note) -> None:
        if note.records["a"].stamp is not None:
            raise KeyboardInterrupt
        write_note(store, note)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(publish_statuses, "write_note", die_when_done)
        publish_all(jobs)
    assert column(postgres) == {"a": "failed"}
    (folder / "words_a_failed.flag").rename(folder / "words_a_completed.flag")
    assert publish_all(jobs) == []
    assert column(postgres) == {"a": "completed"}
    # Now the pipeline says so itself.
    postgres.query("UPDATE words__sample SET status = 'failed'", "settled")
    (folder / "words_a_completed.flag").write_text("completed")
    assert publish_all(jobs) == ["words: 'a' ended with 0, but set its status to failed"]
    assert [path.name for path in folder.iterdir()] == ["words_a_failed.flag"]
    jobs.close()


def test_notes_of_the_version_before(lite: Path) -> None:
    """Their statuses are known, and all is brought once more."""
    jobs = current_plan(lite / ".looper.yaml").jobs()
    (store,) = published_stores(jobs)
    seen = {"a": FlagStatus("completed", 1)}
    write_note(store, Note("db/all.sqlite", (1, 2), seen, {"records": 1}))
    assert read_note(store) == Note("db/all.sqlite", (1, 2), seen, {"records": 1})
    path = next((lite / ".snakemake/looper/settled").glob("*.json"))
    path.write_text('{"a": "failed"}')
    old = read_note(store)
    assert old == Note("", None, {"a": FlagStatus("failed", None)})
    assert is_due(store, {"a": FlagStatus("failed", 5)})
    for damaged in ("", "[]", "null", '{"where": 1}', '{"a": 3}'):
        path.write_text(damaged)
        assert read_note(store) is None
        assert is_due(store, {"a": FlagStatus("failed", 5)})
    jobs.close()


def test_a_group_may_publish_what_another_user_has_published(lite: Path) -> None:
    """Files of others may be replaced where their folder may be written, not written to."""
    jobs = current_plan(lite / ".looper.yaml").jobs()
    (store,) = published_stores(jobs)
    jobs.close()
    with publish_notes.locked(store):
        publish_notes.touch_marker(store)
    folder = lite / ".snakemake/looper/settled"
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    for path in folder.iterdir():
        path.chmod(0o444)
    with publish_notes.locked(store):
        publish_notes.touch_marker(store)
    marker = next(path for path in folder.iterdir() if not path.suffix)
    assert marker.stat().st_ino != before[marker.name]


# --- workflows of one's own --------------------------------------------------------------------------

MODULE = """
from snakemake_looper.for_snakefiles import module_snakefile


module looper:
    snakefile:
        module_snakefile()
    config:
        {"looper_config": "project/.looper.yaml"}


use rule * from looper as looper_*


rule mine:
    default_target: True
    input:
        rules.looper_all.input,
"""


def test_a_module_fails_and_makes_it_good(lite: Path, tmp_path: Path) -> None:
    write(lite, {"last.sh": "test $1 = a || mkdir -p db/all.sqlite\n"})
    write(tmp_path, {"Snakefile": MODULE})
    done = snakemake("--cores", "2", cwd=tmp_path)
    assert done.code == 1
    assert len(errors(done)) == 1
    (lite / "db/all.sqlite").rmdir()
    done = snakemake("--cores", "2", cwd=tmp_path)
    assert (done.code, done.jobs()) == (0, ["looper_publish_words_sample"]), done.text
    assert rows(lite) == ROWS
    assert "Nothing to be done" in snakemake("--cores", "2", cwd=tmp_path).text


def test_a_generated_workflow_makes_it_good(lite: Path) -> None:
    assert cli("generate", cwd=lite).code == 0
    assert snakemake("--cores", "2", cwd=lite).code == 0
    (lite / "db/all.sqlite").unlink()
    done = snakemake("--cores", "2", cwd=lite)
    assert (done.code, done.jobs()) == (0, ["publish_words_sample"]), done.text
    assert rows(lite) == ROWS
    text = (lite / "workflow/Snakefile").read_text()
    assert 'jobs.settled("words_sample"),' in text
    form = run(str(BIN / "snakefmt"), "--check", "workflow/Snakefile", cwd=lite)
    assert form.code == 0, form.err


def test_only_the_job_of_a_target_and_still_all_is_copied(lite: Path) -> None:
    """Jobs that no rule comes after: the end of the run sees to them, and fails with them."""
    flag = "flags/words_a_completed.flag"
    done = use_looper(flag, cwd=lite)
    assert done.code == 0, done.text
    assert rows(lite) == {"a": ROWS["a"]}
    write(lite, {"last.sh": "rm -rf db; mkdir -p db/all.sqlite\n"})
    done = use_looper("--force", flag, cwd=lite)
    assert done.code == 1, "all jobs are done, and the run is not"
    assert len(errors(done)) == 1
    assert "see the errors above" in done.text


# --- the command of `on_end` -------------------------------------------------------------------------


def summaries(folder: Path) -> list[str]:
    """The state of each run that the command heard of."""
    path = folder / "got.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line)["state"] for line in lines]


def listening(folder: Path, end: str = "") -> Path:
    """The project with a command that keeps each summary on a line."""
    command = f"tr -d '\\n' >> got.jsonl; echo >> got.jsonl{end}"
    with (folder / ".looper.yaml").open("a") as config:
        config.write(f"snakemake:\n  on_end: {json.dumps(command)}\n")
    return folder


def test_a_command_hears_of_each_run_and_changes_no_exit_code(
    project: Callable[..., Path],
) -> None:
    folder = listening(project({**PROJECT, "last.sh": "test $1 = a\n"}), "; exit 3")
    done = use_looper(cwd=folder)
    assert done.code == 1
    assert done.err.endswith(
        "next: snakemake-looper log b; then snakemake-looper rerun\n"
        f"warning: {folder}/.looper.yaml: on_end: its command ended with exit code 3; the exit code"
        " of the run stays as it is\n"
    )
    assert summaries(folder) == ["failed"]
    write(folder, {"last.sh": ""})
    assert use_looper("-n", cwd=folder).code == 0
    assert use_looper(cwd=folder).code == 0
    assert summaries(folder) == ["failed", "completed"]
    assert cli("run", "--on-end", "echo 'hear: {me}'", cwd=folder).code == 0
    assert summaries(folder) == ["failed", "completed"], "nothing was to be run"
    done = cli("run", "--on-end", "echo 'hear: {me}'", "--", "--forceall", cwd=folder)
    assert (done.code, done.err.splitlines()[-1]) == (0, "hear: {me}")
    assert summaries(folder) == ["failed", "completed"], "the command line has another command"


def test_a_command_hears_of_a_module_without_the_logger_plugin(
    project: Callable[..., Path], tmp_path: Path
) -> None:
    folder = listening(project(PROJECT))
    outer = write(tmp_path / "outer", {
        "Snakefile": f"""
            from snakemake_looper.for_snakefiles import module_snakefile

            module looper:
                snakefile: module_snakefile()
                config: {{"looper_config": {str(folder / ".looper.yaml")!r}}}

            use rule * from looper as looper_*

            rule everything:
                default_target: True
                input: rules.looper_all.input
            """
    })  # fmt: skip
    done = snakemake("--cores", "2", cwd=outer)
    assert done.code == 0, done.text
    assert summaries(folder) == ["completed"]
