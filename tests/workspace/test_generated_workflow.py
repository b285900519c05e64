"""Files of a generated workflow."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from snakemake_looper.read.options.options import Options
from snakemake_looper.workspace.generated_workflow import config_text

CONFIG = """\
# The looper config: relative to the folder that Snakemake is started in.
looper_config: .looper.yaml

# Which samples. Values compare as text; `toggle: 0` in the sample table turns a sample off.
# limit: "2:5"            # only these of the selected samples: 3, 2:5, :4 or 6-
# skip: "3"               # all but these
# samples: [a, b]         # only samples of these names
# sel_attr: protocol      # attribute that sel_incl and sel_excl are about
# sel_incl: [RRBS]        # only samples with these values
# sel_excl: [WGBS]        # no samples with these values

# How jobs run. Other options change the rules (output_dir, amend, compute, …): give them
# to 'snakemake-looper generate'.
# command_extra: "--fast" # appended to every command
# skip_file_checks: true  # do not check samples against the input schema

limit: '3'
compute:
  mem: '4'
"""


def test_the_generated_config_explains_options_and_has_those_that_were_given() -> None:
    plan: Any = SimpleNamespace(looper_config=Path("/project/.looper.yaml"))
    content = config_text(plan, Options(limit="3", compute=(("mem", "4"),)), Path("/project"))
    assert content == CONFIG
    assert yaml.safe_load(content) == {
        "looper_config": ".looper.yaml",
        "limit": "3",
        "compute": {"mem": "4"},
    }
