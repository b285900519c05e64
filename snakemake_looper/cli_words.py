"""The words of `snakemake-looper` as people type them: ours, Snakemake's, and targets.

People who come from looper, Snakemake or Nextflow type what their hands know: `run align`,
`run --cores 4`, `run -np`, `runp`, `-resume`. `sort_words` reads a command's words before argparse
does. It tells our options from Snakemake's, which `run` and `rerun` hand on, and from targets. A
word with one meaning is accepted. For any other word there is one line that says what to write.

The spellings of our options come from the parser itself, see `cli_options`. Those of Snakemake are
asked for only if there is a word that is not ours: to import Snakemake takes half a second.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .cli_commands import RUNS, takes_name
from .errors import Problems, near
from .read.deprecated import OPTIONS as OLDER
from .read.options.options import OPTION_NAMES, spelled


class Values(NamedTuple):
    """How many values an option takes."""

    least: int
    most: int


Spellings = Mapping[str, Values]
"""Options by spelling."""
_MANY = 1000
_COUNTS = {
    None: Values(1, 1), "?": Values(0, 1), "+": Values(1, _MANY), "*": Values(0, _MANY),
}  # fmt: skip

_SWITCHES: Mapping[str, tuple[str, ...]] = {
    "-i": ("--forceall",), "--ignore-flags": ("--forceall",),
    "-n": ("--dry-run",), "-k": ("--keep-going",), "-p": ("--printshellcmds",),
    "-j": ("--cores", "all"), "-c": ("--cores", "all"),
}  # fmt: skip
"""Options without a value, of looper or of Snakemake, and the words for Snakemake they stand for.

Those that are options of ours with a value mean something else only if no value follows.
"""
_ELSEWHERE: Mapping[str, str] = {
    "-t": "is looper's --time-delay; write --max-jobs-per-second N",
    "--time-delay": "write --max-jobs-per-second N",
    "--pipestat": "write a section 'pipestat:' in the looper config",
    "--rerun": "is a command; write 'snakemake-looper rerun'",
    "-resume": "leave it out: a run goes on where the last one ended",
    "--resume": "leave it out: a run goes on where the last one ended",
    "-work-dir": "jobs run in the looper config's folder; write --directory DIR for another one",
    "-w": "jobs run in the looper config's folder; write --directory DIR for another one",
    "--silent": "write --quiet",
    "--verbosity": "write --verbose",
    "--logdev": "write --verbose",
    "-y": "takes a text here; to leave out the question, write --force",
    "--yes": "write --force",
}
"""Words of other tools, each with the line that says what to write here."""
_TEXTS = ("-x", "--command-extra", "-y", "--command-extra-override")
"""Options whose value may begin with a dash."""
_FLAGS_OF_SNAKEMAKE = re.compile(r"-(?:n[A-Za-z]+|p[nrFqk]+)")
"""Several flags of Snakemake in one word, as in `-np`."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a command, sorted."""

    ours: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    for_snakemake: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def spellings_of(parser: argparse.ArgumentParser) -> dict[str, Values]:
    """The options of a parser."""
    found: dict[str, Values] = {}
    for spelling, action in parser._option_string_actions.items():  # argparse has no other way
        nargs = action.nargs
        found[spelling] = Values(nargs, nargs) if isinstance(nargs, int) else _COUNTS[nargs]
    return found


def spellings_in(words: Sequence[str], parser: argparse.ArgumentParser) -> dict[str, str]:
    """The spelling of each option in words of ours, by the option's name."""
    actions = parser._option_string_actions
    whole = (word.partition("=")[0] for word in words)
    spellings = (word if word in actions else word[:2] for word in whole)
    return {actions[one].dest: one for one in spellings if one in actions}


def sort_words(
    command: str,
    typed: Sequence[str],
    ours: Spellings,
    of_snakemake: Callable[[], Spellings],
    problems: Problems,
) -> Words:
    """Sort the words behind a command, up to a `--`.

    Args:
        command: the name of the command.
        typed: the words.
        ours: the options of the command.
        of_snakemake: gives the options of Snakemake.
        problems: gets each word that has no meaning here, with what to write.
    """
    sorter = _Sorter(command, ours, of_snakemake, problems)
    position = 0
    while position < len(typed):
        position += 1 + sorter.take(typed[position], typed[position + 1 :])
    return sorter.words


def _values(words: Sequence[str]) -> list[str]:
    """The words up to the next option."""
    ends = (place for place, word in enumerate(words) if _is_option(word))
    return list(words[: next(ends, len(words))])


def _is_option(word: str) -> bool:
    """Whether a word is an option, and not a value like `-`, `-1` or `-x 1 -y`."""
    return re.fullmatch(r"--?[A-Za-z][^ ]*", word) is not None


class _Sorter:
    """Takes a word with those behind it, and says how many of these belong to it."""

    def __init__(
        self,
        command: str,
        ours: Spellings,
        of_snakemake: Callable[[], Spellings],
        problems: Problems,
    ) -> None:
        self.words = Words()
        self._command = command
        self._runs = command in RUNS
        self._ours = ours
        self._of_snakemake = of_snakemake
        self._problems = problems

    def take(self, word: str, rest: Sequence[str]) -> int:
        """Sort a word; returns how many of the words behind it are its values."""
        if not _is_option(word):
            self._take_target(word)
            return 0
        spelling, equals, _ = word.partition("=")
        behind = [] if equals else _values(rest)
        if spelling in _TEXTS and not equals and not behind and rest and self._is_text(rest[0]):
            self.words.ours.append(f"{word}={rest[0]}")
            return 1
        for step in (
            self._habit,
            self._own,
            self._attached,
            self._handed_on,
            self._older,
            self._shortened,
        ):
            taken = step(spelling, word, behind)
            if taken is not None:
                return taken
        known = [*self._ours, *(self._of_snakemake() if self._runs else ())]
        what = f"is no option of '{self._command}'{near(spelling, known)}; see --help"
        self._problems.add(spelling, "", what)
        return len(behind)

    def _is_text(self, word: str) -> bool:
        """Whether a word that looks like an option is the text for `--command-extra`."""
        return word not in self._ours and word not in self._of_snakemake()

    def _take_target(self, word: str) -> None:
        if "-c" in self._ours and "-c" not in self.words.ours and _is_project(word):
            self.words.ours.extend(("-c", word))
            return
        if self._runs or (takes_name(self._command) and not self.words.targets):
            self.words.targets.append(word)
            return
        has_samples = "--samples" in self._ours
        advice = f"for a sample, write --samples {word}" if has_samples else "leave it out"
        self._problems.add(word, "", f"stands behind no option; {advice}")

    def _habit(self, spelling: str, word: str, behind: list[str]) -> int | None:
        """A word of looper, Snakemake or Nextflow that is not, or not always, an option of ours."""
        if self._runs:
            taken = self._habit_of_runs(spelling, word, behind)
            if taken is not None:
                return taken
        elif word in ("-n", "--dryrun") and not behind and "--dry-run" in self._ours:
            self.words.ours.append("--dry-run")
            return 0
        if spelling in _ELSEWHERE and (spelling not in self._ours or not behind):
            self._problems.add(spelling, "", _ELSEWHERE[spelling])
            return len(behind)
        return None

    def _habit_of_runs(self, spelling: str, word: str, behind: list[str]) -> int | None:
        if spelling == "--project":
            self.words.targets.append("project")
            return 0
        is_bare = word == spelling and not (spelling in self._ours and behind)
        if spelling in _SWITCHES and is_bare:
            self.words.for_snakemake.extend(_SWITCHES[spelling])
            return 0
        cores = _cores(word, behind)
        if cores is not None:
            self.words.for_snakemake.extend(("--cores", cores))
            return 0 if len(word) > 2 else 1
        if _is_config_of_snakemake(word, behind):
            return self._hand_on(word, [one for one in behind if "=" in one])
        if _FLAGS_OF_SNAKEMAKE.fullmatch(word) and not self._is_long(word):
            return self._hand_on(word, [])
        if re.fullmatch(r"-j\d*", word):
            number = word[2:] or behind[0]
            note = f"-j {number} is looper's --lump-j and makes {number} lumps"
            self.words.notes.append(f"{note}; for {number} jobs at once write --cores {number}")
        return None

    def _own(self, spelling: str, word: str, behind: list[str]) -> int | None:
        """An option of the command."""
        if spelling not in self._ours:
            return None
        least, most = self._ours[spelling]
        values = behind[:most]
        if len(values) < least and "=" not in word:
            dash = f", or {spelling}=TEXT if it begins with '-'" if spelling in _TEXTS else ""
            self._problems.add(spelling, "", f"has no value; write one behind it{dash}")
            return 0
        self.words.ours.extend((word, *values))
        return len(values)

    def _attached(self, spelling: str, word: str, behind: list[str]) -> int | None:
        """A short option with its value, as in `-l2`, or a long one with one dash, as in `-limit`."""
        if word.startswith("--"):
            return None
        if self._is_long(spelling):
            return self.take(f"-{word}", behind)
        if word[:2] in self._ours and self._ours[word[:2]].most:
            self.words.ours.append(word)
            return 0
        letters = [f"-{letter}" for letter in word[1:]]
        if all(self._ours.get(one) == (0, 0) for one in letters):
            self.words.ours.extend(letters)
            return 0
        return None

    def _is_long(self, spelling: str) -> bool:
        """Whether a word with one dash is a long option that lacks one."""
        if len(spelling) < 4:
            return False
        long = f"-{spelling}"
        return long in self._ours or (self._runs and long in self._of_snakemake())

    def _handed_on(self, spelling: str, word: str, behind: list[str]) -> int | None:
        """An option of Snakemake."""
        known = self._of_snakemake()
        short = word[:2] if not word.startswith("--") else spelling
        found = spelling if spelling in known else short
        if found not in known:
            return None
        if not self._runs:
            what = (
                f"is an option of Snakemake, which '{self._command}' does not start; leave it out"
            )
            self._problems.add(spelling, "", what)
            return len(behind)
        is_whole = "=" in word or found != spelling
        return self._hand_on(word, [] if is_whole else behind[: known[found].most])

    def _hand_on(self, word: str, values: list[str]) -> int:
        self.words.for_snakemake.extend((word, *values))
        return len(values)

    def _older(self, spelling: str, word: str, behind: list[str]) -> int | None:
        """An option of an older looper. `--sp` is one, and also the beginning of `--spi`."""
        new = OLDER.get(spelling.lstrip("-").replace("-", "_"), "").strip("'")
        if new not in OPTION_NAMES:
            return None
        values = [word.partition("=")[2]] if "=" in word else behind[:1]
        takes_value = self._ours.get(spelled(new), _COUNTS[None]).most
        written = " ".join((spelled(new), *(values if takes_value else ())))
        self._problems.add(spelling, "", f"is not read any more; write {written}")
        return len(behind)

    def _shortened(self, spelling: str, word: str, behind: list[str]) -> int | None:
        """The beginning of one long option."""
        if len(spelling) < 4 or not spelling.startswith("--"):
            return None
        found = [one for one in self._ours if one.startswith(spelling)]
        return self.take(word.replace(spelling, found[0], 1), behind) if len(found) == 1 else None


def _is_project(word: str) -> bool:
    """Whether a word is the path of a looper config, or of a folder that has one."""
    is_config = word.endswith(("looper.yaml", "looper.yml")) and os.path.isfile(word)
    return is_config or os.path.isfile(os.path.join(word, ".looper.yaml"))


def _cores(word: str, behind: list[str]) -> str | None:
    """The number of `-c 4`, `-c4` or `-c all`, where it is no path of a looper config."""
    match = re.fullmatch(r"-(?:c(\d+|all)?|j(all)?)", word)
    if not match:
        return None
    value = match[1] or match[2] or (behind[0] if behind else "")
    if value == "all":
        return value
    is_number = word.startswith("-c") and value.isascii() and value.isdigit()
    return value if is_number and not os.path.exists(value) else None


def _is_config_of_snakemake(word: str, behind: list[str]) -> bool:
    """Whether `--config` has `key=value` words, as Snakemake's, and no path as ours."""
    return (
        word == "--config" and bool(behind) and "=" in behind[0] and not os.path.exists(behind[0])
    )


# --- the whole command line -----------------------------------------------------------------------

_OLD_COMMANDS: Mapping[str, str] = {
    "init-piface": "write 'init', which writes a pipeline interface, too",
    "init_piface": "write 'init', which writes a pipeline interface, too",
    "summarize": "write 'report' or 'table'",
    "collate": "write 'runp'",
    "status": "write 'check'",
    "dry-run": "write 'run --dry-run'",
}
"""Commands of looper and others that this package lacks, each with the words to write."""


def find_command(words: Sequence[str], commands: Sequence[str], problems: Problems) -> str | None:
    """The command of a command line: its first word. A line without a command gives None.

    `problems` gets a word that is no command, with the one that is meant.
    """
    if not words or words[0] in commands:
        return words[0] if words else None
    word = words[0]
    later = next((one for one in words if one in commands), None)
    if word.startswith("-"):
        behind = " ".join(one for one in words if one != later)
        advice = f"write 'snakemake-looper {later or 'run'} {behind}'"
        problems.add(word, "", f"stands before the command; {advice}")
    elif word in _OLD_COMMANDS:
        problems.add(word, "", f"is no command here; {_OLD_COMMANDS[word]}")
    else:
        advice = f"there are {', '.join(commands)}; for a target, write 'run {word}'"
        problems.add(word, "", f"is no command{near(word, commands) or f'; {advice}'}")
    return None
