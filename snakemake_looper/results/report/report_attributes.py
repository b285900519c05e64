"""The attributes of samples, which a report shows beside their results.

A job table has commands and no attributes. So the PEP is read once more, with the amendments of the
plan. A report can be written without it: if it cannot be read, there are no attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import LooperError
from ...workspace.rows import Facts


def sample_attributes(facts: Facts) -> Mapping[str, Mapping[str, Any]]:
    """The attributes of each sample of the PEP that a plan was made from, without its name."""
    # peppy is heavy, and nothing else of a report needs it.
    from ...read.options.options import Options
    from ...read.samples import read_pep_alone

    options = Options(amend=facts.amendments or None, pep_config=facts.pep or None)
    try:
        pep = read_pep_alone(facts.looper_config, options)
    except (LooperError, OSError):
        return {}
    names = {"sample_name", pep.index}
    return {
        sample.name: {key: one for key, one in sample.attributes.items() if key not in names}
        for sample in pep.samples
    }
