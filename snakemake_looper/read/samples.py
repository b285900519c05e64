"""The samples of a project alone: its PEP, without interfaces, schemas and templates.

Commands that read results have a plan at hand, and a plan holds commands instead of attributes.
"""

from __future__ import annotations

from pathlib import Path

from .. import collector
from ..errors import Problems, ProjectError
from ..model import Pep, Sample
from .looper_config import read_looper_config
from .options.options import Options
from .peps.pep import read_pep


def read_samples(looper_config: Path, options: Options | None = None) -> tuple[Sample, ...]:
    """All samples of a project after all modifiers, see `read_pep_alone`."""
    return read_pep_alone(looper_config, options).samples


@collector.seldom()
def read_pep_alone(looper_config: Path, options: Options | None = None) -> Pep:
    """The PEP of a project; its samples are in the order of the sample table.

    Args:
        looper_config: path of the looper config.
        options: the options of a command line, for example amendments.

    Raises:
        ProjectError: the PEP cannot be read; the error has all problems.
    """
    problems = Problems()
    asked = options or Options()
    problems.include(asked.problems)
    config = read_looper_config(looper_config, asked, problems)
    pep = read_pep(config, problems) if config else None
    problems.raise_if_any()
    if pep is None:
        raise ProjectError(problems, problems.warnings)
    return pep
