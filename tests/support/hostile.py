"""A finished project whose files are made hostile, one or a few at a time, and what commands say.

The project has every kind of file that is read: what users write, what jobs leave (record files,
flags, logs), and what this package keeps (plans, journals, notes). A fault is a traceback, a
message that is no line of ours, an odd exit code, a hang, or a change outside the project.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from support.projects import write

SECONDS = 5
"""Of the processor: longer work on a small project is a hang."""
_TIME = 1_000_000_000
_SCHEMA = """
    title: results
    description: results
    type: object
    properties:
      pipeline_name: {name}
      {level}
    """
_RESULTS = """samples:
        type: array
        items:
          type: object
          properties:
            n: {type: integer, description: a number}
            rate: {type: number, description: a rate}
            words: {type: array, items: {type: string}, description: words}
            page: {type: file, description: a file}
            plot: {type: image, description: an image}"""
FILES: Mapping[str, str] = {
    ".looper.yaml": """
        pep_config: pep/project.yaml
        output_dir: results
        pipeline_interfaces: [pipes/count.yaml, pipes/old.yaml, pipes/total.yaml]
        sample_modifiers: {append: {kind: x}}
        cli: {run: {limit: 5}}
        compute: {partition: short}
        pipestat: {project_name: demo, results_file_path: results.yaml, flag_file_dir: flags}
        """,
    "pep/project.yaml": """
        pep_version: 2.1.0
        name: demo
        sample_table: samples.csv
        subsample_table: more.tsv
        project_modifiers:
          import: [base.yaml]
          amend: {other: {looper: {output_dir: other}}}
        sample_modifiers:
          derive: {attributes: [file], sources: {source: "{sample_name}.txt"}}
          imply: [{if: {word: one}, then: {first: yes}}]
        """,
    "pep/base.yaml": "description: base\n",
    "pep/samples.csv": "sample_name,file,word\na,source,one\nb,source,two\nc,source,three\n",
    "pep/more.tsv": "sample_name\tsubsample_name\tpart\na\t1\tx\na\t2\ty\n",
    "a.txt": "a\n",
    "b.txt": "b\n",
    "c.txt": "c\n",
    "pipes/count.yaml": """
        pipeline_name: count
        input_schema: in.yaml
        output_schema: count_out.yaml
        var_templates: {where: "{looper.output_dir}/x"}
        sample_interface:
          command_template: >
            echo {sample.word} {sample.file} {compute.mem} {pipestat.config_file}
        compute: {size_dependent_variables: sizes.tsv, mem: 100M}
        pre_submit:
          python_functions: []
          command_templates: ["printf '{{}}' #{sample.sample_name}"]
        snakemake: {retries: 1, resources: {disk: 3}}
        """,
    "pipes/old.yaml": """
        pipeline_name: old
        pipeline_type: sample
        command_template: echo {sample.sample_name}
        """,
    "pipes/total.yaml": """
        pipeline_name: total
        output_schema: total_out.yaml
        project_interface:
          command_template: echo {project.name} {pipestat.config_file}
        """,
    "pipes/in.yaml": """
        imports: [more_in.yaml]
        properties:
          samples:
            type: array
            items:
              type: object
              properties: {sample_name: {type: string}, file: {type: string}}
              required: [sample_name, file]
              tangible: [file]
              sizing: [file]
        """,
    "pipes/more_in.yaml": "properties: {samples: {items: {properties: {word: {type: string}}}}}\n",
    "pipes/count_out.yaml": _SCHEMA.format(name="count", level=_RESULTS),
    "pipes/total_out.yaml": _SCHEMA.format(
        name="total",
        level="project: {type: object, properties: {n: {type: integer, description: n}}}",
    ),
    "pipes/sizes.tsv": "max_file_size\tcores\n1\t1\nNaN\t2\n",
    "settings.yaml": "cores: 2\n",
    "divvy.yaml": """
        compute_packages:
          default: {submission_template: submit.sub, submission_command: sbatch}
        """,
    "submit.sub": "#!/bin/bash\n#SBATCH --mem={MEM}\n#SBATCH --time={TIME}\n{CODE}\n",
}
_RECORD = """count:
  project: {}
  sample:
    %s:
      n: 3
      rate: 0.5
      words: [x, y]
      page: {path: a.txt, title: page}
      plot: {path: a.txt, thumbnail_path: a.txt, title: plot}
      meta: {pipestat_created_time: '2026-01-01 10:00:00', history: {}}
"""


def finished(folder: Path) -> dict[str, bytes]:
    """Make the project with its plan, and as its jobs would have left it; all its files."""
    from snakemake_looper.read.options.options import Options
    from snakemake_looper.status.journal import Death, Journal
    from snakemake_looper.workspace.current_plan import current_plan
    from snakemake_looper.workspace.generated_workflow import write_workflow

    write(folder, FILES)
    for path in folder.rglob("*"):
        os.utime(path, (_TIME, _TIME))
    plan = current_plan(folder / ".looper.yaml")
    rows = list(plan.jobs().rows())
    for number, row in enumerate(rows):
        status = ("completed", "failed", "running", "waiting", "partial")[number % 5]
        flag = folder / row.flag.replace("_completed.flag", f"_{status}.flag")
        for path, text in ((flag, status), (folder / row.log, "line\nthe command exited with 3\n")):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for name in "abc":
        write(folder, {f"results/count/results_records/{name}.yaml": _RECORD % name})
    write(folder, {"results/count/results.yaml": _RECORD % "a"})
    write(
        folder, {"results/total/results.yaml": "total:\n  project: {demo: {n: 3}}\n  sample: {}\n"}
    )
    journal = Journal.open(folder, plan.path.name)
    journal.begin("local", {row.flag: "" for row in rows})
    journal.submitted([rows[1].flag], "17")
    journal.record_death(rows[1].flag, Death("failed", 1.0, None, "out of memory", 1, "SIGKILL"))
    journal.end()
    write_workflow(folder / ".looper.yaml", Options(), folder / "flow")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- damage ---------------------------------------------------------------------------------------

TEXTS = (
    b"", b"\0", b"\n", b"3\n", b"- a\n", b"null\n", b"{}\n", b"[]\n", b"\xff\xfe\x00x", b"\xef\xbb\xbf",
    b"a: &a [*a]\n", b"a: {<<: 3}\n", b"? [a, b]\n: c\n", b"a: !!python/object:os.system x\n",
    b"a: !!bool S3\n", b"a: !!timestamp x\n", b"a: !!int x\n", b"a: 2026-99-99\n", b"a: 1_0:99\n",
    b"[" * 3000, b"{" * 3000, b"a: " * 300, b"- " * 3000, b"x" * 70_000, b"a,b\n" * 3000,
    b"".join(b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9) if n else b"x")
             for n in range(9)),
    b'{"event": "run", "pid": -1, "host": [], "plan": {}, "at": NaN}\n',
    b'{"event": "begin", "at": 1, "executor": "local", "planned": {"../../x": "completed"}}\n',
    b"SQLite format 3\0" + b"\0" * 200, b"=cmd|' /C calc'!A0\n", b"\x1b[2J\x1b[31mred\n",
    b"count: {sample: {a: {n: .nan, rate: .inf, page: {path: /etc/passwd, title: x}}}}\n",
    b"count: {sample: {../../../x: {n: 1}, '': {n: 2}, 3: {n: 3}, null: {n: 4}, a: 3, b: [1]}}\n",
    b"count: {sample: {a: {../../y: {path: a.txt, title: x}, <script>: 1, 2026-01-01: 2}}}\n",
    b"count: {sample: []}\n", b"count: 3\n", b"count: {sample: {a: {page: [1, {path: []}]}}}\n",
    b"../../x\n", b"sample_name,file\n../../x,a\n", b"sample_name,file\n\x1b[2J,a\n",
    b"sample_name\tfile\na\tb\n", b"sample_name,sample_name\na,b\n", b"sample_name;file\na;b\n",
)  # fmt: skip
"""Contents of a whole file."""
WORDS = (
    b"", b"null", b"~", b"[]", b"{}", b"-1", b"1e999", b".nan", b"2026-99-99", b"{", b"}", b"{{",
    b"{% for s in", b"{% for i in range(10**9) %}x{% endfor %}", b"{sample.__class__}", b"$NOPE",
    b"${NOPE}", b"a: b", b"\t", b"- ", b"\x00", b"\x1b[2J", b"\xff", b"'", b'"', b"../../..",
    b"/dev/zero", b"/", b".", b"*x", b"&a ", b"!!bool x", b"<<: x", b"|", b"#", b"%", b",", b"x" * 300,
    b"[a, [b]]", b"{a: {b: c}}", b"\xe2\x80\xae", b"\xe2\x80\xa8", b"http://127.0.0.1:9/x", b"0",
)  # fmt: skip
"""Texts in the place of a value, or anywhere."""
Files = dict[str, bytes]


def _whole(chance: random.Random, files: Files, name: str) -> None:
    files[name] = chance.choice(TEXTS)


def _value(chance: random.Random, files: Files, name: str) -> None:
    lines = files[name].splitlines(keepends=True) or [b"\n"]
    number = chance.randrange(len(lines))
    separator = chance.choice([b":", b",", b'"', b" "])
    parts = lines[number].rstrip(b"\n").split(separator)
    parts[chance.randrange(len(parts))] = b" " + chance.choice(WORDS)
    lines[number] = separator.join(parts) + b"\n"
    files[name] = b"".join(lines)


def _insert(chance: random.Random, files: Files, name: str) -> None:
    at = chance.randrange(len(files[name]) + 1)
    files[name] = files[name][:at] + chance.choice(WORDS) + files[name][at:]


def _cut(chance: random.Random, files: Files, name: str) -> None:
    files[name] = files[name][: chance.randrange(len(files[name]) + 1)]


def _append(chance: random.Random, files: Files, name: str) -> None:
    files[name] += chance.choice(TEXTS)


def _swap(chance: random.Random, files: Files, name: str) -> None:
    files[name] = files[chance.choice(sorted(files))]


Kind = Callable[[Path], None]
KINDS: Mapping[bytes, Kind] = {
    b"<gone>": lambda path: None,
    b"<folder>": lambda path: (path / "inside").mkdir(parents=True),
    b"<link to itself>": lambda path: path.symlink_to(path.name),
    b"<link to nothing>": lambda path: path.symlink_to("/nonexistent/x"),
    b"<link outside>": lambda path: path.symlink_to("/etc/passwd"),
    b"<pipe>": lambda path: os.mkfifo(path),
    b"<device>": lambda path: path.symlink_to("/dev/zero"),
}
"""Things that are no files, in a file's place; the content that stands for each."""


def _thing(chance: random.Random, files: Files, name: str) -> None:
    files[name] = chance.choice(sorted(KINDS))


DAMAGES = (_whole, _whole, _value, _value, _value, _insert, _cut, _append, _swap, _thing)


def damaged(files: Mapping[str, bytes], seed: int) -> tuple[Files, list[str]]:
    """A copy of files with one to three damages, and a line about each."""
    chance = random.Random(seed)
    made, said = dict(files), []
    for _ in range(chance.randint(1, 3)):
        name, damage = chance.choice(sorted(made)), chance.choice(DAMAGES)
        if made[name] not in KINDS:
            damage(chance, made, name)
            said.append(f"{name}: {damage.__name__}: {made[name][:300]!r}")
    return made, said


def lay_out(files: Mapping[str, bytes], base: Mapping[str, bytes], folder: Path) -> None:
    """Write files. Those that are as in `base` get an old time, so that a plan may be current."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content in KINDS:
            KINDS[content](path)
        else:
            path.write_bytes(content)
            if content == base.get(name):
                os.utime(path, (_TIME, _TIME))


# --- commands -------------------------------------------------------------------------------------

COMMANDS: Sequence[tuple[str, ...]] = (
    ("inspect",), ("inspect", "--json"), ("inspect", "--sample", "a"), ("check",),
    ("check", "--itemized"), ("check", "--json"), ("table",), ("table", "--format", "json"),
    ("table", "--format", "csv"), ("table", "--wide", "--with-samples"), ("report",), ("report", "--portable"),
    ("report", "--multiqc"), ("link",),
    ("destroy", "--dry-run"), ("destroy", "--removed", "--dry-run"), ("clean", "--dry-run"),
    ("inspect", "--settings", "settings.yaml"), ("inspect", "--amend", "other"),
    ("generate", "-o", "flow"), ("profile", "--package", "default", "--divvy", "divvy.yaml"),
)  # fmt: skip
_KINDS_OF_LINE = ("error: ", "warning: ", "note: ")
_HARMLESS = ("/dev/null", "/dev/tty", "/dev/zero", "/etc/passwd")


def fault_of(words: Sequence[str], folder: Path, outside: Path) -> str:
    """Run a command in a child process; the fault that it shows, or an empty text.

    Args:
        words: the command and its options.
        folder: the project.
        outside: the folder around it, which has nothing else in it.
    """
    report = outside.with_suffix(".fault")
    report.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            report.write_text(_in_child(words, folder), encoding="utf-8", errors="replace")
            code = 0
        os._exit(code)
    status = os.waitpid(child, 0)[1]
    if status:
        code = os.waitstatus_to_exitcode(status)
        return f"died, or took {SECONDS} seconds: {code}"
    left = sorted(path.name for path in outside.iterdir() if path != folder)
    more = f"written outside: {left}" if left else ""
    return report.read_text(encoding="utf-8").replace(str(folder), ".") or more


def _in_child(words: Sequence[str], folder: Path) -> str:
    from snakemake_looper.cli import main

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    signal.alarm(60)  # a wait uses no processor
    os.chdir(folder)
    writes: list[str] = []
    sys.addaudithook(lambda event, values: _note_write(event, values, folder, writes))
    out, err = io.StringIO(), io.StringIO()
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(words))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        return traceback.format_exc()[-6000:]
    return "\n".join(_faults(code, out.getvalue(), err.getvalue(), writes))


def _faults(code: int, out: str, err: str, writes: Sequence[str]) -> Iterator[str]:
    if code not in (0, 1, 2):
        yield f"exit code {code}"
    if "Traceback" in out + err:
        yield f"a traceback is printed: {err[-3000:]}"
    for line in err.splitlines():
        if not line.startswith(_KINDS_OF_LINE) or not line.isprintable():
            yield f"no line of ours: {line!r}"
    if code == 2 and "error: " not in err:
        yield "exit code 2 without an error"
    if "\x1b" in out or "\0" in out:
        yield f"control characters: {out[-500:]!r}"
    if writes:
        yield f"written outside: {writes[:5]}"


def _note_write(event: str, values: tuple[Any, ...], folder: Path, writes: list[str]) -> None:
    """Note changes of files outside the project; an audit hook of Python."""
    if event == "open":
        path, _, flags = values
        is_change = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        changed = [path] if is_change and isinstance(path, (str, bytes)) else []
    elif event in ("os.rename", "os.link", "shutil.move"):
        changed = [values[0], values[1]]
    elif event == "os.symlink":
        changed = [values[1]]
    elif event in ("os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "os.truncate", "os.chmod"):
        changed = [values[0]] if values[-1] in (-1, None) or event != "os.remove" else []
    else:
        return
    for one in changed:
        if isinstance(one, (str, bytes, os.PathLike)):
            path = os.path.abspath(os.fsdecode(one))
            temporary = os.path.basename(path).startswith(("snakemake-looper-", "tmp"))
            inside = path.startswith((f"{folder}/", "/proc/")) or "snakemake-looper-" in path
            if not (inside or temporary or path in _HARMLESS):
                writes.append(f"{event} {path}")


def search(
    files: Mapping[str, bytes], seed: int, commands: Sequence[Sequence[str]], outside: Path
) -> tuple[int, dict[str, str]]:
    """Run commands on a damaged copy: how many were run, and each fault by its place.

    `files` are those that `finished` made in `outside / "project"`: plans have that path in them.
    """
    made, said = damaged(files, seed)
    found: dict[str, str] = {}
    for words in commands:
        shutil.rmtree(outside, ignore_errors=True)
        folder = outside / "project"
        folder.mkdir(parents=True)
        lay_out(made, files, folder)
        fault = fault_of(words, folder, outside)
        if fault:
            where = json.dumps([words[0], "".join(fault.strip().splitlines()[-3:])[-300:]])
            found.setdefault(where, "\n".join([" ".join(words), f"seed {seed}", *said, fault]))
    shutil.rmtree(outside, ignore_errors=True)
    return len(commands), found


def preload() -> None:
    """Import once what each child needs."""
    import peppy  # noqa: F401

    import snakemake_looper.commands.check
    import snakemake_looper.commands.clean
    import snakemake_looper.commands.destroy
    import snakemake_looper.commands.generate
    import snakemake_looper.commands.inspect
    import snakemake_looper.commands.link
    import snakemake_looper.commands.profile
    import snakemake_looper.commands.report
    import snakemake_looper.commands.table
    import snakemake_looper.workspace.plan_folder_writer  # noqa: F401
